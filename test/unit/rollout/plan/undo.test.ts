import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CanaryError, ConflictError } from '../../../../src/model/errors.js'
import type { Plan } from '../../../../src/model/plan.js'
import type { RevisionSummary } from '../../../../src/model/release.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { planAbort } from '../../../../src/rollout/plan/abort.js'
import { planFinish } from '../../../../src/rollout/plan/finish.js'
import { planShift } from '../../../../src/rollout/plan/shift.js'
import { planStart } from '../../../../src/rollout/plan/start.js'
import { versionsThatServe, violations } from '../../../../src/rollout/plan/safety/safety.js'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { planUndo, versionToUndoTo } from '../../../../src/rollout/plan/undo.js'
import { found, SEED } from '../seed-values.js'

/** A history of these values, the last deployed. */
function history(...configs: JsonObject[]): RevisionSummary[] {
  return configs.map((config, index) => ({
    revision: index + 1,
    status: index === configs.length - 1 ? 'deployed' : 'superseded',
    description: '',
    updated: '2026-03-01T12:00:00Z',
    chart: { name: 'gloo-app', version: '0.1.0' },
    config,
  }))
}

const FINISHED = history(SEED[1], SEED[2], SEED[3], SEED[4], SEED[5], SEED[6])

function undo(revisions: RevisionSummary[], version = 'v1', fast = false): Plan {
  const plan = planUndo(found(revisions.at(-1)!.config!), { version, fast, revisions })
  expect(violations(plan)).toEqual([])
  return plan
}

const titles = (plan: Plan) => plan.steps.map(({ title }) => title)

function refusal(work: () => unknown): ConflictError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(ConflictError)
    return error as ConflictError
  }
  throw new Error('it was planned')
}

describe('undo after a finish', () => {
  test('brings the version before back by the steps of a rollout', () => {
    const plan = undo(FINISHED)
    expect(titles(plan)).toEqual([
      'deploy v1 beside v2',
      'send requests with stage: canary to v1',
      'send 50 % of the regular requests to v1',
      'send 100 % of the regular requests to v1',
      'make v1 the primary again and remove v2',
    ])
    expect(plan.to).toEqual({ name: 'stable', primary: 'v1' })
    expect(plan.steps.at(-1)!.values).toEqual(SEED[1])
    expect(
      plan.steps.map(({ readyBefore, readyAfter, goneAfter }) => [readyBefore, readyAfter, goneAfter]),
    ).toEqual([
      [[], ['v1'], []],
      [['v1'], [], []],
      [['v1'], [], []],
      [['v1'], [], []],
      [[], [], ['v2']],
    ])
    expect(plan.expectations.map(({ kind }) => kind)).toEqual(['regular', 'canary'])
  })

  test('in three steps where it is to be fast', () => {
    expect(titles(undo(FINISHED, 'v1', true))).toEqual([
      'deploy v1 beside v2',
      'send 100 % of the regular requests to v1',
      'make v1 the primary again and remove v2',
    ])
  })

  test.each([
    ['deployed', 0, ['header', 'weight', 'weight', 'decommission'], ['weight', 'decommission']],
    ['header', 1, ['weight', 'weight', 'decommission'], ['weight', 'decommission']],
    ['weighted', 2, ['weight', 'decommission'], ['weight', 'decommission']],
    ['shifted', 3, ['decommission'], ['decommission']],
    ['stable', 4, [], []],
  ])('goes on from its own stage %s', (name, done, rest, restFast) => {
    const steps = undo(FINISHED).steps.slice(0, done + 1)
    const revisions = history(...FINISHED.map(({ config }) => config!), ...steps.map(({ values }) => values))
    expect(stageOf(revisions.at(-1)!.config!).name).toBe(name)
    expect(undo(revisions).steps.map((step) => step.name)).toEqual(rest)
    expect(undo(revisions, 'v1', true).steps.map((step) => step.name)).toEqual(restFast)
    expect(undo(revisions).to).toEqual({ name: 'stable', primary: 'v1' })
  })

  test('the configuration is the one it had as the primary, the headers those of the newest rollout', () => {
    const one = { image: 'registry.example/shop:1', replicas: 3 }
    const two = { image: 'registry.example/shop:2' }
    const routes = { apiGroup: 'shop', primary: { version: 'v1' } }
    const upstream = { fallbackPolicy: 'NO_FALLBACK' }
    const after = {
      deployment: { v2: two },
      routes: { apiGroup: 'shop', primary: { version: 'v2' } },
      upstream,
    }
    const plan = undo(
      history(
        { deployment: { v1: one }, routes },
        {
          deployment: { v1: one, v2: two },
          routes: { ...routes, canary: { version: 'v2', headers: { beta: 'yes' } } },
        },
        after,
        { ...after, deployment: { v2: two, v1: { image: 'registry.example/shop:1-mended' } } },
        after,
      ),
    )
    expect(plan.steps[0]!.values).toEqual({ ...after, deployment: { v1: one, v2: two } })
    expect(titles(plan)[1]).toBe('send requests with beta: yes to v1')
  })

  test('an image that all versions shared has to be the same still', () => {
    const shared = (image: string, config: JsonObject) => ({ ...config, app: { image } })
    const same = history(shared('shop', SEED[1]), shared('shop', SEED[6]))
    expect(titles(undo(same))).toHaveLength(5)
    const other = history(shared('shop:1', SEED[1]), shared('shop:2', SEED[6]))
    const { message, nextSteps } = refusal(() => undo(other))
    expect(message).toContain('shop:1, which is now shop:2')
    expect(nextSteps[0]).toContain('canary start echo v1 --image shop:1')
  })
})

