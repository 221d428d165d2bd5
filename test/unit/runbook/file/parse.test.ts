import { describe, expect, it } from 'vitest'
import { runbookGraph } from '../../../../src/runbook/graph.js'
import { initialRunbook } from '../../../../src/runbook/template.js'
import type { CanaryError } from '../../../../src/model/errors.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'
import { concerns, type RunbookStep } from '../../../../src/runbook/runbook.js'
import { durationText } from '../../../../src/lib/durations.js'
import { stepText } from '../../../../src/runbook/steps/step-text.js'
import { forTarget } from '../../../../src/runbook/file/variables.js'

const HEAD = 'apiVersion: canary/v1\nkind: Runbook\napps: {echo: {}, golf: }\n'

function parse(rest: string, vars: Record<string, string> = {}, env: Record<string, string> = {}) {
  return parseRunbook(HEAD + rest, { file: 'r.yaml', vars, env })
}

const texts = (steps: RunbookStep[]) => steps.map(stepText)

describe('steps', () => {
  it('may be written short or as maps', () => {
    const short = parse(
      'steps:\n  - install: v1\n  - start: v2\n  - shift: 25\n  - pause: 10m\n  - approve: Fine?\n  - run: ./smoke.sh\n  - verify\n  - finish\n',
    )
    const long = parse(
      'steps:\n  - install: {version: v1}\n  - start: {version: v2}\n  - shift: 25\n  - pause: {for: 10m}\n' +
        '  - approve: {message: Fine?}\n  - run: {command: ./smoke.sh}\n  - verify: {}\n  - finish:\n',
    )
    const bare = ({ position: _, ...step }: RunbookStep) => step
    expect(long.steps.map(bare)).toEqual(short.steps.map(bare))
    expect(short.steps[3]).toMatchObject({ type: 'pause', durationMs: 600_000, watch: true })
    expect(short.steps[2]!.position).toEqual({ line: 7, column: 5 })
  })

  it('have what stands beside their word', () => {
    const { steps } = parse(
      'windows: {w: {from: 09:00, to: 16:00, tz: UTC}}\n' +
        'steps:\n' +
        '  - start: {version: v2, image: "x:2", headers: {stage: canary}, deployOnly: true, shadow: 20}\n' +
        '    timeout: 2m\n' +
        '  - {shift: 5, id: first, name: Some of them, when: {window: w, app: echo}, analyze: 45s,\n' +
        '     verify: {tolerance: 5, paths: [/a], rate: 50, timeout: 30s}}\n' +
        '  - verify: {analyze: true, tolerance: 2}\n' +
        '  - approve: {id: qa, timeout: 24h}\n',
    )
    expect(steps[0]).toMatchObject({
      id: 'start',
      timeoutMs: 120_000,
      image: 'x:2',
      headers: { stage: 'canary' },
      deployOnly: true,
      shadow: 20,
    })
    expect(steps[1]).toMatchObject({
      id: 'first',
      name: 'Some of them',
      analyze: { durationMs: 45_000 },
      verify: { tolerance: 0.05, paths: ['/a'], rate: 50, timeoutMs: 30_000 },
      when: { window: { name: 'w', from: 540, to: 960 }, apps: ['echo'] },
    })
    expect(steps[2]).toMatchObject({ type: 'verify', analyze: {}, verify: { tolerance: 0.02 } })
    expect(steps[3]).toMatchObject({ id: 'qa', timeoutMs: 24 * 3_600_000, message: 'Continue?' })
  })

  it('get ids by their words, which given ones come before', () => {
    const { steps } = parse(
      'steps:\n  - start: v2\n  - pause: 1m\n  - shift: 5\n  - pause: 1m\n  - verify: {}\n    id: pause-2\n  - shift: 5\n',
    )
    expect(steps.map(({ id }) => id)).toEqual([
      'start',
      'pause',
      'shift-5',
      'pause-3',
      'pause-2',
      'shift-5-2',
    ])
  })

  it('of the short form are start, each share with a pause after it, and finish', () => {
    const { steps } = parse('rollout: {to: v2, weights: [5, 100], pause: 10m, analyze: true}\n')
    expect(texts(steps)).toEqual([
      'start v2',
      'shift 5 (analysed)',
      'pause 10m',
      'shift 100 (analysed)',
      'pause 10m',
      'finish',
    ])
    expect(steps.map(({ analyze }) => analyze !== undefined)).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
    ])
  })

  it('may have shares that differ by cluster, each rising by itself', () => {
    const { steps, clusters } = parse(
      'clusters: {us: {context: b, after: eu}, eu: {context: a}}\n' +
        'steps:\n  - start: v2\n  - {shift: 50, when: {cluster: eu}}\n  - {shift: 25, when: {cluster: [us]}}\n  - finish\n',
    )
    expect(clusters.map(({ name }) => name)).toEqual(['eu', 'us'])
    expect(steps.map((step) => concerns(step, 'echo', 'us'))).toEqual([true, false, true, true])
  })

  it('may hang on a variable', () => {
    const text =
      'vars: {tier: {default: silver}}\nsteps:\n  - start: v2\n  - {shift: 5, when: {var: {tier: gold}}}\n'
    expect(concerns(parse(text).steps[1]!, 'echo', undefined)).toBe(false)
    expect(concerns(parse(text, { tier: 'gold' }).steps[1]!, 'echo', undefined)).toBe(true)
  })
})

