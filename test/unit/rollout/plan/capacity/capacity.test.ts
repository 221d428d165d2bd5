import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CanaryError } from '../../../../../src/model/errors.js'
import type { Plan } from '../../../../../src/model/plan.js'
import type { JsonObject } from '../../../../../src/model/values.js'
import {
  type CapacityRequest,
  podsFor,
  scaleModeOf,
  withCapacity,
} from '../../../../../src/rollout/plan/capacity/capacity.js'
import { planFinish } from '../../../../../src/rollout/plan/finish.js'
import { planShift } from '../../../../../src/rollout/plan/shift.js'
import { violations } from '../../../../../src/rollout/plan/safety/safety.js'
import { found, SEED } from '../../seed-values.js'

test.each([
  [1, 3, 1],
  [50, 3, 2],
  [34, 3, 2],
  [33, 3, 1],
  [100, 3, 3],
  [50, 0, 1],
  [10, 40, 4],
])('%i %% of what %i pods carry takes %i', (weight, primary, pods) => {
  expect(podsFor(weight, { ready: 0, wanted: primary })).toBe(pods)
})

const facts = (
  v1: number,
  v2: number,
  more: Partial<CapacityRequest> & { most?: number } = {},
): CapacityRequest => ({
  mode: 'auto',
  defaults: {},
  pods: [
    { version: 'v1', ready: v1, wanted: v1 },
    { version: 'v2', ready: v2, wanted: v2, most: more.most },
  ],
  ...more,
})

const shifted = (weight: number, from: JsonObject = SEED[3]) => planShift(found(from), weight)
const names = (plan: Plan) => {
  expect(violations(plan)).toEqual([])
  return plan.steps.map(({ name }) => name).join(' → ')
}
const configOf = (values: JsonObject, version: string) =>
  (values.deployment as Record<string, JsonObject>)[version]

describe('auto', () => {
  test('scales the canary by a step of its own, and what follows keeps it', () => {
    const plan = withCapacity(shifted(50), facts(4, 1))
    expect(names(plan)).toBe('scale → weight')
    const [scale, weight] = plan.steps
    expect(scale).toMatchObject({
      title: 'scale v2 to 2 pods',
      to: { name: 'header' },
      readyAfter: ['v2'],
      leastReady: { version: 'v2', count: 2 },
    })
    expect(configOf(scale!.values, 'v2')).toEqual({ replicas: 2 })
    expect(configOf(weight!.values, 'v2')).toEqual({ replicas: 2 })
    expect(configOf(weight!.values, 'v1')).toEqual({})
  })

  test('enough pods: nothing is added', () => {
    expect(names(withCapacity(shifted(50), facts(4, 2)))).toBe('weight')
  })

  test('never down: more pods than it takes stay', () => {
    expect(names(withCapacity(shifted(10), facts(4, 4)))).toBe('weight')
  })

  test('less weight takes no more pods', () => {
    expect(names(withCapacity(shifted(10, SEED[4]), facts(40, 1)))).toBe('weight')
  })

  test('finish: the new primary keeps what it was scaled to', () => {
    const plan = withCapacity(planFinish(found(SEED[4]), { jump: false }), facts(4, 2))
    expect(names(plan)).toBe('scale → weight → decommission')
    expect(plan.steps.at(-1)!.values.deployment).toEqual({ v2: { replicas: 4 } })
  })

  test('an autoscaler of the values gets more at least, and at most where it has to', () => {
    const autoscaled = { ...SEED[3], app: { autoscaling: { minReplicas: 1, maxReplicas: 3, cpu: 70 } } }
    const plan = withCapacity(shifted(100, autoscaled), facts(4, 1, { most: 3 }))
    expect(names(plan)).toBe('scale → weight')
    expect(configOf(plan.steps[0]!.values, 'v2')).toEqual({ autoscaling: { minReplicas: 4, maxReplicas: 4 } })
  })
})

describe('check', () => {
  const check = (weight: number, v1: number, v2: number, most?: number) => () =>
    withCapacity(shifted(weight), facts(v1, v2, { mode: 'check', most }))

  test('too few pods are refused, with what it takes and what would fit', () => {
    let error: CanaryError | undefined
    try {
      check(50, 4, 1)()
    } catch (thrown) {
      error = thrown as CanaryError
    }
    expect(error).toMatchObject({ outcome: 'conflict' })
    expect(error!.message).toBe('v2 has 1 pod: 50 % of the load that the 4 of v1 carry needs 2.')
    expect(error!.nextSteps.join('\n')).toMatch(/--scale auto[^]*canary shift echo 25[^]*--scale off/)
  })

  test('enough, or an autoscaler that would make enough', () => {
    expect(names(check(50, 4, 2)())).toBe('weight')
    expect(names(check(50, 4, 1, 6)())).toBe('weight')
  })

  test('off asks for nothing', () => {
    expect(names(withCapacity(shifted(50), facts(4, 1, { mode: 'off' })))).toBe('weight')
  })
})

test.each([
  [{}, undefined],
  [{ capacity: {} }, undefined],
  [{ capacity: { scale: 'auto' } }, 'auto'],
  [{ capacity: { scale: 'off' } }, 'off'],
])('the values %j mean %s', (values, mode) => {
  expect(scaleModeOf(values)).toBe(mode)
})

test('a scale step that changes anything else breaks a rule', () => {
  const plan = withCapacity(shifted(50), facts(4, 1))
  const [scale, weight] = plan.steps
  const other = { ...scale!.values, deployment: { v1: {}, v2: { replicas: 2, image: 'other' } } }
  expect(violations({ ...plan, steps: [{ ...scale!, values: other }, weight!] }).join()).toContain(
    'changes the configuration of v2, which gets requests',
  )
})

test('whatever pods there are, scaling changes no route, no other version, and breaks no rule', () => {
  const pods = fc.integer({ min: 0, max: 50 })
  fc.assert(
    fc.property(pods, pods, fc.integer({ min: 1, max: 100 }), (v1, v2, weight) => {
      const plan = withCapacity(shifted(weight), facts(v1, v2))
      expect(violations(plan)).toEqual([])
      for (const { values } of plan.steps.filter(({ name }) => name === 'scale')) {
        expect(values.routes).toEqual(SEED[3].routes)
        expect(configOf(values, 'v1')).toEqual(configOf(SEED[3], 'v1'))
      }
    }),
  )
})
