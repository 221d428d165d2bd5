import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applyDefaults } from '../../../../../src/sandbox/api-server/admission/defaults.js'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../../../src/sandbox/api-server/resources.js'
import type { Fault } from '../../../../../src/sandbox/faults.js'
import type { Like } from '../../../../../src/sandbox/gateway/gateway-api/like.js'
import { type Sandbox, startSandbox } from '../../../../../src/sandbox/sandbox.js'
import { httpRoute, versionService } from '../../../../contract/routing/gateway-objects.js'
import { deployment, KINDS, put } from '../../../../contract/routing/objects.js'

let sandbox: Sandbox
beforeEach(() => start('envoy-gateway'))
afterEach(() => sandbox.close())

async function start(like: Like): Promise<void> {
  const quick: [number, number] = [1, 2]
  const pace = { podStartMs: 1, drainMs: 1, routesMs: quick, endpointsMs: quick }
  sandbox = await startSandbox({ ...pace, providers: ['gateway-api'], like })
  const objects = [
    ...['v1', 'v2'].map((version) => deployment('echo', version)),
    ...['v1', 'v2'].map((version) => versionService(`echo-${version}`, 'echo', version)),
    httpRoute('echo', 'echo', {
      parentRefs: [{ name: 'public', namespace: 'gateways' }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/echo' } }],
          backendRefs: [
            { name: 'echo-v1', port: 80, weight: 100 },
            { name: 'echo-v2', port: 80, weight: 0 },
          ],
        },
      ],
    }),
  ]
  for (const object of objects) {
    applyDefaults(KINDS[object.kind]!, object)
    put(sandbox.store, KINDS[object.kind]!, object)
  }
  await expect.poll(answer, LONG).toBe('200 version:echo-v1')
}

const LONG = { timeout: 30_000, interval: 10 }

async function answer(): Promise<string> {
  const got = await fetch(`${sandbox.gatewayUrl}/echo`, { redirect: 'manual' })
  return `${got.status} ${(await got.text()).trim()}`.trim()
}

function conditions(object: KubeObject | undefined): string[] {
  const own = object?.status?.parents?.[0]?.conditions ?? object?.status?.conditions ?? []
  return own.map(({ type, status, reason }: any) => `${type}=${status} ${reason}`)
}

const route = () => sandbox.store.get(RESOURCES.httproutes, 'echo', 'echo')
const gateway = () => sandbox.store.get(RESOURCES.gateways, 'gateways', 'public')

describe('faults of the Gateway API: what users get, what the route says, and back again', () => {
  test.each([
    [{ kind: 'wrong-section', app: 'echo' }, '404', 'Accepted=False NoMatchingParent'],
    [{ kind: 'listener-closed' }, '404', 'Accepted=False NotAllowedByListeners'],
    [{ kind: 'hostnames-apart', app: 'echo' }, '404', 'Accepted=False NoMatchingListenerHostname'],
    [{ kind: 'rival-route', app: 'echo' }, '302', 'RouteRulesOverlap=True RouteRulesOverlap'],
    [{ kind: 'missing-service', app: 'echo', version: 'v1' }, '500', 'ResolvedRefs=False BackendNotFound'],
    [
      { kind: 'no-endpoints', app: 'echo', version: 'v1' },
      '503',
      'BackendsAvailable=False EndpointsNotFound',
    ],
    [{ kind: 'wrong-backend-port', app: 'echo' }, '500', 'ResolvedRefs=False PortNotFound'],
    [{ kind: 'bad-regex', app: 'echo' }, '200 version:echo-v1', 'PartiallyInvalid=True UnsupportedValue'],
    [{ kind: 'mirror-to-nowhere', app: 'echo' }, '500', 'ResolvedRefs=False BackendNotFound'],
  ] as [Fault, string, string][])('%o', async (fault, wanted, said) => {
    const { id } = sandbox.faults.add(fault)
    await expect.poll(answer, LONG).toBe(wanted)
    await expect.poll(() => conditions(route()), LONG).toContain(said)
    sandbox.faults.remove(id)
    await expect.poll(answer, LONG).toBe('200 version:echo-v1')
    await expect
      .poll(() => conditions(route()).join(), LONG)
      .toMatch(
        /^Accepted=True Accepted,(BackendsAvailable=False EndpointsNotFound,)?ResolvedRefs=True ResolvedRefs$/,
      )
  })

  test('without a Gateway no parent says anything', async () => {
    const { id } = sandbox.faults.add({ kind: 'missing-gateway' })
    await expect.poll(() => conditions(route()), LONG).toEqual([])
    sandbox.faults.remove(id)
    await expect.poll(answer, LONG).toBe('200 version:echo-v1')
  })

  test('a port that an older Gateway has', async () => {
    sandbox.faults.add({ kind: 'port-taken' })
    const listener = () =>
      gateway()?.status.listeners[0].conditions.find(({ type }: any) => type === 'Accepted')
    await expect.poll(() => listener().reason, LONG).toBe('PortUnavailable')
  })

  test('a Gateway without an address is not programmed', async () => {
    sandbox.faults.add({ kind: 'gateway-without-address' })
    await expect
      .poll(() => conditions(gateway()), LONG)
      .toEqual(['Accepted=True Accepted', 'Programmed=False AddressNotAssigned'])
    expect(gateway()?.status.addresses).toBeUndefined()
  })

  test('without a controller the class is accepted by nobody, and routes stay as they are', async () => {
    const { id } = sandbox.faults.add({ kind: 'no-controller' })
    const [gatewayClass] = sandbox.store.list(RESOURCES.gatewayclasses)
    expect(conditions(gatewayClass)).toEqual(['Accepted=Unknown Pending'])
    sandbox.store.delete(RESOURCES.httproutes, 'echo', 'echo')
    expect(await answer()).toBe('200 version:echo-v1')
    sandbox.faults.remove(id)
    await expect.poll(answer, LONG).toBe('404')
  })

  test.each(['bad-neighbour', 'neighbour-weights'] as const)('%s freezes the routes of all', async (kind) => {
    const { id } = sandbox.faults.add({ kind })
    await expect
      .poll(() => sandbox.store.get(RESOURCES.httproutes, 'neighbour', 'neighbour-routes'))
      .toBeDefined()
    sandbox.store.delete(RESOURCES.httproutes, 'echo', 'echo')
    await new Promise((later) => setTimeout(later, 50))
    expect(await answer()).toBe('200 version:echo-v1')
    sandbox.faults.remove(id)
    await expect.poll(answer, LONG).toBe('404')
  })
})

test('a second listener is served at a port of its own', async () => {
  const [free] = await ports(1)
  const object = structuredClone(gateway()!)
  object.spec.listeners.push({ ...object.spec.listeners[0], name: 'second', port: free })
  sandbox.store.update(RESOURCES.gateways, object)
  const ask = () =>
    fetch(`http://127.0.0.1:${free}/echo`).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(ask, LONG).toBe(200)
})

async function ports(count: number): Promise<number[]> {
  const { createServer } = await import('node:net')
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((one) => new Promise<void>((ready) => one.listen(0, '127.0.0.1', ready))))
  const found = servers.map((one) => (one.address() as { port: number }).port)
  await Promise.all(servers.map((one) => new Promise((closed) => one.close(closed))))
  return found
}
