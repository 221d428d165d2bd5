import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { fingerprintOf } from '../../../../src/routing/gloo/fingerprint.js'
import { effectiveValues } from '../../../../src/rollout/values/merge.js'
import { nextCommands, undoCommand } from '../../../../src/rollout/stage/next-steps.js'
import { setValue } from '../../../../src/rollout/values/set-values.js'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { type StageWithValues, valuesOfStage } from '../../../../src/rollout/stage/values-of-stage.js'
import { nextConfig } from '../../../../src/rollout/plan/version-config.js'
import { SEED } from '../seed-values.js'

describe('--set, as helm reads it', () => {
  test.each<[string, JsonObject]>([
    ['a=1', { a: 1 }],
    ['a.b=x', { a: { b: 'x' } }],
    ['a=1,b=2', { a: 1, b: 2 }],
    ['a=true,b=false,c=null', { a: true, b: false, c: null }],
    ['a=1.5', { a: '1.5' }],
    ['a=007', { a: '007' }],
    ['a=-3', { a: -3 }],
    ['a=', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['a={x,1,true}', { a: ['x', 1, true] }],
    ['a={}', { a: [''] }],
    ['a[0]=x', { a: ['x'] }],
    ['a[1].b=x', { a: [null, { b: 'x' }] }],
    ['a\\.b=x', { 'a.b': 'x' }],
    ['a=x\\,y', { a: 'x,y' }],
  ])('%s', (text, values) => {
    expect(setValue({}, text, false)).toEqual(values)
  })
  test('--set-string keeps everything a string', () => {
    expect(setValue({}, 'a=1,b={true,2}', true)).toEqual({ a: '1', b: ['true', '2'] })
  })
  test('what is there stays, beside what is set', () => {
    expect(setValue({ a: { b: 1, c: [1, 2] } }, 'a.c[1]=x', false)).toEqual({ a: { b: 1, c: [1, 'x'] } })
  })
  test.each(['a', '=1', 'a[x]=1', 'a..b=1', 'a[70000]=1'])('%s is refused', (text) => {
    expect(() => setValue({}, text, false)).toThrow(/key|index/)
  })
})

describe('the configuration of a new version', () => {
  const from = (config: JsonObject) => ({ version: 'v1', config })
  test.each<[string, JsonObject, Parameters<typeof nextConfig>[3], JsonObject]>([
    ['{} stays {}', {}, {}, {}],
    ['is the primary’s', { replicas: 3 }, {}, { replicas: 3 }],
    ['changed by --image', { image: 'a:1', replicas: 3 }, { image: 'a:2' }, { image: 'a:2', replicas: 3 }],
    [
      'changed by --set-version',
      { image: 'a:1' },
      { set: ['image=a:2', 'replicas=2'] },
      { image: 'a:2', replicas: 2 },
    ],
    ['changed by a file', { image: 'a:1' }, { values: { image: 'a:2' } }, { image: 'a:2' }],
    ['an image without tag takes the version', { image: 'host:5000/a' }, {}, { image: 'host:5000/a' }],
  ])('%s', (_name, config, changes, expected) => {
    expect(nextConfig({ app: 'echo', namespace: 'echo' }, 'v2', from(config), changes)).toEqual(expected)
  })
  test.each([
    ['a tag', 'registry:5000/shop/echo:1.0', 'registry:5000/shop/echo:v2'],
    ['a digest', 'echo@sha256:abc', 'echo:v2'],
  ])('the image with %s must change', (_name, image, proposed) => {
    expect(() => nextConfig({ app: 'echo', namespace: 'echo' }, 'v2', from({ image }), {})).toThrow(
      /could not be told apart/,
    )
    try {
      nextConfig({ app: 'echo', namespace: 'echo' }, 'v2', from({ image }), {})
    } catch (error) {
      expect((error as { nextSteps: string[] }).nextSteps).toEqual([
        `canary start echo v2 --image ${proposed}`,
      ])
    }
  })
  test('the image shared by all versions counts too', () => {
    expect(() =>
      nextConfig({ app: 'echo', namespace: 'echo' }, 'v2', from({}), {}, { image: 'echo:1' }),
    ).toThrow(/would run the image of v1/)
  })
})

describe('the fingerprint is read from what was rendered', () => {
  const values = effectiveValues({ routes: { fingerprintHeader: 'x-canary-routes' } }, {})
  const table = (key: string): JsonObject => ({
    kind: 'RouteTable',
    spec: {
      routes: [
        {
          options: {
            headerManipulation: {
              responseHeadersToAdd: [
                { header: { key: 'x-other', value: 'no' } },
                { header: { key, value: 'abc' } },
              ],
            },
          },
        },
      ],
    },
  })
  test('by the header the values name, whatever its case', () => {
    expect(fingerprintOf([{ kind: 'Service' }, table('X-Canary-Routes')], values)).toEqual({
      header: 'x-canary-routes',
      value: 'abc',
    })
  })
  test('none where the routes carry none, or the values leave it out', () => {
    expect(fingerprintOf([table('x-else')], values)).toBeUndefined()
    const off = effectiveValues(
      { routes: { fingerprintHeader: 'x-canary-routes' } },
      { routes: { fingerprintHeader: '' } },
    )
    expect(fingerprintOf([table('x-canary-routes')], off)).toBeUndefined()
  })
})

describe('values of a stage, without a cluster', () => {
  const request = {
    app: 'echo',
    primary: 'v1',
    canary: 'v2',
    weight: 50,
    headers: { stage: 'canary' },
    base: { routes: { apiGroup: 'example' } },
  }
  test.each<[StageWithValues, JsonObject]>([
    ['stable', SEED[1]],
    ['deployed', SEED[2]],
    ['header', SEED[3]],
    ['weighted', SEED[4]],
    ['shifted', SEED[5]],
    ['finished', SEED[6]],
  ])('%s is the seed’s file', (stage, values) => {
    expect(valuesOfStage({ ...request, stage })).toEqual(values)
  })
  test.each([
    ['a canary that is missing', { canary: undefined }, /need a canary/],
    ['primary and canary the same', { canary: 'v1' }, /both primary and canary/],
    ['weight 0', { weight: 0 }, /from 1 to 99, not 0/],
    ['no weight', { weight: undefined }, /need a weight/],
  ])('%s is refused', (_name, change, said) => {
    expect(() => valuesOfStage({ ...request, stage: 'weighted', ...change })).toThrow(said)
  })
})

test.each([
  [1, ['canary start echo VERSION'], undefined],
  [2, ['canary start echo v2'], 'canary abort echo'],
  [3, ['canary shift echo 10'], 'canary abort echo'],
  [4, ['canary shift echo 100', 'canary finish echo v2'], 'canary abort echo'],
  [5, ['canary finish echo v2'], 'canary abort echo'],
] as const)('next and undo commands at values-%i', (file, next, undo) => {
  const stage = stageOf(SEED[file])
  expect(nextCommands('echo', 'echo', stage)).toEqual(next)
  expect(undoCommand('echo', 'echo', stage)).toBe(undo)
})

test('after a finish the way back is undo, to the version before', () => {
  expect(undoCommand('echo', 'shop', stageOf(SEED[6]), 'v1')).toBe('canary undo echo v1 -n shop')
  expect(undoCommand('echo', 'echo', stageOf(SEED[5]), 'v0')).toBe('canary abort echo')
})
