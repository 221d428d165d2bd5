import { describe, expect, test } from 'vitest'
import type { ProxyState } from '../../../../src/sandbox/gateway/proxy-feed.js'
import { translate } from '../../../../src/sandbox/gateway/gloo/translate.js'
import { choose } from '../../../../src/sandbox/proxy/choice.js'
import { seededRandom } from '../../../../src/sandbox/random.js'
import {
  routeTable,
  single,
  to,
  upstream,
  virtualService,
  weighted,
} from '../../../contract/routing/objects.js'

const endpoint = (version: string) => ({ ip: version, port: 8080, labels: { app: 'echo', version } })

/** A proxy that serves one table of echo. */
function proxy(
  route: object,
  { versions = ['v1', 'v2'], subsetSpec }: { versions?: string[]; subsetSpec?: object } = {},
): ProxyState {
  const echo = upstream('echo')
  if (subsetSpec) echo.spec.kube.subsetSpec = { ...echo.spec.kube.subsetSpec, ...subsetSpec }
  const { config } = translate({
    virtualServices: [virtualService()],
    routeTables: [routeTable('echo', [route])],
    upstreams: [echo],
  })
  return { config, endpoints: new Map([['echo_echo', versions.map(endpoint)]]) }
}

function ask(state: ProxyState, host = 'any', random = Math.random): string {
  const head = { method: 'GET', path: '/echo', query: new URLSearchParams(), headers: {} }
  const choice = choose(state, host, head, random)
  if (choice.to === 'endpoint') return choice.endpoint.ip
  return choice.to === 'nowhere' ? choice.why : choice.to
}

/** All answers there are, by many requests. */
function answers(state: ProxyState): string[] {
  const random = seededRandom(1)
  return [...new Set(Array.from({ length: 200 }, () => ask(state, 'any', random)))].sort()
}

describe('a version without ready pods', () => {
  const onlyV1 = { versions: ['v1'] }
  test.each([
    ['is answered by any other, by default', {}, ['v1']],
    ['is answered by none with NO_FALLBACK', { fallbackPolicy: 'NO_FALLBACK' }, ['no healthy upstream']],
    [
      'is answered by the default subset with DEFAULT_SUBSET',
      { fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { values: { version: 'v1' } } },
      ['v1'],
    ],
    [
      'is not answered by a default subset that is empty',
      { fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { values: { version: 'v3' } } },
      ['no healthy upstream'],
    ],
  ])('%s', (_, subsetSpec, expected) => {
    expect(answers(proxy(single('echo', 'v2'), { ...onlyV1, subsetSpec }))).toEqual(expected)
  })

  test('takes down its share of a weighted route with NO_FALLBACK', () => {
    const state = proxy(weighted('echo', { v1: 50, v2: 50 }), {
      ...onlyV1,
      subsetSpec: { fallbackPolicy: 'NO_FALLBACK' },
    })
    expect(answers(state)).toEqual(['no healthy upstream', 'v1'])
  })
})

test('with NO_FALLBACK, a route without a subset has no upstream', () => {
  const { upstream: echo } = to('echo', 'v1') as { upstream: object }
  const route = { matchers: [{ prefix: '/echo' }], routeAction: { single: { upstream: echo } } }
  expect(answers(proxy(route))).toEqual(['v1', 'v2'])
  expect(answers(proxy(route, { subsetSpec: { fallbackPolicy: 'NO_FALLBACK' } }))).toEqual([
    'no healthy upstream',
  ])
})

test.each([
  ['100/0', { v1: 100, v2: 0 }, ['v1']],
  ['0/100', { v1: 0, v2: 100 }, ['v2']],
  ['1/1', { v1: 1, v2: 1 }, ['v1', 'v2']],
])('weights %s', (_, weights, expected) => {
  expect(answers(proxy(weighted('echo', weights)))).toEqual(expected)
})

test('the same seed gives the same choices', () => {
  const state = proxy(weighted('echo', { v1: 50, v2: 50 }))
  const [one, other] = [seededRandom(7), seededRandom(7)]
  for (let left = 50; left > 0; left -= 1) expect(ask(state, 'any', one)).toBe(ask(state, 'any', other))
})

describe('the virtual host of a request', () => {
  const domains = ['*', '*.example.com', '*.shop.example.com', 'shop.*', 'shop.example.com']
  const services = domains.map((domain, index) => {
    const service = virtualService()
    service.metadata.name = `vs${index}`
    service.spec.virtualHost = {
      domains: [domain],
      routes: [{ directResponseAction: { status: 200, body: domain } }],
    }
    return service
  })
  const { config } = translate({ virtualServices: services, routeTables: [], upstreams: [] })
  test.each([
    ['shop.example.com', 'shop.example.com'],
    ['SHOP.example.com:8080', 'shop.example.com'],
    ['a.shop.example.com', '*.shop.example.com'],
    ['blog.example.com', '*.example.com'],
    ['shop.example.org', 'shop.*'],
    ['127.0.0.1:31234', '*'],
  ])('%s is %s', (host, expected) => {
    const head = { method: 'GET', path: '/', query: new URLSearchParams(), headers: {} }
    expect(choose({ config, endpoints: new Map() }, host, head, Math.random)).toMatchObject({
      to: 'proxy',
      action: { body: expected },
    })
  })
})
