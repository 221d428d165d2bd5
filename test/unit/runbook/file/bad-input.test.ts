import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import { loadRunbook, parseVars } from '../../../../src/runbook/file/load.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'

/** A file of which a case changes or adds lines; what is added begins at line 4. */
const HEAD = 'apiVersion: canary/v1\nkind: Runbook\napps: {echo: {}, golf: {}}\n'
const STEPS = 'steps: [{start: v2}, {shift: 50}, finish]\n'

/** What is wrong, by lines `LINE:COLUMN: message`; empty where nothing is. */
function problems(
  text: string,
  options: { vars?: Record<string, string>; env?: Record<string, string> } = {},
) {
  try {
    parseRunbook(text, { file: 'r.yaml', ...options })
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    const { details, state } = error as UsageError
    expect(state).toBe('Nothing was changed.')
    return details.map((line) => line.replace('r.yaml:', ''))
  }
}

interface Case {
  name: string
  text: string
  /** Each line of the error begins with one of these, in order; of the text only what tells the fault. */
  told: [place: string, message: RegExp][]
}

const FORM: Case[] = [
  { name: 'an empty file', text: '', told: [['1:1', /the file is empty.*runbook init/]] },
  { name: 'comments alone', text: '# nothing\n', told: [['1:1', /the file is empty/]] },
  {
    name: 'several documents',
    text: `${HEAD}${STEPS}---\n${HEAD}${STEPS}`,
    told: [['5:1', /second document/]],
  },
  { name: 'a list', text: '- a\n', told: [['1:1', /must be a runbook, which is a map, not a list/]] },
  {
    name: 'another apiVersion and kind',
    text: 'apiVersion: canary/v2\nkind: Rollout\napps: {echo: {}}\nsteps: [finish]\n',
    told: [
      ['1:13', /apiVersion must be "canary\/v1", not "canary\/v2"/],
      ['2:7', /kind must be "Runbook"/],
    ],
  },
  { name: 'neither steps nor rollout', text: HEAD, told: [['1:1', /needs the key "steps" or "rollout"/]] },
  {
    name: 'steps and rollout',
    text: `${HEAD}${STEPS}rollout: {to: v2, weights: [50]}\n`,
    told: [['5:1', /"rollout" conflicts with steps: keep one/]],
  },
  {
    name: 'an unknown key',
    text: `${HEAD}${STEPS}wave: []\n`,
    told: [['5:1', /unknown key "wave".*mean waves\?/]],
  },
  {
    name: 'an unknown step',
    text: `${HEAD}steps:\n  - strat: v2\n`,
    told: [['5:5', /unknown key "strat".*mean start\?/]],
  },
  {
    name: 'an unknown step of one word',
    text: `${HEAD}steps: [finihs]\n`,
    told: [['4:9', /mean finish\?/]],
  },
  {
    name: 'an unknown key of a step',
    text: `${HEAD}steps:\n  - start: v2\n    tiemout: 5m\n`,
    told: [['6:5', /mean timeout\?/]],
  },
  {
    name: 'two steps in one',
    text: `${HEAD}steps:\n  - start: v2\n    shift: 5\n`,
    told: [['6:5', /"shift" is a step of its own/]],
  },
  {
    name: 'a step without a word',
    text: `${HEAD}steps: [{id: a}]\n`,
    told: [['4:9', /needs one of the keys/]],
  },
  {
    name: 'wrong types, all of them at once',
    text: `${HEAD}steps:\n  - start: 2\n  - shift: many\n  - pause: 10\n  - run: []\n  - finish: yes\n`,
    told: [
      ['5:12', /start must be a version.*quotes.*not 2/],
      ['6:12', /shift must be a whole number from 0 to 100, not "many"/],
      ['7:12', /pause must be a duration like 10m.*not 10/],
      ['8:10', /run must be a command.*not a list/],
      ['9:13', /finish must be/],
    ],
  },
  { name: 'a share of 101', text: `${HEAD}steps: [{shift: 101}]\n`, told: [['4:17', /0 to 100, not 101/]] },
  { name: 'a share below 0', text: `${HEAD}steps: [{shift: -1}]\n`, told: [['4:17', /0 to 100, not -1/]] },
  { name: 'half a percent', text: `${HEAD}steps: [{shift: 0.5}]\n`, told: [['4:17', /whole number/]] },
  {
    name: 'a duplicate key',
    text: `${HEAD}${STEPS}kind: Runbook\n`,
    told: [['5:1', /Map keys must be unique/]],
  },
  { name: 'a tab', text: `${HEAD}steps:\n\t- finish\n`, told: [['5:1', /[Tt]abs? /]] },
  {
    name: 'anchors that expand hugely',
    text: `a: &a [${'x,'.repeat(100)}]\nb: &b [${'*a,'.repeat(100)}]\nc: &c [${'*b,'.repeat(100)}]\nd: [${'*c,'.repeat(100)}]\n`,
    told: [['3:305', /more than a million values/]],
  },
  {
    name: 'an anchor within itself',
    text: `${HEAD}steps: &a [*a]\n`,
    told: [['4:12', /no anchor before it/]],
  },
  {
    name: 'lists nested without end',
    text: '['.repeat(5000),
    told: [['1:101', /nested more than 100 deep/]],
  },
  {
    name: 'a map without end',
    text: `${HEAD}${Array.from({ length: 1001 }, (_, i) => `k${i}: 1\n`).join('')}`,
    told: [['1:1', /a map has more than 1000 keys/]],
  },
  {
    name: 'steps without end',
    text: `${HEAD}steps: [${'verify, '.repeat(1001)}]\n`,
    told: [['4:8', /a list has more than 1000 items/]],
  },
  {
    name: 'an app that can name no release',
    text: `apiVersion: canary/v1\nkind: Runbook\napps: {Echo: {}}\n${STEPS}`,
    told: [['3:8', /name of a Helm release/]],
  },
]

