import { describe, expect, test } from 'vitest'
import type { Plan, Step } from '../../../../../src/model/plan.js'
import type { JsonObject } from '../../../../../src/model/values.js'
import { assertSafe, changedPodTemplates, violations } from '../../../../../src/rollout/plan/safety/safety.js'
import { stageOf } from '../../../../../src/rollout/stage/stage.js'
import { SEED } from '../../seed-values.js'

/** A plan of one step between two values, as a careless planner might make it. */
function leap(before: JsonObject, after: JsonObject): Plan {
  const step: Step = {
    name: 'weight',
    title: 'leap',
    to: stageOf(after),
    values: after,
    readyBefore: [],
    readyAfter: [],
    goneAfter: [],
    expectations: [],
  }
  return {
    app: 'echo',
    namespace: 'echo',
    from: stageOf(before),
    to: step.to,
    before,
    steps: [step],
    expectations: [],
  }
}

describe('plans that break a safety rule are caught', () => {
  test.each<[string, JsonObject, JsonObject, RegExp]>([
    ['adds a version and routes to it', SEED[1], SEED[3], /adds v2 and sends it requests/],
    ['removes a version that gets canary requests', SEED[3], SEED[1], /removes v2, which gets requests/],
    ['removes the primary at 50 %', SEED[4], SEED[6], /removes v1, which gets requests/],
    ['swaps the version in one step', SEED[1], SEED[6], /adds v2 .*removes v1/s],
    ['weight 150', SEED[4], withCanary({ weight: 150 }), /150 is not an integer/],
    ['a canary route without a header', SEED[2], withCanary({ headers: {} }), /headers is empty/],
    ['a canary that is not deployed', SEED[2], withCanary({ version: 'v9' }), /v9 is not deployed/],
    [
      'changes the config of a version that serves',
      SEED[1],
      { ...SEED[2], deployment: { v1: { replicas: 2 }, v2: {} } },
      /changes the configuration of v1/,
    ],
    ['changes a value of the user’s', SEED[1], { ...SEED[2], verify: {} }, /does not own/],
  ])('%s', (_name, before, after, said) => {
    const plan = leap(before, after)
    expect(violations(plan).join('\n')).toMatch(said)
    expect(() => assertSafe(plan)).toThrow(/unsafe plan for echo/)
  })

  test('a step that does not lead where it says', () => {
    const plan = leap(SEED[2], SEED[3])
    plan.steps[0]!.to = { name: 'stable', primary: 'v1' }
    expect(violations(plan)).toEqual(['step 1 (weight) does not lead to the stage it names'])
  })
})

function withCanary(change: JsonObject): JsonObject {
  const routes = SEED[4].routes as JsonObject
  return { ...SEED[4], routes: { ...routes, canary: { ...(routes.canary as JsonObject), ...change } } }
}

describe('pod templates as rendered', () => {
  const deployment = (version: string, image: string): JsonObject => ({
    kind: 'Deployment',
    spec: { template: { metadata: { labels: { app: 'echo', version } }, spec: { containers: [{ image }] } } },
  })
  test.each<[string, JsonObject[], JsonObject[], string[], string[]]>([
    ['the same', [deployment('v1', 'a')], [deployment('v1', 'a'), deployment('v2', 'b')], [], []],
    ['another image', [deployment('v1', 'a')], [deployment('v1', 'b')], [], ['v1']],
    ['gone', [deployment('v1', 'a'), deployment('v2', 'b')], [deployment('v2', 'b')], [], ['v1']],
    ['gone as planned', [deployment('v1', 'a'), deployment('v2', 'b')], [deployment('v2', 'b')], ['v1'], []],
    ['other kinds', [{ kind: 'Service', spec: { a: 1 } }], [{ kind: 'Service', spec: { a: 2 } }], [], []],
  ])('%s', (_name, before, after, removed, changed) => {
    expect(changedPodTemplates(before, after, removed)).toEqual(changed)
  })
})
