import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { effectiveConfig, imageOf } from '../../../../src/rollout/plan/app-config.js'

test("a version's own configuration lies over that of all versions: maps merged, lists replaced", () => {
  const values = {
    app: { env: { A: '1', B: '2' }, args: ['a'], port: 80 },
    deployment: { v2: { env: { B: '3' }, args: ['b', 'c'] } },
  }
  expect(effectiveConfig(values, 'v2')).toEqual({ env: { A: '1', B: '3' }, args: ['b', 'c'], port: 80 })
  expect(effectiveConfig(values, 'v3')).toEqual(values.app)
})

test('null removes what all versions have', () => {
  const app = {
    env: { A: '1', B: { secretKeyRef: { name: 'db', key: 'b' } } },
    resources: { limits: { cpu: '1' } },
    port: null,
  }
  const values = { app, deployment: { v2: { env: { B: null }, resources: null } } }
  expect(effectiveConfig(values, 'v2')).toEqual({ env: { A: '1' } })
})

describe('the image of a version', () => {
  const cases: [string, JsonObject, { reference: string; pinned: boolean } | undefined][] = [
    ['none', {}, undefined],
    ['with a tag', { image: 'shop:1' }, { reference: 'shop:1', pinned: true }],
    ['the version as its tag', { image: 'shop' }, { reference: 'shop:v2', pinned: false }],
    ['a port is no tag', { image: 'host:5000/shop' }, { reference: 'host:5000/shop:v2', pinned: false }],
    ['a map without a tag', { image: { repository: 'shop' } }, { reference: 'shop:v2', pinned: false }],
    [
      'a digest alone',
      { image: { repository: 'shop', digest: 'sha256:1' } },
      { reference: 'shop@sha256:1', pinned: true },
    ],
    [
      'tag and digest',
      { image: { repository: 'shop', tag: '1', digest: 'sha256:1' } },
      { reference: 'shop:1@sha256:1', pinned: true },
    ],
  ]
  test.each(cases)('%s', (_, app, wanted) => {
    expect(imageOf({ app, deployment: { v2: {} } }, 'v2')).toEqual(wanted)
  })
})
