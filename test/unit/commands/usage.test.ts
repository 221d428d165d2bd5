import { describe, expect, test } from 'vitest'
import Finish from '../../../src/commands/finish.js'
import Install from '../../../src/commands/install.js'
import Rollout from '../../../src/commands/rollout.js'
import Shift from '../../../src/commands/shift.js'
import Start from '../../../src/commands/start.js'
import Status from '../../../src/commands/status.js'
import Verify from '../../../src/commands/verify.js'
import { documentOf, runCommand } from './run-command.js'

describe('wrong usage exits 2 with a short message and its remedy, in every format', () => {
  test.each([
    ['a missing argument', Start, ['echo'], /^✖ VERSION is missing\./, /start --help/],
    ['two missing arguments', Shift, [], /^✖ APP and WEIGHT are missing\./, /shift --help/],
    ['an argument too many', Status, ['echo', 'v1'], /^✖ Unexpected "v1"\./, /status --help/],
    [
      'a mistyped flag',
      Shift,
      ['echo', '5', '--naemspace', 'x'],
      /Unknown flag --naemspace/,
      /did you mean --namespace\?/,
    ],
    ['an unknown flag', Shift, ['echo', '5', '--frobnicate'], /Unknown flag --frobnicate/, /shift --help/],
    [
      'a flag without its value',
      Shift,
      ['echo', '5', '--namespace'],
      /^✖ --namespace needs a value\./,
      /--help/,
    ],
    [
      'an unknown format',
      Status,
      ['-o', 'xml'],
      /invalid value "xml" for --output \(expected text, json, yaml\)/,
      /--help/,
    ],
    ['an app that is no name', Status, ['Echo_1'], /APP "Echo_1"/, /lower-case/],
    ['a version that is no name', Finish, ['echo', 'V_2'], /VERSION "V_2"/, /of a-z/],
    ['an app in capitals', Status, ['Echo'], /APP "Echo"/, /did you mean "echo"\?/],
    ['a version in capitals', Start, ['echo', 'V2'], /VERSION "V2"/, /did you mean "v2"\?/],
    ['arguments swapped', Shift, ['50', 'echo'], /APP comes first/, /canary shift echo 50 /],
    ['a version before the app', Install, ['v1', 'echo'], /APP comes first/, /canary install echo v1 /],
    ['a weight without its app', Shift, ['50'], /^✖ WEIGHT is missing/, /shift APP 50$/m],
    ['a version without its app', Start, ['v2'], /^✖ VERSION is missing/, /start APP v2$/m],
    ['an app without its weight', Shift, ['echo'], /^✖ WEIGHT is missing/, /shift echo WEIGHT$/m],
    ['a weight in words', Shift, ['echo', 'fifty'], /WEIGHT "fifty"/, /integer from 0 to 100/],
    ['a weight and its sign apart', Shift, ['echo', '50', '%'], /Unexpected "%"/, /shift APP WEIGHT /],
    ['a weight as a flag', Shift, ['echo', '--weight=50'], /Unknown flag --weight=50/, /shift APP WEIGHT /],
    ['a flag in capitals', Shift, ['echo', '5', '--Dry-Run'], /Unknown flag --Dry-Run/, /mean --dry-run\?/],
    ['one dash too few', Shift, ['echo', '5', '-timeout', '5m'], /"-timeout" needs two dashes/, /--timeout /],
    [
      'a switch with a value',
      Shift,
      ['echo', '5', '--dry-run=maybe'],
      /--dry-run takes no value/,
      /--dry-run$/m,
    ],
    [
      'a flag that is idle',
      Verify,
      ['echo', '--duration', '1m'],
      /--duration has no effect without --analyze/,
      /add --analyze/,
    ],
    [
      'the same with an analysis',
      Shift,
      ['echo', '5', '--duration=1m'],
      /no effect without --analyze/,
      /add --analyze/,
    ],
    [
      'the same of a rollout',
      Rollout,
      ['echo', 'v2', '--duration=1m'],
      /no effect without --analyze/,
      /add --analyze/,
    ],
    [
      'flags that exclude each other',
      Verify,
      ['echo', '--analyze', '--explain'],
      /^✖ --analyze and --explain cannot be used together\.$/m,
      /--help/,
    ],
    [
      'a flag that needs another',
      Start,
      ['echo', 'v2', '--shadow', '5'],
      /^✖ --shadow needs --deploy-only\.$/m,
      /--help/,
    ],
    ['a weight out of range', Shift, ['echo', '150'], /WEIGHT "150"/, /integer from 0 to 100/],
    ['a negative weight', Shift, ['echo', '--', '-5'], /WEIGHT "-5"/, /integer/],
    ['a duration that is none', Shift, ['echo', '5', '--timeout', 'soon'], /--timeout: "soon"/, /90s/],
  ])('%s', async (_, command, argv, says, remedy) => {
    const text = await runCommand(command, argv)
    expect(text.exitCode, text.stderr).toBe(2)
    expect(text.stderr).toMatch(says)
    expect(text.stderr).toMatch(remedy)
    expect(text.stderr.split('\n').length).toBeLessThan(7)
    expect(text.stdout).toBe('')
    const end = argv.indexOf('--')
    const json = await runCommand(command, argv.toSpliced(end === -1 ? argv.length : end, 0, '--json'))
    expect(json.exitCode).toBe(2)
    expect(documentOf(json).error).toMatchObject({ code: 2, name: 'usage' })
  })
})
