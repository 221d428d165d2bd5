import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import {
  serve,
  prefix,
  to,
  rule,
  route,
  ask,
  counts,
  conditions,
  useConformanceWorld,
} from './conformance-world.js'

useConformanceWorld()

describe('weights and references', () => {
  test('requests are shared by weight; one without a weight counts 1, one of 0 gets none', async () => {
    serve([
      route([
        rule([prefix('/')], to('a', 70), to('b', 30), to('c', 0)),
        rule([prefix('/one')], to('a'), to('b', 0)),
      ]),
    ])
    const shares = await counts('/', 400)
    expect(Object.keys(shares).sort()).toEqual(['200 a', '200 b'])
    expect(shares['200 a']).toBeGreaterThan(240) // four standard deviations below 280
    expect(shares['200 a']).toBeLessThan(320)
    expect(await counts('/one', 20)).toEqual({ '200 a': 20 })
  })

  test.each([
    ['a Service that is not there', [to('none')], 'BackendNotFound'],
    ['a port that it does not have', [{ name: 'a', port: 81 }], 'PortNotFound'],
    ['a kind that is not known', [to('a', 1, { group: 'x.io', kind: 'Thing' })], 'InvalidKind'],
    ['another namespace without a grant', [to('a', 1, { namespace: 'other' })], 'RefNotPermitted'],
  ])('%s: 500', async (_, refs, reason) => {
    serve([route([rule([prefix('/')], ...refs)])])
    expect(await counts('/', 5)).toEqual({ '500': 5 })
    expect(conditions()).toEqual(['Accepted=True Accepted', `ResolvedRefs=False ${reason}`])
  })

  test('the share of a bad reference fails, and no other', async () => {
    serve([route([rule([prefix('/')], to('a', 1), to('none', 1))])])
    const shares = await counts('/', 60)
    expect(Object.keys(shares).sort()).toEqual(['200 a', '500'])
  })

  test.each([
    ['weights that are all 0', [to('a', 0), to('b', 0)]],
    ['no reference at all', []],
  ])('%s: 500', async (_, refs) => {
    serve([route([rule([prefix('/')], ...refs)])])
    expect(await counts('/', 5)).toEqual({ '500': 5 })
  })

  test('a Service without endpoints: 503, and a condition of its own', async () => {
    serve([route([rule([prefix('/')], to('a'))])], { empty: ['a'] })
    expect(await counts('/', 5)).toEqual({ '503': 5 })
    expect(conditions()).toContain('BackendsAvailable=False EndpointsNotFound')
  })

  const grant = (namespace: string, from: object, toRef: object): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: 'grant', namespace },
    spec: { from: [from], to: [toRef] },
  })
  const FROM = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'app' }
  const SERVICE = { group: '', kind: 'Service' }
  test.each([
    ['for any Service there', 'other', FROM, SERVICE, '200 a'],
    ['for this Service', 'other', FROM, { ...SERVICE, name: 'a' }, '200 a'],
    ['for another Service', 'other', FROM, { ...SERVICE, name: 'b' }, '500'],
    ['for another kind', 'other', FROM, { group: '', kind: 'Secret' }, '500'],
    ['for another namespace', 'other', { ...FROM, namespace: 'x' }, SERVICE, '500'],
    ['for another kind of route', 'other', { ...FROM, kind: 'GRPCRoute' }, SERVICE, '500'],
    ['in the wrong namespace', 'app', FROM, SERVICE, '500'],
  ])('a ReferenceGrant %s', async (_, namespace, from, toRef, expected) => {
    const rules = [rule([prefix('/')], to('a', 1, { namespace: 'other' }))]
    serve([route(rules)], { grants: [grant(namespace, from, toRef)] })
    expect((await ask('/')).answer).toBe(expected)
  })
})