const MEANING: Case[] = [
  {
    name: 'duplicate ids',
    text: `${HEAD}steps:\n  - {start: v2, id: a}\n  - {shift: 5, id: a}\n`,
    told: [['6:5', /same id as steps\[0\]: "a"/]],
  },
  {
    name: 'an id given twice',
    text: `${HEAD}steps:\n  - approve: {id: a}\n    id: b\n`,
    told: [['6:9', /given twice/]],
  },
  {
    name: 'a circular after',
    text: `${HEAD}${STEPS}clusters:\n  eu: {context: a, after: us}\n  us: {context: b, after: [eu]}\n`,
    told: [['6:27', /is circular: eu after us after eu/]],
  },
  {
    name: 'a cluster after itself',
    text: `${HEAD}${STEPS}clusters:\n  eu: {context: a, after: eu}\n`,
    told: [['6:27', /is circular: eu after eu/]],
  },
  {
    name: 'an unknown cluster in after',
    text: `${HEAD}${STEPS}clusters:\n  eu: {context: a}\n  us: {context: b, after: ue}\n`,
    told: [['7:27', /unknown cluster "ue".*mean eu\?/]],
  },
  {
    name: 'an app in two waves',
    text: `${HEAD}${STEPS}waves:\n  - {apps: [echo, golf]}\n  - {apps: [golf]}\n`,
    told: [['7:13', /"golf", which is already in a wave \(line 6\)/]],
  },
  {
    name: 'an app of a wave that is not in apps, and one of apps in no wave',
    text: `${HEAD}${STEPS}waves:\n  - {apps: [echo, gofl]}\n`,
    told: [
      ['3:18', /"golf" is in no wave/],
      ['6:19', /unknown app "gofl".*mean golf\?/],
    ],
  },
  {
    name: 'two waves of one name',
    text: `${HEAD}${STEPS}waves:\n  - {name: a, apps: [echo]}\n  - {name: a, apps: [golf]}\n`,
    told: [['7:12', /already the name of another wave/]],
  },
  {
    name: 'a variable without a value',
    text: `${HEAD}${STEPS}vars:\n  to: {required: true, env: TO}\n`,
    told: [['6:7', /is required but has no value: set --var to=… or the environment variable TO/]],
  },
  {
    name: 'a variable that does not match',
    text: `${HEAD}${STEPS}vars:\n  to: {default: latest, pattern: "^v[0-9]+$"}\n`,
    told: [['6:7', /is "latest", which does not match/]],
  },
  {
    name: 'a pattern that is none',
    text: `${HEAD}${STEPS}vars:\n  to: {default: a, pattern: "("}\n`,
    told: [['6:29', /not a valid regular expression/]],
  },
  {
    name: 'a variable with a reserved name',
    text: `${HEAD}${STEPS}vars:\n  app: {default: a}\n`,
    told: [['6:3', /"app" is reserved for the app/]],
  },
  {
    name: 'an unknown variable used',
    text: `${HEAD}steps:\n  - start: \${too}\nvars: {to: {default: v2}}\n`,
    told: [['5:12', /undeclared variable "too" \(did you mean to\?\)/]],
  },
  {
    name: 'a variable used that has no value',
    text: `${HEAD}steps:\n  - start: \${to}\nvars: {to: {}}\n`,
    told: [['5:12', /\$\{to\}, which has no value/]],
  },
  {
    name: 'a share out of a variable that is no number',
    text: `${HEAD}steps:\n  - start: v2\n  - shift: \${w}\nvars: {w: {default: lots}}\n`,
    told: [['6:12', /whole number from 0 to 100, not "lots"/]],
  },
  {
    name: 'a window with its end before its start',
    text: `${HEAD}${STEPS}windows:\n  a: {from: 16:00, to: 09:00, tz: UTC}\n`,
    told: [['6:24', /before the window opens at 16:00; write overnight: true if/]],
  },
  {
    name: 'a window that is never open',
    text: `${HEAD}${STEPS}windows:\n  a: {from: 09:00, to: 09:00, tz: UTC}\n`,
    told: [['6:13', /is never open/]],
  },
  {
    name: 'an unknown zone',
    text: `${HEAD}${STEPS}windows:\n  a: {from: 09:00, to: 10:00, tz: Europe/Berln}\n`,
    told: [['6:35', /IANA time zone.*not "Europe\/Berln"/]],
  },
  {
    name: 'unknown names in when',
    text: `${HEAD}steps:\n  - start: v2\n    when: {window: w, cluster: c, app: ehco, var: {x: 1}}\n`,
    told: [
      ['6:20', /window "w", but the file has no windows/],
      ['6:32', /cluster "c", but the file has no clusters/],
      ['6:40', /unknown app "ehco".*mean echo\?/],
      ['6:55', /not a variable of the file/],
    ],
  },
  {
    name: 'canary headers and paths that no client sends',
    text: `${HEAD}steps:\n  - start: {version: v2, headers: {X-Tenant: Zürich}}\n    verify: {paths: [/a, "/a b"]}\n`,
    told: [
      ['5:36', /not printable ASCII: write it in ASCII/],
      ['6:26', /"\/a b": has characters that clients send percent-encoded; write it as \/a%20b/],
    ],
  },
  {
    name: 'an analysis without a canary',
    text: `${HEAD}steps:\n  - verify: {analyze: true}\n  - start: v2\n  - shift: 5\n  - finish\n  - verify: {analyze: 30s}\n`,
    told: [
      ['5:5', /analyzes a canary, but no rollout is under way/],
      ['9:5', /analyzes a canary, but no rollout is under way/],
    ],
  },
  {
    name: 'shift, finish and abort before start',
    text: `${HEAD}steps:\n  - shift: 5\n  - finish\n  - abort\n`,
    told: [
      ['5:5', /shifts to 5 before any start/],
      ['7:5', /aborts before any start/],
    ],
  },
  {
    name: 'weights that go down',
    text: `${HEAD}steps:\n  - start: v2\n  - shift: 50\n  - shift: 25\n`,
    told: [['7:5', /lowers the share from 50 to 25/]],
  },
  {
    name: 'weights of the short form that go down',
    text: `${HEAD}rollout:\n  to: v2\n  weights: [50, 25]\n`,
    told: [['6:17', /lowers the share from 50 to 25/]],
  },
  {
    name: 'a finish nobody tried before',
    text: `${HEAD}steps: [{start: v2}, finish]\n`,
    told: [['4:22', /from weight 0/]],
  },
  {
    name: 'a shadow of a start that sends requests',
    text: `${HEAD}steps: [{start: {version: v2, shadow: 10}}]\n`,
    told: [['4:39', /needs deployOnly: true/]],
  },
]

