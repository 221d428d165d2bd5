import { describe, expect, test } from 'vitest'
import type { KubeAccess } from '../../../../../src/cluster/open.js'
import type { JsonObject } from '../../../../../src/model/values.js'
import { refusals } from '../../../../../src/routing/gateway-api/gateway/attachment.js'
import {
  listenersOf,
  listenerToProbe,
  unservedClass,
} from '../../../../../src/routing/gateway-api/gateway/gateways.js'
import { allOverlaps } from '../../../../../src/routing/gateway-api/overlaps/overlaps.js'
import { parentRefsOf, parentsOfValues } from '../../../../../src/routing/gateway-api/values.js'
import type { RoutingObject } from '../../../../../src/routing/objects.js'
import { openRouting } from '../../../../../src/routing/select.js'

interface ListenerSpec {
  name: string
  port: number
  protocol: 'HTTP' | 'HTTPS'
  hostname?: string
  allowedRoutes?: object
}

const FOR_ALL = { namespaces: { from: 'All' } }

function gateway(namespace: string, ...listeners: ListenerSpec[]): RoutingObject {
  return {
    kind: 'Gateway',
    metadata: { name: 'public', namespace },
    spec: {
      gatewayClassName: 'eg',
      listeners: listeners.map((one) => ({ allowedRoutes: FOR_ALL, ...one })),
    },
    status: { addresses: [{ value: '192.0.2.1' }] },
  }
}

const HTTP: ListenerSpec = { name: 'http', port: 80, protocol: 'HTTP' }

/** A cluster with these Gateways alone. */
function cluster(...gateways: RoutingObject[]): KubeAccess {
  const api = {
    find: ({ name, namespace }: { name: string; namespace?: string }) =>
      Promise.resolve(
        gateways.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
      ),
    list: () => Promise.resolve({ items: gateways }),
  }
  return { api, options: () => Promise.resolve({}) } as unknown as KubeAccess
}

function hostFor(routes: JsonObject, ...gateways: RoutingObject[]): Promise<string | undefined> {
  const values = { routes: { provider: 'gateway-api', ...routes } }
  return openRouting(cluster(...gateways))
    .of(values, 'echo')
    .host(values)
}

