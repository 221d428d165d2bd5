import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../../src/model/values.js'
import { readHandMade } from '../../../../../src/routing/gateway-api/takeover/hand-made.js'

const parentRefs = [{ kind: 'Gateway', name: 'public', namespace: 'gateways', sectionName: 'http' }]
const path = { type: 'PathPrefix', value: '/echo' }
const header = { type: 'Exact', name: 'stage', value: 'canary' }
const ref = (version: string, weight?: number): JsonObject => ({
  kind: 'Service',
  name: `echo-${version}`,
  port: 80,
  ...(weight === undefined ? {} : { weight }),
})
const main = (...backendRefs: JsonObject[]): JsonObject => ({ matches: [{ path }], backendRefs })
const pinned = (...backendRefs: JsonObject[]): JsonObject => ({
  matches: [{ path, headers: [header] }],
  backendRefs,
})

function read(rules: JsonObject[], spec: JsonObject = {}) {
  const services = ['v1', 'v2', 'v3'].map((version) => ({
    kind: 'Service',
    metadata: { name: `echo-${version}` },
    spec: { selector: { app: 'echo', version } },
  }))
  const route = { kind: 'HTTPRoute', metadata: { name: 'echo' }, spec: { parentRefs, rules, ...spec } }
  return readHandMade('echo', 'echo', [...services, route])!
}

const CANARY = { version: 'v2', headers: { stage: 'canary' } }

test.each<[stage: string, rules: JsonObject[], primary: string, canary: object | undefined]>([
  ['stable', [main(ref('v1'))], 'v1', undefined],
  ['header', [pinned(ref('v2')), main(ref('v1'))], 'v1', CANARY],
  ['weighted', [pinned(ref('v2')), main(ref('v1', 50), ref('v2', 50))], 'v1', { ...CANARY, weight: 50 }],
  ['weighted 9 to 1', [main(ref('v1', 9), ref('v2', 1)), pinned(ref('v2'))], 'v1', { ...CANARY, weight: 10 }],
  ['shifted', [pinned(ref('v2')), main(ref('v1', 0), ref('v2', 100))], 'v1', { ...CANARY, weight: 100 }],
  [
    'deployed, with zeros in both rules',
    [main(ref('v1', 100), ref('v2', 0)), pinned(ref('v1', 100), ref('v2', 0))],
    'v1',
    undefined,
  ],
])('%s is read from the rules, in either order', (_stage, rules, primary, canary) => {
  const found = read(rules)
  expect(found).toMatchObject({ primary, odd: [] })
  expect(found.canary).toEqual(canary)
  expect(found.routes).toEqual({
    provider: 'gateway-api',
    gateway: { name: 'public', namespace: 'gateways', sectionName: 'http' },
    matches: [{ prefix: '/echo' }],
  })
})

test('hosts, methods, query and several Gateways are carried, with the features that they need', () => {
  const match = {
    path: { type: 'Exact', value: '/a' },
    method: 'GET',
    queryParams: [{ name: 'q', value: '1' }],
  }
  const { routes } = read([{ matches: [match], backendRefs: [ref('v1')] }], {
    hostnames: ['a.example'],
    parentRefs: [{ name: 'one' }, { name: 'two', port: 80 }],
  })
  expect(routes).toEqual({
    provider: 'gateway-api',
    hostnames: ['a.example'],
    parentRefs: [{ name: 'one' }, { name: 'two', port: 80 }],
    gateway: {
      features: ['HTTPRouteParentRefPort', 'HTTPRouteMethodMatching', 'HTTPRouteQueryParamMatching'],
    },
    matches: [{ exact: '/a', methods: ['GET'], query: { q: '1' } }],
  })
})

const mirror = { type: 'RequestMirror', requestMirror: { backendRef: ref('v2') } }

test.each<[what: string, rules: JsonObject[], spec: JsonObject, odd: string]>([
  [
    'a timeout',
    [{ ...main(ref('v1')), timeouts: { request: '1s' } }],
    {},
    'rules[0].timeouts: the import carries',
  ],
  ['a filter', [{ ...main(ref('v1')), filters: [mirror] }], {}, 'rules[0].filters'],
  ['a third rule', [main(ref('v1')), pinned(ref('v2')), pinned(ref('v2'))], {}, 'rules[2]: the chart makes'],
  ['a Service of others', [main({ name: 'other', port: 80 })], {}, 'other is no Service of the release'],
  ['a Service of another namespace', [main({ ...ref('v1'), namespace: 'b' })], {}, 'echo-v1 is no Service'],
  ['filters of a backend', [main({ ...ref('v1'), filters: [mirror] })], {}, 'rules[0].backendRefs.filters'],
  [
    'a weight without a header rule',
    [main(ref('v1', 1), ref('v2', 1))],
    {},
    'no rule for the canary headers',
  ],
  ['three versions', [pinned(ref('v2')), main(ref('v1'), ref('v2'), ref('v3'))], {}, 'no whole percentages'],
  ['a third', [pinned(ref('v2')), main(ref('v1', 2), ref('v2', 1))], {}, 'no whole percentages'],
  ['a header rule to both', [pinned(ref('v1'), ref('v2')), main(ref('v1'))], {}, 'leads to several versions'],
  [
    'another path for the canary',
    [main(ref('v1')), { matches: [{ path: { value: '/b' }, headers: [header] }], backendRefs: [ref('v2')] }],
    {},
    'its matches are not those of rules[0]',
  ],
  ['no Gateway', [main(ref('v1'))], { parentRefs: [] }, 'names no Gateway'],
  [
    'another kind of parent',
    [main(ref('v1'))],
    { parentRefs: [{ kind: 'Service', group: '', name: 'a' }] },
    'is no Gateway',
  ],
])('%s is named, as the import cannot carry it', (_what, rules, spec, odd) => {
  expect(read(rules, spec).odd.join('\n')).toContain(odd)
})
