import { expect, test } from 'vitest'
import { GATEWAY_API } from '../../../../../src/routing/gateway-api/description.js'
import { badPatterns } from '../../../../../src/routing/gateway-api/diagnosis/facts.js'
import { gatewayRules } from '../../../../../src/routing/gateway-api/diagnosis/rules.js'
import { overlapsOf } from '../../../../../src/routing/gateway-api/overlaps/overlaps.js'
import type { RoutingObject } from '../../../../../src/routing/objects.js'
import { diagnose } from '../../../../../src/verification/diagnosis/diagnose.js'
import { errorCounts } from '../../../../support/answer-errors.js'

const parentRefs = [{ name: 'public', namespace: 'gateways' }]

function route(name: string, matches: object[], creationTimestamp: string): RoutingObject {
  const backendRefs = [{ name: `${name}-v1`, port: 80 }]
  return {
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'echo', creationTimestamp },
    spec: { parentRefs, rules: [{ matches, backendRefs }] },
  }
}

test('a route of another that comes first explains answers of other routes', () => {
  const path = { type: 'PathPrefix', value: '/echo' }
  const own = route('echo', [{ path }], '2026-02-01T00:00:00Z')
  const other = route('rival', [{ path }], '2026-01-01T00:00:00Z')
  const { texts, answers } = GATEWAY_API
  const causes = diagnose(
    {
      name: 'echo',
      namespace: 'echo',
      texts,
      answers,
      snapshot: {
        name: 'echo',
        namespace: 'echo',
        overlaps: overlapsOf([own, other], ({ metadata }) => metadata.name === 'echo'),
        couldNotLook: [],
      },
      proof: {
        verdict: 'fail',
        url: 'http://proxy:8080',
        convergence: 'fingerprint',
        convergedMs: 5,
        checks: [
          {
            expectation: { kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 },
            verdict: 'fail',
            sent: 100,
            byVersion: {},
            unidentified: 0,
            errors: errorCounts({ 'foreign routes': 100 }),
            interval: [0, 1],
            tolerance: 0.1,
            alpha: 0.01,
            reason: '',
            perPath: {},
            perProxy: {},
            restarts: 0,
            discarded: 0,
            elapsedMs: 100,
            samples: [],
          },
        ],
      },
    },
    gatewayRules({ route: own, otherRoutes: [other] }),
  )
  const ids = causes.map(({ id }) => id)
  expect(ids[0]).toBe('rival-route')
  expect(ids).not.toContain('old-routes')
})

test.each([
  ['/items/[0-9]+', []],
  ['/(?P<item>[a-z]+)', []],
  ['(?i)/items', []],
  ['/(?=a)', ['/(?=a)']],
  ['/[', ['/[']],
])('%s: what RE2 rejects of it', (value, bad) => {
  const path = { type: 'RegularExpression', value }
  expect(badPatterns(route('echo', [{ path }], ''))).toEqual(bad)
})

/** Causes by the objects alone. */
function causesIn(gateway: Parameters<typeof gatewayRules>[0]): string[] {
  const { texts, answers } = GATEWAY_API
  const app = { name: 'echo', namespace: 'echo' }
  return diagnose(
    { ...app, texts, answers, snapshot: { ...app, couldNotLook: [] } },
    gatewayRules(gateway),
  ).map(({ id, title }) => `${id}: ${title}`)
}

const MIRROR = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'echo-v1' }, percent: 20 } }

test.each<[controller: string, rule: object, cause: string | undefined]>([
  ['traefik.io/gateway-controller', { timeouts: { request: '1s' } }, 'timeouts, and Traefik ignores it'],
  [
    'traefik.io/gateway-controller',
    { filters: [MIRROR] },
    'mirror, and Traefik answers 500 to every request of the rule',
  ],
  [
    'projectcontour.io/gateway-controller',
    { filters: [MIRROR] },
    'share of a mirror, and Contour copies every request',
  ],
  ['projectcontour.io/gateway-controller', { timeouts: { request: '1s' } }, undefined],
  ['gateway.envoyproxy.io/gatewayclass-controller', { filters: [MIRROR] }, undefined],
  ['example.com/unknown', { filters: [MIRROR] }, undefined],
])('%s and %j: what it does not serve is named', (controllerName, rule, cause) => {
  const own = route('echo', [], '')
  const [first] = (own.spec as { rules: object[] }).rules
  Object.assign(first!, rule)
  const gateways: RoutingObject[] = [
    {
      kind: 'Gateway',
      metadata: { name: 'public', namespace: 'gateways' },
      spec: {
        gatewayClassName: 'own',
        listeners: [{ name: 'http', port: 80, allowedRoutes: { namespaces: { from: 'All' } } }],
      },
    },
  ]
  const accepted = { conditions: [{ type: 'Accepted', status: 'True' }] }
  const classes = [
    { kind: 'GatewayClass', metadata: { name: 'own' }, spec: { controllerName }, status: accepted },
  ]
  const expected = cause === undefined ? [] : [`field-not-served: the HTTPRoute has ${cause}`]
  expect(causesIn({ route: own, gateways, classes })).toEqual(expected)
})

test.each([
  ['no grant', [], true],
  ['a grant of another namespace', [{ namespace: 'third' }], true],
  ['a grant for all its Services', [{ namespace: 'elsewhere' }], false],
  ['a grant for another Service', [{ namespace: 'elsewhere', name: 'other' }], true],
])('a Service of another namespace, %s', (_title, granted, isMissing) => {
  const own = route('echo', [], '')
  const [rule] = (own.spec as { rules: { backendRefs: object[] }[] }).rules
  rule!.backendRefs = [{ name: 'echo-v1', namespace: 'elsewhere', port: 80 }]
  const grants = granted.map(({ namespace, ...to }: { namespace: string; name?: string }): RoutingObject => ({
    kind: 'ReferenceGrant',
    metadata: { name: 'echo', namespace },
    spec: { from: [{ kind: 'HTTPRoute', namespace: 'echo' }], to: [{ kind: 'Service', ...to }] },
  }))
  const causes = causesIn({ route: own, grants }).filter((cause) =>
    cause.startsWith('reference-grant-missing'),
  )
  expect(causes).toHaveLength(isMissing ? 1 : 0)
})