describe('a runbook that is refused, with line and column', () => {
  it.each([...FORM, ...MEANING])('$name', ({ text, told }) => {
    const lines = problems(text)
    expect(lines.map((line) => line.split(': ')[0])).toEqual(told.map(([place]) => place))
    told.forEach(([, message], index) => expect(lines[index]).toMatch(message))
  })

  it('names a variable of --var that the file does not have', () => {
    expect(problems(`${HEAD}${STEPS}vars: {to: {}}\n`, { vars: { too: 'v2' } })).toEqual([
      expect.stringMatching(/does not declare "too", given by --var \(did you mean to\?\)/),
    ])
    const parse = () =>
      parseRunbook(`${HEAD}${STEPS}vars: {to: {}}\n`, { file: 'r.yaml', vars: { too: 'v2' } })
    expect(parse).toThrow(
      expect.objectContaining({
        message: 'The runbook r.yaml does not declare every variable given by --var.',
        nextSteps: ['correct --var (its variables: to)', 'or declare the variable under vars in r.yaml'],
      }),
    )
  })

  it('tells no more problems than a person mends at once', () => {
    const lines = problems(`${HEAD}steps:\n${'  - shfit: 5\n'.repeat(500)}`)
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toBe('… and 480 more')
  })
})

describe('a file that is not read', () => {
  it.each([
    ['of 10 MB', '#'.repeat(10 * 1024 * 1024), /larger than 1024 KiB/],
    ['that is binary', 'a\0b', /no text in UTF-8/],
  ])('one %s', async (_, text, message) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'canary-runbook-'))
    try {
      const file = path.join(folder, 'r.yaml')
      await writeFile(file, text)
      await expect(loadRunbook(file)).rejects.toThrow(message)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('one that is not there', async () => {
    await expect(loadRunbook('/no/such/runbook.yaml')).rejects.toThrow(
      'The runbook /no/such/runbook.yaml does not exist.',
    )
  })

  it('--var without a value', () => {
    expect(() => parseVars(['to'])).toThrow(/expected name=value/)
  })
})
