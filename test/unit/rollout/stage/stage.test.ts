import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { describeStage } from '../../../../src/model/describe-stage.js'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { readStageValues, withStage } from '../../../../src/rollout/stage/stage-in-values.js'
import { SEED } from '../seed-values.js'

const headers = { stage: 'canary' }

describe('the stage of the seed’s six values files', () => {
  test.each([
    [1, { name: 'stable', primary: 'v1' }],
    [2, { name: 'deployed', primary: 'v1', canary: 'v2' }],
    [3, { name: 'header', primary: 'v1', canary: 'v2', headers }],
    [4, { name: 'weighted', primary: 'v1', canary: 'v2', headers, weight: 50 }],
    [5, { name: 'shifted', primary: 'v1', canary: 'v2', headers }],
    [6, { name: 'stable', primary: 'v2' }],
  ] as const)('values-%i', (file, stage) => {
    expect(stageOf(SEED[file])).toEqual(stage)
  })

  test('a weight of 0 is the same as none', () => {
    const routes = SEED[3].routes as JsonObject
    const canary = { ...(routes.canary as JsonObject), weight: 0 }
    expect(stageOf({ ...SEED[3], routes: { ...routes, canary } })).toEqual(stageOf(SEED[3]))
  })

  test('null is Helm’s way of saying there is none', () => {
    const config = {
      deployment: { v1: {}, v0: null },
      routes: { primary: { version: 'v1' }, canary: null },
    }
    expect(stageOf(config)).toEqual({ name: 'stable', primary: 'v1' })
  })
})

describe('values canary can’t explain name what is odd and where', () => {
  const primary = { version: 'v1' }
  const both = { v1: {}, v2: {} }
  const canary = { version: 'v2', headers }
  test.each<[string, JsonObject, RegExp]>([
    ['no values at all', {}, /deployment names no version/],
    ['three versions', { deployment: { v1: {}, v2: {}, v3: {} }, routes: { primary } }, /v1, v2, v3/],
    ['a primary that is not deployed', { deployment: { v2: {} }, routes: { primary } }, /v1 is not deployed/],
    ['no primary', { deployment: { v1: {} }, routes: {} }, /routes\.primary\.version is missing/],
    [
      'a primary that is a number',
      { deployment: { v1: {} }, routes: { primary: { version: 1 } } },
      /1 is not a string/,
    ],
    [
      'a canary that is not deployed',
      { deployment: { v1: {} }, routes: { primary, canary } },
      /routes\.canary\.version: v2 is not deployed/,
    ],
    [
      'a canary without headers',
      { deployment: both, routes: { primary, canary: { version: 'v2' } } },
      /headers is empty: every request/,
    ],
    [
      'a header value that is a boolean',
      { deployment: both, routes: { primary, canary: { version: 'v2', headers: { stage: true } } } },
      /headers\.stage: true is not a string/,
    ],
    [
      'headers that are one to HTTP',
      {
        deployment: both,
        routes: { primary, canary: { version: 'v2', headers: { stage: 'a', Stage: 'b' } } },
      },
      /routes\.canary\.headers: "Stage" is given twice/,
    ],
    [
      'weight 150',
      { deployment: both, routes: { primary, canary: { ...canary, weight: 150 } } },
      /weight: 150 is not an integer/,
    ],
    [
      'weight 12.5',
      { deployment: both, routes: { primary, canary: { ...canary, weight: 12.5 } } },
      /weight: 12\.5 is not an integer/,
    ],
    [
      'weight "50"',
      { deployment: both, routes: { primary, canary: { ...canary, weight: '50' } } },
      /weight: "50" is not an integer/,
    ],
    [
      'one version as primary and canary',
      { deployment: both, routes: { primary, canary: { version: 'v1', headers } } },
      /v1 is also the primary/,
    ],
    [
      'a version that is no label',
      { deployment: { V_2: {} }, routes: { primary: { version: 'V_2' } } },
      /deployment\.V_2/,
    ],
    [
      'a version without a map',
      { deployment: { v1: 3 }, routes: { primary } },
      /deployment\.v1: 3 is not a map/,
    ],
  ])('%s', (_name, config, said) => {
    const stage = stageOf(config)
    expect(stage.name).toBe('unknown')
    expect(describeStage(stage)).toMatch(said)
  })
})

describe('writing a stage into values', () => {
  test.each([1, 2, 3, 4, 5, 6] as const)('values-%i read and written are the same', (file) => {
    expect(withStage(SEED[file], readStageValues(SEED[file]).values!)).toEqual(SEED[file])
  })

  test('everything a step does not own stays', () => {
    const config: JsonObject = {
      verify: { version: { header: 'x-v' } },
      upstream: { fallbackPolicy: 'NO_FALLBACK' },
      deployment: { v1: { replicas: 3 } },
      routes: { apiGroup: 'shop', fingerprintHeader: '', primary: { version: 'v1' } },
    }
    const deployment = { v1: { replicas: 3 }, v2: {} }
    expect(withStage(config, { deployment, primary: 'v1' })).toEqual({ ...config, deployment })
  })

  test('versions that look like numbers stay strings', () => {
    const config = withStage(
      {},
      {
        deployment: { '1': {}, '1e3': {} },
        primary: '1',
        canary: { version: '1e3', weight: 5, headers: { on: 'true' } },
      },
    )
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      deployment: { '1': {}, '1e3': {} },
      routes: { primary: { version: '1' }, canary: { version: '1e3', weight: 5, headers: { on: 'true' } } },
    })
    expect(stageOf(config)).toMatchObject({ name: 'weighted', primary: '1', canary: '1e3' })
  })
})

test('of 200 versions, and of values without end, a line is left that a person reads', () => {
  const versions = Array.from({ length: 200 }, (_, index) => [`v${index}`, 'x'.repeat(10_000)])
  const stage = stageOf({
    deployment: { ...Object.fromEntries(versions), ['y'.repeat(5000)]: {}, a: {}, b: {} },
    routes: { primary: { version: 'a' } },
  }) as { problems: string[] }
  expect(stage.problems).toHaveLength(7)
  expect(stage.problems.join('; ').length).toBeLessThan(2500)
  expect(stage.problems.at(-1)).toMatch(/^and \d+ more$/)
})
