import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/model/values.js'
import { probePaths } from '../../../../src/rollout/values/probe-paths.js'

const routed = (matches: Json): JsonObject => ({ routes: { matches } })

describe('the paths of probes', () => {
  test.each<[string, JsonObject, string[] | undefined]>([
    ['no matches: the app’s own', {}, undefined],
    ['an empty list of them', routed([]), undefined],
    ['prefix and exact', routed([{ prefix: '/shop' }, { exact: '/status' }]), ['/shop', '/status']],
    ['a pattern is left out', routed([{ regex: '/items/[0-9]+' }, { prefix: '/shop' }]), ['/shop']],
    [
      'another method is left out',
      routed([
        { prefix: '/shop', methods: ['POST'] },
        { prefix: '/list', methods: ['GET', 'POST'] },
      ]),
      ['/list'],
    ],
    [
      'headers that only some requests have',
      routed([{ prefix: '/a', headers: { tenant: 'x' } }, { prefix: '/b' }]),
      ['/b'],
    ],
    [
      'query parameters',
      routed([{ prefix: '/a', query: { q: 'a b', n: 1, any: null } }]),
      ['/a?q=a%20b&n=1&any='],
    ],
    [
      'a query that is a pattern',
      routed([{ prefix: '/a', query: { q: { regex: 'x+' } } }, { prefix: '/b' }]),
      ['/b'],
    ],
    ['the same path twice', routed([{ prefix: '/a', methods: ['GET'] }, { prefix: '/a' }]), ['/a']],
  ])('%s', (_title, values, paths) => {
    expect(probePaths(values, 'GET')).toEqual(paths)
  })

  test('none that could be asked for', () => {
    expect(() => probePaths(routed([{ regex: '/items/[0-9]+' }]), 'GET')).toThrow(
      /routes\.matches: no entry can be probed by a plain GET/,
    )
  })
})