describe('variables', () => {
  const text =
    'vars: {to: {env: TO, default: v2}, w: {default: 5}}\nsteps:\n  - start: ${to}\n  - shift: ${w}\n'

  it.each([
    ['the default', {}, {}, 'v2'],
    ['the environment over it', {}, { TO: 'v3' }, 'v3'],
    ['--var over both', { to: 'v4' }, { TO: 'v3' }, 'v4'],
  ])('%s', (_, vars, env, version) => {
    expect(texts(parse(text, vars, env).steps)).toEqual([`start ${version}`, 'shift 5'])
  })

  it('leaves commands to the shell, and app and cluster to the time of the step', () => {
    const { steps } = parse(
      'vars: {tag: {default: "1${app}"}}\nsteps:\n' +
        '  - start: {version: v2, image: "x/${app}:${tag}$${y}"}\n  - run: echo ${HOME} ${tag}\n',
    )
    expect(forTarget(steps, { app: 'golf' })).toMatchObject([
      { image: 'x/golf:1${app}${y}' },
      { command: 'echo ${HOME} ${tag}' },
    ])
  })
})

describe('settings', () => {
  it("are the app's over the cluster's over the defaults, each with its place", () => {
    const { waves } = parseRunbook(
      'apiVersion: canary/v1\nkind: Runbook\n' +
        'defaults: {host: all, timeout: 1m, probeHeader: {a: 1}}\n' +
        'clusters: {eu: {context: a, host: eu}}\n' +
        'apps:\n  echo: {host: echo}\n  golf:\nsteps: [verify]\n',
      { file: 'r.yaml' },
    )
    const [echo, golf] = waves[0]!.apps
    expect(echo!.settings.eu!.host).toEqual({ value: 'echo', source: 'r.yaml:6:16' })
    expect(golf!.settings.eu).toMatchObject({
      host: { value: 'eu', source: 'r.yaml:4:35' },
      timeout: { value: '1m' },
      'probe-header': { value: ['a=1'] },
    })
  })
})

describe('the file that init writes', () => {
  it('is a right one', () => {
    const { steps, waves } = parseRunbook(initialRunbook('shop', 'v7'), { file: 'r.yaml' })
    expect(waves[0]!.apps[0]!.name).toBe('shop')
    expect(texts(steps).slice(0, 3)).toEqual(['start v7', 'approve qa', 'shift 5'])
  })
})