describe('a parentRef', () => {
  test('without a namespace means a Gateway of the app’s own', async () => {
    const elsewhere = gateway('gateways', { ...HTTP, hostname: 'elsewhere.example' })
    const here = gateway('echo', { ...HTTP, hostname: 'here.example' })
    const named = { gateway: { name: 'public' } }
    expect(await hostFor(named, elsewhere, here)).toBe('here.example')
    const provider = openRouting(cluster(elsewhere)).of(
      { routes: { provider: 'gateway-api', ...named } },
      'echo',
    )
    await expect(provider.proxyAddress()).rejects.toThrow('There is no Gateway public in namespace echo.')
  })

  test('is of the Gateway API and a Gateway unless it says otherwise', () => {
    const written = [
      { name: 'a' },
      { name: 'b', group: 'gateway.networking.k8s.io', kind: 'Gateway' },
      { name: 'c', kind: 'Service', group: '' },
      { name: 'd', group: 'networking.istio.io' },
    ]
    expect(parentRefsOf(written, 'echo').map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('of another group is another parent, whatever its name', () => {
    const route = (name: string, group?: string): RoutingObject => ({
      kind: 'HTTPRoute',
      metadata: { name, namespace: 'echo' },
      spec: { parentRefs: [{ name: 'public', ...(group ? { group } : {}) }], rules: [{}] },
    })
    expect(allOverlaps([route('a'), route('b', 'gateway.networking.k8s.io')])).toHaveLength(1)
    expect(allOverlaps([route('a'), route('b', 'networking.istio.io')])).toEqual([])
  })

  test.each([
    [{ sectionName: 'https' }, undefined],
    [{ port: 443 }, undefined],
    [{ sectionName: 'https', port: 80 }, 'missing-listener'],
    [{ port: 8080 }, 'missing-listener'],
  ])('names listeners by section and port: %j', (which, kind) => {
    const there = gateway('gateways', HTTP, { name: 'https', port: 443, protocol: 'HTTPS' })
    const values = { routes: { gateway: { name: 'public', namespace: 'gateways', ...which } } }
    const asking = { namespace: 'echo', parents: parentsOfValues(values, 'echo'), hostnames: [] }
    expect(refusals(asking, { gateways: [there] })?.[0]?.kind).toBe(kind)
  })
})

describe('the host to probe', () => {
  const parent = { gateway: { name: 'public', namespace: 'gateways' } }

  test.each<[title: string, routes: JsonObject, listener: ListenerSpec, host: string | undefined]>([
    [
      'is the listener’s for routes without any',
      {},
      { ...HTTP, hostname: 'App.example.com' },
      'app.example.com',
    ],
    ['is the route’s at a listener for all', { hostnames: ['a.example.com'] }, HTTP, 'a.example.com'],
    [
      'is one that both serve',
      { hostnames: ['a.example.org', '*.example.com'] },
      { ...HTTP, hostname: 'b.example.com' },
      'b.example.com',
    ],
    [
      'is the route’s below a wildcard of the listener',
      { hostnames: ['a.example.org', 'a.example.com'] },
      { ...HTTP, hostname: '*.example.com' },
      'a.example.com',
    ],
    ['is none where any will do', {}, HTTP, undefined],
  ])('%s', async (_title, routes, listener, host) => {
    expect(await hostFor({ ...parent, ...routes }, gateway('gateways', listener))).toBe(host)
  })

  test('is the values’ where the Gateway cannot be read', async () => {
    expect(await hostFor({ ...parent, hostnames: ['a.example.com'] })).toBe('a.example.com')
  })
})

describe('the listener to probe', () => {
  const parent = (which: object = {}) =>
    parentsOfValues({ routes: { gateway: { name: 'public', namespace: 'gateways', ...which } } }, 'echo')[0]
  const HTTPS: ListenerSpec = { name: 'https', port: 443, protocol: 'HTTPS' }

  test.each<[title: string, listeners: ListenerSpec[], which: object, hosts: string[], name: string]>([
    ['HTTP before HTTPS', [HTTPS, HTTP], {}, ['*'], 'http'],
    ['the one that is named', [HTTPS, HTTP], { sectionName: 'https' }, ['*'], 'https'],
    [
      'one for the app’s host',
      [
        { ...HTTP, hostname: 'a.example' },
        { ...HTTPS, hostname: 'b.example' },
      ],
      {},
      ['b.example'],
      'https',
    ],
    [
      'one that takes routes of the app’s namespace',
      [{ ...HTTP, allowedRoutes: { namespaces: { from: 'Same' } } }, HTTPS],
      {},
      ['*'],
      'https',
    ],
  ])('is %s', (_title, listeners, which, hosts, name) => {
    const there = gateway('gateways', ...listeners)
    expect(listenerToProbe(there, parent(which), hosts)?.name).toBe(name)
    expect(listenersOf(there)).toHaveLength(listeners.length)
  })
})

describe('the Gateways to choose among', () => {
  test('those that take routes of the namespace come first; the others say why not', async () => {
    const closed = gateway('infra', { ...HTTP, allowedRoutes: { namespaces: { from: 'Same' } } })
    const open = gateway('gateways', { ...HTTP, hostname: '*.example.com' })
    const found = await openRouting(cluster(closed, open)).gateways('echo')
    expect(found.filter(({ provider }) => provider === 'gateway-api')).toEqual([
      {
        provider: 'gateway-api',
        gateway: { namespace: 'gateways', name: 'public' },
        description: 'Gateway gateways/public (class eg; http at port 80 for *.example.com)',
      },
      {
        provider: 'gateway-api',
        gateway: { namespace: 'infra', name: 'public' },
        description: 'Gateway infra/public (class eg; http at port 80)',
        refused:
          'Gateway infra/public does not admit namespace echo: listener http takes routes of namespace infra alone',
      },
    ])
  })

  test('an install whose values name none ends with the commands that do', async () => {
    const view = await openRouting(cluster(gateway('gateways', HTTP)))
      .of({ routes: { provider: 'gateway-api' } }, 'echo')
      .view()
    const app = { name: 'echo', namespace: 'echo' }
    expect(
      view.missingAttachment(app, { routes: { provider: 'gateway-api' } }, 'canary install echo v1'),
    ).toEqual({
      problem: 'The values name no Gateway',
      details: ['Gateway gateways/public (class eg; http at port 80)'],
      nextSteps: [
        'canary install echo v1 --gateway gateways/public',
        'or name it in the values: routes.gateway.name and routes.gateway.namespace',
      ],
    })
  })
})

test('an install behind a Gateway that no controller works on is refused', async () => {
  const values = { routes: { provider: 'gateway-api', gateway: { name: 'public', namespace: 'gateways' } } }
  const app = { name: 'echo', namespace: 'echo' }
  const missingFor = async (status: object) => {
    const view = await openRouting(cluster({ ...gateway('gateways', HTTP), status }))
      .of(values, 'echo')
      .view()
    return view.missingAttachment(app, values, 'canary install echo v1')
  }
  expect(await missingFor({})).toMatchObject({
    problem: 'No controller works on the Gateway',
    details: ['Gateway gateways/public: no controller has looked at it: it has no status'],
  })
  const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted' }
  // Without a load balancer requests come by a port-forward.
  const noAddress = { type: 'Programmed', status: 'False', reason: 'AddressNotAssigned' }
  expect(await missingFor({ conditions: [accepted, noAddress] })).toBeUndefined()
})

describe('a GatewayClass that no controller accepted', () => {
  const pending = { type: 'Accepted', status: 'Unknown', reason: 'Pending' }
  const classOf = (controllerName: string, status = 'Unknown'): RoutingObject => ({
    kind: 'GatewayClass',
    metadata: { name: 'contour' },
    spec: { controllerName },
    status: { conditions: [{ ...pending, status }] },
  })
  const programmed = (observedGeneration: number): RoutingObject => ({
    kind: 'Gateway',
    metadata: { name: 'public', namespace: 'gateways', generation: 2 },
    status: { conditions: [{ type: 'Programmed', status: 'True', observedGeneration }] },
  })
  const CONTOUR = 'projectcontour.io/gateway-controller'

  test('serves a Gateway that Contour was given by name', () => {
    expect(unservedClass(programmed(2), classOf(CONTOUR))).toBeUndefined()
  })

  test.each([
    ['that another implementation programmed', programmed(2), classOf('example.com/controller')],
    ['of which an older generation was programmed', programmed(1), classOf(CONTOUR)],
    ['whose class is refused', programmed(2), classOf(CONTOUR, 'False')],
  ])('does not serve a Gateway %s', (_what, gateway, gatewayClass) => {
    expect(unservedClass(gateway, gatewayClass)?.conditions).toHaveLength(1)
  })
})
