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