describe('graph', () => {
  it('shows clusters after each other, their waves and the steps', () => {
    const runbook = parse(
      'clusters: {eu: {context: a}, us: {context: b, after: eu}}\n' +
        'waves: [{name: one, apps: [echo]}, {name: two, apps: [golf], parallel: 2}]\n' +
        'steps:\n  - start: v2\n  - approve: {id: qa}\n  - run: echo "hi"\n    when: {cluster: eu}\n',
    )
    expect(runbookGraph(runbook)).toBe(`flowchart TD
  subgraph c0["eu (a)"]
    c0w0["one: echo"]
    c0w1["two: golf (2 at a time)"]
    c0w0 --> c0w1
  end
  subgraph c1["us (b)"]
    c1w0["one: echo"]
    c1w1["two: golf (2 at a time)"]
    c1w0 --> c1w1
  end
  c0w1 --> c1w0
  subgraph steps["steps of each app"]
    s0["start v2"]
    s1("approve qa")
    s2["run echo #34;hi#34; (cluster eu)"]
  end
  s0 --> s1
  s1 --> s2
`)
  })
})

it.each([
  [0, '0s'],
  [45_000, '45s'],
  [5_400_000, '1h30m'],
  [500, '0.5s'],
])('durationText %i', (milliseconds, text) => expect(durationText(milliseconds)).toBe(text))

describe('values that come from the environment', () => {
  const SECRET = 'ghp_abcdefghijklmnop1234567890'
  const told = (rest: string, secret = SECRET) => {
    const hidden: string[] = []
    let error: unknown
    const text = `apiVersion: canary/v1\nkind: Runbook\napps: {echo: {}}\n${rest}`
    try {
      parseRunbook(text, { file: 'r.yaml', env: { TOKEN: secret }, hide: (value) => hidden.push(value) })
    } catch (thrown) {
      error = thrown
    }
    expect(hidden).toEqual([secret])
    const { message, details } = error as CanaryError
    return [message, ...details].join('\n')
  }
  const vars = 'vars: {t: {env: TOKEN}}\n'

  it.each([
    [
      'a pattern',
      'vars: {t: {env: TOKEN, pattern: "^$"}}\nsteps: [finish]\n',
      'is the value of TOKEN, which does',
    ],
    ['a slow pattern', 'vars: {t: {env: TOKEN, pattern: "(.|[a-z0-9_])+$^"}}\nsteps: [finish]\n', 'TOKEN'],
    ['a version', `${vars}steps: [{start: "x \${t}"}]\n`, 'not "x ${t}"'],
    ['a weight', `${vars}steps: [{start: v2}, {shift: "\${t}"}]\n`, 'not "${t}"'],
    ['a duration', `${vars}steps: [{pause: "\${t}"}]\n`, 'not "${t}"'],
    [
      'an app of a wave',
      `${vars}waves: [{apps: ["\${t}"]}]\nsteps: [finish]\n`,
      'names the unknown app "${t}"',
    ],
  ])('are in no message: %s', (_, rest, says) => {
    const message = told(rest)
    expect(message).toContain(says)
    expect(message).not.toContain(SECRET)
    expect(told(rest, 'a!b').split('a!b')).toHaveLength(1)
  })

  it('are known by name; those of --var and defaults are not hidden', () => {
    const text = 'apiVersion: canary/v1\nkind: Runbook\napps: {echo: {}}\nsteps: [start: v2]\n'
    const declared = 'vars: {a: {env: A}, b: {env: B}, c: {default: 1, env: C}}\n'
    const hidden: string[] = []
    const options = { file: 'r.yaml', vars: { b: 'typed' }, env: { A: 'secret', B: 'other' } }
    const runbook = parseRunbook(text + declared, { ...options, hide: (value) => hidden.push(value) })
    expect(runbook).toMatchObject({ vars: { a: 'secret', b: 'typed', c: '1' }, exported: ['a'] })
    expect(hidden).toEqual(['secret'])
  })
})

