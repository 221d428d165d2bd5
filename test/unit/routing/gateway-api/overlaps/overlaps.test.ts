import { describe, expect, test } from 'vitest'
import { describeOverlap } from '../../../../../src/model/results/overlaps.js'
import type { RoutingObject } from '../../../../../src/routing/objects.js'
import {
  addedOverlaps,
  allOverlaps,
  overlapsOf,
} from '../../../../../src/routing/gateway-api/overlaps/overlaps.js'

interface Given {
  matches?: object[]
  hostnames?: string[]
  created?: string
  parents?: object[]
}

const PUBLIC = { name: 'public', namespace: 'gateways' }
const prefix = (value: string, more: object = {}) => ({ path: { type: 'PathPrefix', value }, ...more })
const exact = (value: string) => ({ path: { type: 'Exact', value } })
const regex = (value: string) => ({ path: { type: 'RegularExpression', value } })
const header = (name: string, value: string) => ({ headers: [{ type: 'Exact', name, value }] })

function route(name: string, given: Given = {}): RoutingObject {
  const { matches = [prefix(`/${name}`)], hostnames, created, parents = [PUBLIC] } = given
  return {
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'shop', ...(created ? { creationTimestamp: created } : {}) },
    spec: { parentRefs: parents, ...(hostnames ? { hostnames } : {}), rules: [{ matches }] },
  }
}

const winners = (...routes: RoutingObject[]) =>
  allOverlaps(routes).map(({ winner, domains }) => `${winner.name}: ${domains.join(', ')}`)

const EARLY = '2026-01-01T00:00:00Z'
const LATE = '2026-06-01T00:00:00Z'

describe('of two HTTPRoutes that take one request, the first is', () => {
  test.each<[title: string, first: Given, second: Given]>([
    [
      'the one with the host',
      { hostnames: ['a.example'], matches: [prefix('/')] },
      { matches: [exact('/x')] },
    ],
    ['the one with the longer wildcard', { hostnames: ['*.a.example'] }, { hostnames: ['*.example'] }],
    ['the exact path', { matches: [exact('/x')] }, { matches: [prefix('/x')] }],
    ['the longer prefix', { matches: [prefix('/x/y')] }, { matches: [prefix('/x', { method: 'GET' })] }],
    [
      'the one with a method',
      { matches: [prefix('/x', { method: 'GET' })] },
      { matches: [prefix('/x', header('a', 'b'))] },
    ],
    [
      'the one with more headers',
      { matches: [prefix('/x', header('a', 'b'))] },
      { matches: [prefix('/x', { queryParams: [{ name: 'a', value: 'b' }] })] },
    ],
    [
      'the one with more parameters',
      { matches: [prefix('/x', { queryParams: [{ name: 'a', value: 'b' }] })] },
      {},
    ],
    ['the older one', { created: EARLY }, { created: LATE }],
    ['the one that is there', { created: LATE }, {}],
    ['the first by name', {}, {}],
  ])('%s', (_title, first, second) => {
    const at = { matches: [prefix('/x')] }
    const [one, other] = [route('a', { ...at, ...first }), route('b', { ...at, ...second })]
    expect(winners(one, other).map((text) => text.split(':')[0])).toEqual(['a'])
    expect(winners(other, one)).toEqual(winners(one, other))
  })
})

describe('HTTPRoutes do not meet', () => {
  const at = { matches: [prefix('/x')] }
  test.each<[title: string, one: Given, other: Given]>([
    ['with other segments', { matches: [prefix('/echo')] }, { matches: [prefix('/echofoo')] }],
    ['with other hosts', { ...at, hostnames: ['a.example'] }, { ...at, hostnames: ['b.example'] }],
    [
      'with a wildcard and its own name',
      { ...at, hostnames: ['*.example'] },
      { ...at, hostnames: ['example'] },
    ],
    ['on other Gateways', at, { ...at, parents: [{ ...PUBLIC, name: 'internal' }] }],
    [
      'on other listeners',
      { ...at, parents: [{ ...PUBLIC, sectionName: 'a' }] },
      { ...at, parents: [{ ...PUBLIC, sectionName: 'b' }] },
    ],
    [
      'on other ports',
      { ...at, parents: [{ ...PUBLIC, port: 80 }] },
      { ...at, parents: [{ ...PUBLIC, port: 443 }] },
    ],
    [
      'with other values of a header',
      { matches: [prefix('/x', header('A', '1'))] },
      { matches: [prefix('/x', header('a', '2'))] },
    ],
  ])('%s', (_title, one, other) => {
    expect(winners(route('a', one), route('b', other))).toEqual([])
  })
})

test('where the one wins depends on the host', () => {
  const one = route('a', { matches: [prefix('/x')], hostnames: ['a.example', '*.org'] })
  const other = route('b', { matches: [prefix('/x')], hostnames: ['*.example', 'b.org'] })
  expect(winners(one, other)).toEqual(['a: a.example', 'b: b.org'])
})

test('an overlap is reported once for main and header rule, with what the winner takes', () => {
  const own = route('echo', {
    matches: [prefix('/echo'), prefix('/echo', header('stage', 'canary'))],
    created: LATE,
  })
  const other = route('old', { matches: [prefix('/echo')], created: EARLY })
  expect(overlapsOf([own, other], ({ metadata }) => metadata.name === 'echo').map(describeOverlap)).toEqual([
    'prefix /echo of HTTPRoute shop/old comes first and takes all requests of prefix /echo of HTTPRoute shop/echo; Gateway gateways/public, domains *',
    'prefix /echo, header stage: canary of HTTPRoute shop/echo comes first and takes some requests of prefix /echo of HTTPRoute shop/old; Gateway gateways/public, domains *',
  ])
})

test('whether an expression goes before another path is not certain', () => {
  const [overlap] = allOverlaps([
    route('a', { matches: [regex('/x.*')] }),
    route('b', { matches: [prefix('/x')] }),
  ])
  expect(overlap).toMatchObject({ certain: false })
})

test('what a change adds is what was not there before', () => {
  const other = route('b', { matches: [prefix('/x')], created: EARLY })
  const before = [route('a', { matches: [prefix('/x')] }), other]
  const after = [route('a', { matches: [prefix('/x', { method: 'GET' }), prefix('/x')] }), other]
  const isOwn = ({ metadata }: RoutingObject) => metadata.name === 'a'
  expect(addedOverlaps(before, before, isOwn)).toEqual([])
  expect(addedOverlaps(before, after, isOwn).map(({ own }) => own)).toEqual(['winner'])
})

test('the routes of one release are no rivals', () => {
  const annotations = {
    'meta.helm.sh/release-name': 'echo',
    'meta.helm.sh/release-namespace': 'shop',
  }
  const routes = ['a', 'b'].map((name) => route(name, { matches: [prefix('/x')] }))
  for (const { metadata } of routes) metadata.annotations = annotations
  expect(allOverlaps(routes)).toEqual([])
})
