import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CanaryError } from '../../../../src/model/errors.js'
import type { Plan } from '../../../../src/model/plan.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { planAbort } from '../../../../src/rollout/plan/abort.js'
import { planFinish } from '../../../../src/rollout/plan/finish.js'
import { planShift } from '../../../../src/rollout/plan/shift.js'
import { planStart } from '../../../../src/rollout/plan/start.js'
import { planInstall } from '../../../../src/rollout/plan/install.js'
import { versionsThatServe, violations } from '../../../../src/rollout/plan/safety/safety.js'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { nextConfig } from '../../../../src/rollout/plan/version-config.js'
import { found, SEED } from '../seed-values.js'

/** A command somebody may type, fitting or not. */
type Command =
  | { name: 'start'; version: string; header: string; deployOnly: boolean }
  | { name: 'shift'; weight: number }
  | { name: 'finish'; version?: string; jump: boolean }
  | { name: 'abort' }

const version = fc.constantFrom('v1', 'v2', 'v3', '1', '20', '1e3')
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    name: fc.constant('start' as const),
    version,
    header: fc.constantFrom('canary', 'true', '1'),
    deployOnly: fc.boolean(),
  }),
  fc.record({ name: fc.constant('shift' as const), weight: fc.integer({ min: 0, max: 100 }) }),
  fc.record({
    name: fc.constant('finish' as const),
    version: fc.option(version, { nil: undefined }),
    jump: fc.boolean(),
  }),
  fc.record({ name: fc.constant('abort' as const) }),
)

/** Values of the user's own that no step may touch. */
const base: fc.Arbitrary<JsonObject> = fc.record(
  {
    verify: fc.constant({ version: { header: 'x-version' } }),
    upstream: fc.constant({ fallbackPolicy: 'NO_FALLBACK' }),
    routes: fc.record({
      apiGroup: fc.constantFrom('example', 'shop'),
      versionHeader: fc.constantFrom('', 'x-v'),
    }),
  },
  { requiredKeys: [] },
)

function plan(config: JsonObject, asked: Command): Plan | undefined {
  try {
    switch (asked.name) {
      case 'start':
        return planStart(found(config), {
          version: asked.version,
          headers: { stage: asked.header },
          deployOnly: asked.deployOnly,
          configured: false,
          config: (primary) => nextConfig({ app: 'echo', namespace: 'echo' }, asked.version, primary, {}),
        })
      case 'shift':
        return planShift(found(config), asked.weight)
      case 'finish':
        return planFinish(found(config), asked)
      case 'abort':
        return planAbort(found(config))
    }
  } catch (error) {
    if (error instanceof CanaryError) return undefined // does not fit the stage: nothing is planned
    throw error
  }
}

function installed(values: JsonObject): JsonObject {
  const made = planInstall({ app: 'echo', namespace: 'echo', version: 'v1', base: values })
  expect(violations(made)).toEqual([])
  return made.steps[0]!.values
}

describe('from any stage, any sequence of commands', () => {
  test('keeps the safety rules, and every step leads where it says', () => {
    fc.assert(
      fc.property(base, fc.array(command, { maxLength: 12 }), (values, commands) => {
        let config = installed(values)
        for (const asked of commands) {
          const made = plan(config, asked)
          if (!made) continue
          expect(violations(made)).toEqual([])
          expect(made.from).toEqual(stageOf(config))
          for (const step of made.steps) {
            const servedBefore = versionsThatServe(stageOf(config))
            expect(servedBefore.filter((served) => step.goneAfter.includes(served))).toEqual([])
            expect(stageOf(step.values)).toEqual(step.to)
            config = step.values
          }
          expect(stageOf(config)).toEqual(made.to)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('done twice plans nothing the second time', () => {
    fc.assert(
      fc.property(base, fc.array(command, { maxLength: 8 }), (values, commands) => {
        let config = installed(values)
        for (const asked of commands) {
          const made = plan(config, asked)
          if (!made) continue
          config = made.steps.at(-1)?.values ?? config
          expect(plan(config, asked)?.steps).toEqual([])
        }
      }),
    )
  })
})

test('start … finish ends in the seed’s values-6, by whatever weights', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }), (weights) => {
      let config = installed({})
      const go = (asked: Command) => {
        config = plan(config, asked)!.steps.at(-1)?.values ?? config
      }
      go({ name: 'start', version: 'v2', header: 'canary', deployOnly: false })
      for (const weight of weights) go({ name: 'shift', weight })
      go({ name: 'finish', version: 'v2', jump: true })
      expect(config).toEqual(SEED[6])
    }),
  )
})

test('start … abort gives back exactly the values before', () => {
  fc.assert(
    fc.property(base, fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }), (values, weights) => {
      const before = installed(values)
      let config = before
      const go = (asked: Command) => {
        config = plan(config, asked)!.steps.at(-1)?.values ?? config
      }
      go({ name: 'start', version: '1e3', header: '1', deployOnly: weights.length === 0 })
      for (const weight of weights) go({ name: 'shift', weight })
      go({ name: 'abort' })
      expect(JSON.stringify(config)).toBe(JSON.stringify(before))
    }),
  )
})