describe('text that looks like a number', () => {
  const steps = 'steps:\n  - start: {version: v2, image: "registry.example/app:${to}"}\n'

  it('is what is written: variables, conditions on them, and headers', () => {
    const declared =
      'vars: {to: {default: 1.10}, hex: {default: 0x1F}, flag: {default: True}, big: {default: 12345678901234567890}}\n'
    const { vars, steps: read } = parse(
      `${declared}defaults: {header: {x-rate: 1.10}}\n${steps}  - {shift: 5, when: {var: {to: 1.10, flag: True}}}\n  - {shift: 6, when: {var: {to: 1.1}}}\n`,
    )
    expect(vars).toEqual({ to: '1.10', hex: '0x1F', flag: 'True', big: '12345678901234567890' })
    expect(read[0]).toMatchObject({ image: 'registry.example/app:1.10' })
    expect(read.map(({ when }) => when.variablesMatch)).toEqual([true, true, false])
  })

  it('is compared with what --var gives', () => {
    const file = `vars: {to: }\n${steps}  - {approve: Sure?, when: {var: {to: 1.10}}}\n`
    expect(parse(file, { to: '1.10' }).steps[1]!.when.variablesMatch).toBe(true)
    expect(parse(file, { to: '1.1' }).steps[1]!.when.variablesMatch).toBe(false)
  })

  it('stands for an anchor where it is used', () => {
    const { vars, steps: read } = parse(
      'vars: {to: {default: &share 5.0}}\nsteps:\n  - start: v2\n  - shift: *share\n',
    )
    expect(vars).toEqual({ to: '5.0' })
    expect(read[1]).toMatchObject({ weight: 5 })
  })

  it('may be a header of one app or cluster, and a name', () => {
    const { waves, steps: read } = parseRunbook(
      'apiVersion: canary/v1\nkind: Runbook\napps: {echo: {probeHeader: {x-rate: 2.0, x-flag: True}}}\n' +
        'windows: {1.10: {from: "09:00", to: "16:00", tz: UTC}}\nsteps:\n  - start: v2\n  - {shift: 5, when: {window: "1.10"}}\n',
      { file: 'r.yaml' },
    )
    expect(waves[0]!.apps[0]!.settings['']).toMatchObject({
      'probe-header': { value: ['x-rate=2.0', 'x-flag=True'] },
    })
    expect(read[1]!.when.window).toMatchObject({ name: '1.10' })
  })

  it.each([
    ['steps:\n  - start: 20\n', '5:12: steps[0].start must be a version', 'not 20: write "20"'],
    [
      'steps:\n  - install: {version: 007}\n',
      '5:24: steps[0].install.version must be',
      'not 007: write "007"',
    ],
    ['rollout: {to: 20, weights: [5]}\n', '4:15: rollout.to must be', 'not 20: write "20"'],
    [
      'steps:\n  - start: {version: v2, image: 1.10}\n',
      '5:33: steps[0].start.image must be text',
      'not 1.10: write "1.10"',
    ],
    [
      'steps:\n  - start: {version: v2, headers: {x-on: True}}\n',
      '5:42: steps[0].start.headers.x-on',
      'not True: write "True"',
    ],
    [
      'steps:\n  - start: v2\n  - shift: 1e3\n',
      '6:12: steps[1].shift must be a whole number from 0 to 100',
      'not 1e3',
    ],
  ])('is refused where it is no variable: %j', (rest, place, written) => {
    const error = refusal(() => parse(rest))
    expect(error.details).toHaveLength(1)
    expect(error.details[0]).toContain(`r.yaml:${place}`)
    expect(error.details[0]!.endsWith(written)).toBe(true)
  })
})

function refusal(action: () => unknown): CanaryError {
  try {
    action()
  } catch (error) {
    return error as CanaryError
  }
  throw new Error('nothing is refused')
}