describe('undo refuses', () => {
  const v3Beside = { ...SEED[6], deployment: { v2: {}, v3: {} } }
  const v3Routed = {
    ...v3Beside,
    routes: {
      apiGroup: 'example',
      primary: { version: 'v2' },
      canary: { version: 'v3', headers: { a: 'b' } },
    },
  }

  test.each([
    ['deployed', v3Beside, ['canary abort echo']],
    ['header', v3Routed, ['canary abort echo', 'canary finish echo v3']],
  ])('while another version’s rollout is %s', (_stage, config, commands) => {
    const revisions = [...FINISHED.slice(0, 5), ...history(SEED[6], config)]
    const error = refusal(() => undo(revisions))
    expect(error.message).toBe('A rollout of v3 is under way.')
    expect(error.nextSteps.map((step) => step.replace(/ {4}.*/, ''))).toEqual(commands)
    expect(refusal(() => versionToUndoTo(found(config), revisions)).message).toBe(
      'A rollout of v3 is under way.',
    )
  })

  test.each([
    ['that never was there', 'v9', FINISHED, 'v9 was never the primary in the history of echo.'],
    [
      'that the history knows no more',
      'v1',
      FINISHED.slice(5),
      'v1 was never the primary in the history of echo, which begins with revision 6 (Helm keeps no older ones).',
    ],
    [
      'that was only tried',
      'v3',
      history(...FINISHED.map(({ config }) => config!), v3Beside, SEED[6]),
      'v3 was never the primary in the history of echo.',
    ],
  ])('a version %s', (_name, version, revisions, message) => {
    const error = refusal(() => undo(revisions, version))
    expect(error.message).toBe(message)
    expect(error.nextSteps[0]).toContain(`canary start echo ${version} --image`)
  })
})

describe('the version that undo would take', () => {
  const ofConfig = (revisions: RevisionSummary[]) =>
    versionToUndoTo(found(revisions.at(-1)!.config!), revisions)

  test('is the primary before, and after an undo the one it went back from', () => {
    expect(ofConfig(FINISHED)).toBe('v1')
    const back = undo(FINISHED).steps.map(({ values }) => values)
    for (const done of [1, 2, 3, 4]) {
      expect(ofConfig(history(...FINISHED.map(({ config }) => config!), ...back.slice(0, done)))).toBe('v1')
    }
    expect(ofConfig(history(...FINISHED.map(({ config }) => config!), ...back))).toBe('v2')
  })

  test('is none where there was no primary before', () => {
    const error = refusal(() => ofConfig(FINISHED.slice(0, 1)))
    expect(error.message).toBe('The history of echo has no version before v1.')
  })
})

test('whatever came before, an undo keeps the safety rules and ends on the version’s values of before', () => {
  const version = fc.constantFrom('v1', 'v2', 'v3')
  const command = fc.oneof(
    fc.record({ name: fc.constant('start' as const), version }),
    fc.record({ name: fc.constant('shift' as const), weight: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ name: fc.constant('finish' as const) }),
    fc.record({ name: fc.constant('abort' as const) }),
    fc.record({
      name: fc.constant('undo' as const),
      version,
      fast: fc.boolean(),
      // Stopped after so many steps.
      steps: fc.integer({ min: 0, max: 5 }),
    }),
  )
  type Asked = typeof command extends fc.Arbitrary<infer T> ? T : never
  function planned(configs: JsonObject[], asked: Asked): Plan | undefined {
    const now = found(configs.at(-1)!)
    try {
      switch (asked.name) {
        case 'start':
          return planStart(now, {
            version: asked.version,
            headers: { stage: 'canary' },
            deployOnly: false,
            configured: false,
            config: () => ({ image: `shop:${asked.version}` }),
          })
        case 'shift':
          return planShift(now, asked.weight)
        case 'finish':
          return planFinish(now, { jump: true })
        case 'abort':
          return planAbort(now)
        case 'undo':
          return planUndo(now, { ...asked, revisions: history(...configs) })
      }
    } catch (error) {
      if (error instanceof CanaryError) return undefined
      throw error
    }
  }

  fc.assert(
    fc.property(fc.array(command, { maxLength: 15 }), (commands) => {
      const configs: JsonObject[] = [{ ...SEED[1], deployment: { v1: { image: 'shop:v1' } } }]
      for (const asked of commands) {
        const plan = planned(configs, asked)
        if (!plan) continue
        expect(violations(plan)).toEqual([])
        let config = configs.at(-1)!
        const steps = asked.name === 'undo' ? plan.steps.slice(0, asked.steps) : plan.steps
        for (const step of steps) {
          const served = versionsThatServe(stageOf(config))
          expect(served.filter((name) => step.goneAfter.includes(name))).toEqual([])
          expect(stageOf(step.values)).toEqual(step.to)
          config = step.values
          configs.push(config)
        }
        if (asked.name !== 'undo') continue
        expect(plan.to).toEqual({ name: 'stable', primary: asked.version })
        const end = plan.steps.at(-1)?.values ?? config
        expect(end.deployment).toEqual({ [asked.version]: { image: `shop:${asked.version}` } })
        // The same command again has only the rest to do.
        const again = planned(configs, asked)!
        expect(again.steps.map(({ values }) => values)).toEqual(
          plan.steps.slice(steps.length).map(({ values }) => values),
        )
      }
    }),
    { numRuns: 300 },
  )
})
