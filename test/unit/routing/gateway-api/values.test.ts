import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { roleOf } from '../../../../src/model/routing.js'
import { fingerprintOf } from '../../../../src/routing/gateway-api/fingerprint.js'
import { KINDS } from '../../../../src/routing/gateway-api/kinds.js'
import { hostOf, versionHeaderOf } from '../../../../src/routing/gateway-api/values.js'

function httpRoute(...set: JsonObject[]): JsonObject {
  const filters: JsonObject[] = [
    { type: 'URLRewrite', urlRewrite: { hostname: 'a' } },
    { type: 'ResponseHeaderModifier', responseHeaderModifier: { set } },
  ]
  return { kind: 'HTTPRoute', spec: { rules: [{ filters }, { filters }] } }
}

const named = (fingerprintHeader: string): JsonObject => ({ routes: { fingerprintHeader } })

test('the fingerprint is the value that the rules set for its header, whatever its case', () => {
  const objects = [
    { kind: 'Service' },
    httpRoute({ name: 'a', value: 'b' }, { name: 'X-Canary-Routes', value: '0123456789ab' }),
  ]
  expect(fingerprintOf(objects, named('x-canary-routes'))).toEqual({
    header: 'x-canary-routes',
    value: '0123456789ab',
  })
})

test.each<[title: string, objects: JsonObject[], values: JsonObject]>([
  ['without a name for its header', [httpRoute({ name: 'a', value: 'b' })], named('')],
  ['where the rules set other headers', [httpRoute({ name: 'a', value: 'b' })], named('x')],
  ['without routes', [{ kind: 'Service' }], named('x')],
  ['in a rule without filters', [{ kind: 'HTTPRoute', spec: { rules: [{}] } }], named('x')],
  ['in values that are none', [httpRoute()], { routes: null }],
])('there is no fingerprint %s', (_title, objects, values) => {
  expect(fingerprintOf(objects, values)).toBeUndefined()
})

test('the host to probe is the first that is no wildcard', () => {
  expect(hostOf({ routes: { hostnames: ['*.example.com', 'a.example.com', 'b.example.com'] } })).toBe(
    'a.example.com',
  )
  expect(hostOf({ routes: { hostnames: ['*.example.com'] } })).toBeUndefined()
  expect(hostOf({})).toBeUndefined()
})

test('there is a version header only where the values say that the gateway can set it', () => {
  const features = ['HTTPRouteBackendResponseHeaderModification']
  expect(versionHeaderOf({ routes: { versionHeader: 'x', gateway: { features } } })).toBe('x')
  expect(versionHeaderOf({ routes: { versionHeader: '', gateway: { features } } })).toBeUndefined()
  expect(versionHeaderOf({ routes: { versionHeader: 'x', gateway: { name: 'public' } } })).toBeUndefined()
})

test.each([
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'route'],
  ['gateway.networking.k8s.io/v1', 'ReferenceGrant', 'backend'],
  ['gateway.networking.k8s.io/v1', 'BackendTLSPolicy', 'backend'],
  ['gateway.networking.k8s.io/v1', 'Gateway', undefined],
  ['v1', 'Service', undefined],
])('%s %s is of role %s', (apiVersion, kind, role) => {
  expect(roleOf(KINDS, { apiVersion, kind })).toBe(role)
})
