import { describe, expect, test } from 'vitest'
import Finish from '../../../src/commands/finish.js'
import Shift from '../../../src/commands/shift.js'
import Start from '../../../src/commands/start.js'
import Status from '../../../src/commands/status.js'
import { documentOf, runCommand } from './run-command.js'

describe('wrong usage exits 2 with a short message and its remedy, in every format', () => {
  test.each([
    ['a missing argument', Start, ['echo'], /^✖ VERSION is missing\./, /start --help/],
    ['two missing arguments', Shift, [], /^✖ APP and WEIGHT are missing\./, /shift --help/],
    ['an argument too many', Status, ['echo', 'v1'], /^✖ There is no place for "v1"\./, /status --help/],
    [
      'a mistyped flag',
      Shift,
      ['echo', '5', '--naemspace', 'x'],
      /no flag --naemspace/,
      /did you mean --namespace\?/,
    ],
    ['an unknown flag', Shift, ['echo', '5', '--frobnicate'], /no flag --frobnicate/, /shift --help/],
    [
      'a flag without its value',
      Shift,
      ['echo', '5', '--namespace'],
      /--namespace expects a value/,
      /--help/,
    ],
    ['an unknown format', Status, ['-o', 'xml'], /--output=xml .*text, json, yaml/, /--help/],
    ['an app that is no name', Status, ['Echo_1'], /APP "Echo_1"/, /lower-case/],
    ['a version that is no name', Finish, ['echo', 'V_2'], /VERSION "V_2"/, /lower-case/],
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
