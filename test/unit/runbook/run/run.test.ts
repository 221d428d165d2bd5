import { describe, expect, test } from 'vitest'
import { CanaryError } from '../../../../src/model/errors.js'
import type { Outcome } from '../../../../src/model/exit-codes.js'
import type { RunEvent } from '../../../../src/model/events/run-events.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'
import { resultOf } from '../../../../src/runbook/run/run-result.js'
import { run } from '../../../../src/runbook/run/run.js'
import { SEED } from '../../rollout/seed-values.js'
import { modelRun, RUN } from './run-model.js'

interface World {
  /** Exit code of each app's command, by `app` or `cluster/app`; 0 where none is given. */
  exitCodes?: Record<string, number>
  until?: string
  only?: string[]
  noApproval?: boolean
}

/** Runs a runbook whose apps each have a model cluster of their own; the steps are one command each. */
async function ran(text: string, { exitCodes = {}, until, only }: World = {}) {
  const runbook = parseRunbook(`apiVersion: canary/v1\nkind: Runbook\n${text}`, { file: 'nightly.yaml' })
  const told: RunEvent[] = []
  let running = 0
  let most = 0
  const order: string[] = []
  const outcomes = await run(runbook, {
    emit: (event) => told.push(event),
    signal: new AbortController().signal,
    only: only && new Set(only),
    of: (app, { name }) => {
      const key = name === undefined ? app : `${name}/${app}`
      const { surroundings, cluster } = modelRun(SEED[1])
      cluster.revisions[0]!.updated = new Date().toISOString()
      const findReleases = surroundings.context.cluster.findReleases.bind(surroundings.context.cluster)
      // The model has echo alone.
      surroundings.context.cluster.findReleases = () => findReleases('echo')
      return {
        ...surroundings,
        emit: (event: RunEvent) => told.push(event),
        until,
        runCommand: async () => {
          order.push(key)
          running += 1
          most = Math.max(most, running)
          await new Promise((resolve) => setTimeout(resolve, 5))
          running -= 1
          return exitCodes[key] ?? 0
        },
      }
    },
  })
  const short = outcomes.map(({ app, cluster, outcome }) => [cluster ? `${cluster}/${app}` : app, outcome])
  return { outcomes, short: Object.fromEntries(short) as Record<string, string>, order, most, told }
}

const STEPS = 'steps:\n  - run: {command: first}\n    id: one\n  - run: {command: second}\n    id: two\n'
const APPS = 'apps: {a: {}, b: {}, c: {}, d: {}}\n'

describe('waves', () => {
  test('begin when the one before is done, with as many apps at a time as they say', async () => {
    const waves = 'waves: [{apps: [a]}, {apps: [b, c, d], parallel: 2}]\n'
    const { order, most, short } = await ran(APPS + waves + STEPS)
    expect(order.slice(0, 2)).toEqual(['a', 'a'])
    expect(most).toBe(2)
    expect(short).toEqual({ a: 'done', b: 'done', c: 'done', d: 'done' })
  })

  test('do not begin after one that failed', async () => {
    const { short } = await ran(`${APPS}waves: [{apps: [a, b]}, {apps: [c, d]}]\n${STEPS}`, {
      exitCodes: { a: 1 },
    })
    expect(short).toEqual({ a: 'failed', b: 'left out', c: 'left out', d: 'left out' })
  })

  test('with failFast: false go on with their other apps', async () => {
    const waves = 'waves: [{apps: [a, b], failFast: false}, {apps: [c, d]}]\n'
    const { short } = await ran(APPS + waves + STEPS, { exitCodes: { a: 1 } })
    expect(short).toEqual({ a: 'failed', b: 'done', c: 'left out', d: 'left out' })
  })

  test('those under way end their step when another fails', async () => {
    const waves = 'waves: [{apps: [a, b], parallel: 2}, {apps: [c, d]}]\n'
    const { short, order, outcomes } = await ran(APPS + waves + STEPS, { exitCodes: { a: 1 } })
    expect(short).toMatchObject({ a: 'failed', b: 'waiting' })
    expect(order).toEqual(['a', 'b'])
    expect(outcomes[1]!.message).toMatch(/^b stopped before step two/)
  })

  test('what waits ends at once when another fails', async () => {
    const waves = 'waves: [{apps: [a, b], parallel: 2}]\n'
    const steps =
      'steps:\n  - run: {command: first}\n    id: one\n    when: {app: a}\n  - pause: 1h\n    when: {app: b}\n  - verify\n'
    const { short, outcomes } = await ran(`apps: {a: {}, b: {}}\n${waves}${steps}`, { exitCodes: { a: 1 } })
    expect(short).toEqual({ a: 'failed', b: 'waiting' })
    expect(outcomes[1]!.message).toMatch(/^b stopped before step verify/)
  })

  test('that wait for an approval let their other apps get there, too', async () => {
    const steps = 'steps:\n  - run: {command: first}\n  - approve: {id: qa}\n'
    const { short } = await ran(`${APPS}waves: [{apps: [a, b]}, {apps: [c, d]}]\n${steps}`)
    expect(short).toEqual({ a: 'waiting', b: 'waiting', c: 'left out', d: 'left out' })
  })

  test('only the apps that were asked for', async () => {
    const { short } = await ran(`${APPS}waves: [{apps: [a, b]}, {apps: [c, d]}]\n${STEPS}`, { only: ['c'] })
    expect(short).toEqual({ c: 'done' })
  })

  test('a run up to a step does not begin the wave after it', async () => {
    const { outcomes } = await ran(`${APPS}waves: [{apps: [a, b]}, {apps: [c, d]}]\n${STEPS}`, {
      until: 'one',
    })
    expect(outcomes.map(({ outcome, isWhole }) => [outcome, isWhole])).toEqual([
      ['done', false],
      ['done', false],
      ['left out', undefined],
      ['left out', undefined],
    ])
  })
})

test('up to a step of other apps, an app stops where that step stands in the file', async () => {
  const steps =
    'steps:\n  - run: {command: first}\n  - run: {command: x}\n    id: one\n    when: {app: a}\n  - run: {command: last}\n'
  const { order, outcomes } = await ran(`apps: {a: {}, b: {}}\n${steps}`, { until: 'one' })
  expect(order.filter((app) => app === 'a')).toHaveLength(2)
  expect(order.filter((app) => app === 'b')).toHaveLength(1)
  expect(outcomes.map(({ isWhole }) => isWhole)).toEqual([false, false])
})

describe('clusters', () => {
  const three =
    'clusters: {eu: {context: e}, us: {context: u, after: eu}, asia: {context: a}}\napps: {a: {}}\n'

  test('begin once those they are after are done; others side by side', async () => {
    const { order } = await ran(three + STEPS)
    expect(order.indexOf('us/a')).toBeGreaterThan(order.lastIndexOf('eu/a'))
    expect(order.indexOf('asia/a')).toBeLessThan(order.lastIndexOf('eu/a'))
  })

  test('are left out where one that they are after failed', async () => {
    const { short } = await ran(three + STEPS, { exitCodes: { 'eu/a': 2 } })
    expect(short).toEqual({ 'eu/a': 'failed', 'us/a': 'left out', 'asia/a': 'done' })
  })
})

describe('the result', () => {
  test('of a run that is done has every app', async () => {
    const { outcomes } = await ran(APPS + STEPS)
    expect(resultOf(RUN, outcomes)).toMatchObject({
      run: 'nightly',
      runId: RUN.id,
      apps: [{ app: 'a', outcome: 'done', steps: { done: 2, met: 0, of: 2 } }, {}, {}, {}],
    })
  })

  test('of one that failed has the worst outcome, the others and how to go on', async () => {
    const { outcomes } = await ran(`${APPS}waves: [{apps: [a, b]}, {apps: [c, d]}]\n${STEPS}`, {
      exitCodes: { b: 4 },
    })
    const error = (() => {
      try {
        return resultOf(RUN, outcomes)
      } catch (thrown) {
        return thrown as CanaryError
      }
    })() as CanaryError
    expect(error.outcome).toBe('failed')
    expect(error.message).toBe('b: The command of step one failed with exit code 4.')
    expect(error.details).toEqual([
      'in step 1: run first',
      '1 of 4 apps done',
      'c: not started: b is not done',
      'd: not started: b is not done',
    ])
    expect(error.nextSteps).toEqual([
      'canary abort b -n echo    (rolls back)',
      'canary run nightly.yaml    (continues where each app is)',
    ])
    expect(outcomes[1]).toMatchObject({ stage: { name: 'stable' }, steps: { done: 0, met: 0, of: 2 } })
  })

  const echo = { app: 'echo', isWhole: false, steps: { done: 1, met: 0, of: 2 } }

  test('of one that stopped at a step goes on without that flag', () => {
    const identity = { ...RUN, command: 'canary run nightly.yaml --until qa' }
    expect(resultOf(identity, [{ ...echo, outcome: 'done' }]).next).toBe('canary run nightly.yaml')
  })

  test.each<[Outcome, string[]]>([
    ['busy', ['canary run nightly.yaml --wait-for-lock 2m    (waits for the other operator)']],
    ['rolledBack', ['canary run nightly.yaml    (once the cause is fixed: starts over)']],
    ['external', ['canary run nightly.yaml    (continues where each app is)', 'canary doctor echo']],
    ['conflict', ['canary doctor echo']],
  ])('of one that ended %s leads on by the run, where that helps', (outcome, steps) => {
    const error = new CanaryError(outcome, 'So it is.', { nextSteps: ['canary doctor echo'] })
    let thrown: unknown
    try {
      resultOf(RUN, [{ ...echo, outcome, error }])
    } catch (caught) {
      thrown = caught
    }
    expect((thrown as CanaryError).nextSteps).toEqual(steps)
  })
})
