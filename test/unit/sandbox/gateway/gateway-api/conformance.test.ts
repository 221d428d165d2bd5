import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { defaultHttpRoute } from '../../../../../src/sandbox/api-server/admission/gateway-api-defaults.js'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import { FaultRegistry } from '../../../../../src/sandbox/faults.js'
import { PROFILES } from '../../../../../src/sandbox/gateway/gateway-api/profile.js'
import { translate, type Translation } from '../../../../../src/sandbox/gateway/gateway-api/translate.js'
import { EMPTY_CONFIG } from '../../../../../src/sandbox/gateway/routes.js'
import type { ProxyState } from '../../../../../src/sandbox/gateway/proxy-feed.js'
import { type GatewayProxy, startProxy } from '../../../../../src/sandbox/proxy/proxy.js'
import { seededRandom } from '../../../../../src/sandbox/random.js'
import { closeServer } from '../../../../../src/sandbox/workloads/close-server.js'
import { gateway, httpRoute, versionService } from '../../../../contract/routing/gateway-objects.js'

// What the Gateway API's conformance tests ask of an implementation, in words and cases of our own.

const profile = PROFILES['envoy-gateway']
/** Requests as the backends saw them. */
let seen: { backend: string; url: string; host: string; headers: IncomingHttpHeaders }[]
let backend: Server
let proxy: GatewayProxy
let state: ProxyState
let translation: Translation

beforeAll(async () => {
  backend = createServer((request, response) => {
    const name = String(request.headers['x-backend'] ?? '')
    seen.push({
      backend: name,
      url: request.url ?? '',
      host: request.headers.host ?? '',
      headers: request.headers,
    })
    response.writeHead(200, { 'x-of-app': 'yes', 'x-list': 'a' }).end(name)
  })
  await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening))
})
afterAll(() => closeServer(backend))
beforeEach(async () => {
  seen = []
  state = { config: EMPTY_CONFIG, endpoints: new Map() }
  proxy = await startProxy({
    state,
    faults: new FaultRegistry(),
    random: seededRandom(5),
    traits: profile.traits,
    portOf: () => (backend.address() as AddressInfo).port,
  })
})
afterEach(() => proxy.close())

interface World {
  gateways?: KubeObject[]
  grants?: KubeObject[]
  /** Backends that have no endpoint. */
  empty?: string[]
}

/** Serves HTTPRoutes; every Service `a` to `d` of namespaces `app` and `other` is there, at port 80. */
function serve(routes: KubeObject[], { gateways, grants = [], empty = [] }: World = {}): void {
  for (const route of routes) defaultHttpRoute(route)
  translation = translate(
    {
      gateways: gateways ?? [gateway('public', 'gateways', profile, proxy.port)],
      routes,
      grants,
      namespaces: ['app', 'other', 'gateways'].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { team: name } },
      })),
      service: (namespace, name) =>
        ['a', 'b', 'c', 'd'].includes(name) ? versionService(name, namespace, 'v1') : undefined,
      endpoints: (_, name) => ({ hasSlice: true, hasReady: !empty.includes(name) }),
      hasSecret: () => true,
      unavailablePorts: new Set(),
    },
    profile,
  )
  state.config = translation.config
  // The name of the backend comes to the one listener that stands for them all.
  for (const { routes: all } of state.config.virtualHosts)
    for (const { action } of all)
      if (action.to === 'clusters')
        for (const { cluster, headers } of action.destinations)
          headers.request.add.push({ name: 'x-backend', value: cluster.split('/')[1] ?? '', append: false })
  state.endpoints = new Map(
    [...state.config.clusters.values()].map(({ name, serviceName }) => [
      name,
      empty.includes(serviceName) ? [] : [{ ip: 'pod', port: 8080, labels: {} }],
    ]),
  )
}

const PARENT = { name: 'public', namespace: 'gateways' }
const prefix = (value: string, more: object = {}) => ({ path: { type: 'PathPrefix', value }, ...more })
const exact = (value: string) => ({ path: { type: 'Exact', value } })
const to = (name: string, weight?: number, more: object = {}) => ({
  name,
  port: 80,
  ...(weight === undefined ? {} : { weight }),
  ...more,
})
const rule = (matches: object[], ...backendRefs: object[]) => ({ matches, backendRefs })

function route(rules: object[], more: object = {}, name = 'app'): KubeObject {
  return httpRoute(name, 'app', { parentRefs: [PARENT], rules, ...more })
}

interface Asked {
  method?: string
  host?: string
  headers?: Record<string, string>
}

async function ask(path: string, { method = 'GET', host, headers = {} }: Asked = {}) {
  const { request } = await import('undici')
  const answer = await request(`http://127.0.0.1:${proxy.port}${path}`, {
    method: method as 'GET',
    headers: { ...headers, ...(host ? { host } : {}) },
  })
  const body = await answer.body.text()
  return {
    status: answer.statusCode,
    body,
    headers: answer.headers,
    answer: `${answer.statusCode} ${body}`.trim(),
  }
}

async function counts(path: string, sent: number): Promise<Record<string, number>> {
  const all: Record<string, number> = {}
  for (let left = sent; left > 0; left -= 1) {
    const { answer } = await ask(path)
    all[answer] = (all[answer] ?? 0) + 1
  }
  return all
}

/** Conditions of the first route at its first parent: `Accepted=True Accepted`. */
function conditions(): string[] {
  const [{ findings, attachments }] = translation.reports as [Translation['reports'][number]]
  const refused = attachments[0]?.refused
  return profile
    .conditions({ ...findings, ...(refused ? { refused } : {}) })
    .map(({ type, status, reason }) => `${type}=${status} ${reason}`)
}

describe('matching', () => {
  test.each([
    ['/pre', '200 a'],
    ['/pre/', '200 a'],
    ['/pre/x?y=1', '200 a'],
    ['/prefix', '404'],
    ['/PRE', '404'],
    ['/slash', '200 b'],
    ['/slash/x', '200 b'],
    ['/slashes', '404'],
    ['/same', '200 c'],
    ['/same?x=1', '200 c'],
    ['/same/', '404'],
    ['/same/x', '404'],
  ])('%s by prefixes of segments and exact paths: %s', async (path, expected) => {
    serve([
      route([
        rule([prefix('/pre')], to('a')),
        rule([prefix('/slash/')], to('b')),
        rule([exact('/same')], to('c')),
      ]),
    ])
    expect((await ask(path)).answer).toBe(expected)
  })

  const several = [
    rule([prefix('/', { headers: [{ name: 'Version', value: 'two' }] })], to('a')),
    rule(
      [
        prefix('/', {
          headers: [
            { name: 'version', value: 'two' },
            { name: 'color', value: 'red' },
          ],
        }),
      ],
      to('b'),
    ),
    rule([prefix('/', { queryParams: [{ name: 'animal', value: 'whale' }] })], to('c')),
    rule([prefix('/', { method: 'POST' }), prefix('/put', { method: 'PUT' })], to('d')),
  ]
  test.each([
    ['a header, whatever its case', '/', { headers: { VERSION: 'two' } }, '200 a'],
    ['a value whose case differs', '/', { headers: { version: 'Two' } }, '404'],
    ['more headers, though listed later', '/', { headers: { version: 'two', color: 'red' } }, '200 b'],
    ['a query parameter', '/?animal=whale', {}, '200 c'],
    ['another value of it', '/?animal=dolphin', {}, '404'],
    ['a method', '/', { method: 'POST' }, '200 d'],
    ['a method before a header', '/', { method: 'POST', headers: { version: 'two' } }, '200 d'],
    ['another match of the same rule', '/put', { method: 'PUT' }, '200 d'],
    ['a header before a query parameter', '/?animal=whale', { headers: { version: 'two' } }, '200 a'],
  ] as [string, string, Asked, string][])('%s', async (_, path, asked, expected) => {
    serve([route(several)])
    expect((await ask(path, asked)).answer).toBe(expected)
  })

  test('an exact path before a longer prefix before a shorter one, wherever they stand', async () => {
    serve([
      route([
        rule([prefix('/')], to('a')),
        rule([prefix('/a')], to('b')),
        rule([prefix('/a/b')], to('c')),
        rule([exact('/a/b')], to('d')),
      ]),
    ])
    expect((await ask('/a/b')).answer).toBe('200 d')
    expect((await ask('/a/b/c')).answer).toBe('200 c')
    expect((await ask('/a/c')).answer).toBe('200 b')
    expect((await ask('/x')).answer).toBe('200 a')
  })

  test.each([
    ['the oldest', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '200 a', '200 a'],
    ['of one second, the first by name', '2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z', '200 b', '200 b'],
  ])('of two routes with the same match, %s', async (_, ofZ, ofB, plain) => {
    const z = route([rule([prefix('/')], to('a'))], {}, 'z')
    const b = route([rule([prefix('/')], to('b')), rule([prefix('/only')], to('c'))], {}, 'b')
    z.metadata.creationTimestamp = ofZ
    b.metadata.creationTimestamp = ofB
    serve([z, b])
    expect((await ask('/')).answer).toBe(plain)
    expect((await ask('/only')).answer).toBe('200 c')
    expect(conditions()).toContain('RouteRulesOverlap=True RouteRulesOverlap')
  })

  test('a route without rules matches everything, and has no backend', async () => {
    serve([route([{}])])
    expect((await ask('/any')).status).toBe(500)
  })
})

describe('hostnames and listeners', () => {
  test.each([
    ['very.specific.com', '200 a'],
    ['VERY.specific.com:80', '200 a'],
    ['wild.example.com', '200 b'],
    ['deep.wild.example.com', '200 b'],
    ['example.com', '404'],
    ['other.org', '404'],
  ])('%s: the most specific hostname', async (host, expected) => {
    serve([
      route([rule([prefix('/')], to('a'))], { hostnames: ['very.specific.com'] }),
      route([rule([prefix('/')], to('b'))], { hostnames: ['*.example.com'] }, 'wild'),
    ])
    expect((await ask('/', { host })).answer).toBe(expected)
  })

  test('a listener narrows the hostnames of a route', async () => {
    const gateways = [gateway('public', 'gateways', profile, proxy.port, { hostname: '*.example.com' })]
    serve([route([rule([prefix('/')], to('a'))], { hostnames: ['a.example.com', 'a.example.org'] })], {
      gateways,
    })
    expect((await ask('/', { host: 'a.example.com' })).answer).toBe('200 a')
    expect((await ask('/', { host: 'a.example.org' })).status).toBe(404)
    expect(conditions()[0]).toBe('Accepted=True Accepted')
  })

  test.each([
    ['an unknown section', { sectionName: 'nosuch' }, {}, 'NoMatchingParent'],
    ['an unknown port', { port: 1 }, {}, 'NoMatchingParent'],
    [
      'a listener of its own namespace alone',
      {},
      { allowedRoutes: { namespaces: { from: 'Same' } } },
      'NotAllowedByListeners',
    ],
    [
      'a listener of other namespaces',
      {},
      { allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'other' } } } } },
      'NotAllowedByListeners',
    ],
    ['hostnames that do not meet', {}, { hostname: 'a.example.org' }, 'NoMatchingListenerHostname'],
  ])('%s does not take a route: %#', async (_, parent, listener, reason) => {
    const gateways = [gateway('public', 'gateways', profile, proxy.port, listener)]
    const parentRefs = [{ ...PARENT, ...parent }]
    serve([route([rule([prefix('/')], to('a'))], { parentRefs, hostnames: ['a.example.com'] })], { gateways })
    expect(conditions()[0]).toBe(`Accepted=False ${reason}`)
    expect(translation.listeners[0]!.attachedRoutes).toBe(0)
    expect((await ask('/', { host: 'a.example.com' })).status).toBe(404)
  })

  test('a namespace chosen by its labels, and the number of routes attached', async () => {
    const selector = { matchExpressions: [{ key: 'team', operator: 'In', values: ['app'] }] }
    const allowedRoutes = { namespaces: { from: 'Selector', selector } }
    serve([route([rule([prefix('/')], to('a'))])], {
      gateways: [gateway('public', 'gateways', profile, proxy.port, { allowedRoutes })],
    })
    expect((await ask('/')).answer).toBe('200 a')
    expect(translation.listeners[0]!.attachedRoutes).toBe(1)
  })

  test('a route whose Gateway is not there is reported by nobody', () => {
    serve([route([rule([prefix('/')], to('a'))], { parentRefs: [{ name: 'gone' }] })])
    expect(translation.reports[0]!.attachments).toEqual([])
  })

  test('two Gateways on one port: the younger does not get it', () => {
    const [one, other] = ['one', 'other'].map((name) => gateway(name, 'gateways', profile, proxy.port))
    serve([], { gateways: [other!, one!] })
    expect(
      translation.listeners.map(({ gateway: { metadata }, problem }) => [metadata.name, problem]),
    ).toEqual([
      ['one', undefined],
      ['other', 'PortUnavailable'],
    ])
  })
})

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

describe('filters', () => {
  const filtered = (filters: object[], matches = [prefix('/pre')]) =>
    route([{ matches, filters, backendRefs: [to('a')] }])

  test('request headers are set, added and removed', async () => {
    const requestHeaderModifier = {
      set: [{ name: 'X-Set', value: 'new' }],
      add: [{ name: 'X-Add', value: 'more' }],
      remove: ['X-Gone'],
    }
    serve([filtered([{ type: 'RequestHeaderModifier', requestHeaderModifier }])])
    await ask('/pre', { headers: { 'x-set': 'old', 'x-add': 'some', 'x-gone': 'yes' } })
    expect(seen[0]!.headers).toMatchObject({ 'x-set': 'new', 'x-add': 'some, more' })
    expect(seen[0]!.headers).not.toHaveProperty('x-gone')
  })

  test('response headers too, also of one backend, and on a 500 of the proxy', async () => {
    const responseHeaderModifier = {
      set: [{ name: 'X-Routes', value: 'h' }],
      add: [{ name: 'X-List', value: 'b' }],
      remove: ['X-Of-App'],
    }
    const filter = { type: 'ResponseHeaderModifier', responseHeaderModifier }
    const own = { responseHeaderModifier: { set: [{ name: 'x-version', value: 'v1' }] }, type: filter.type }
    serve([
      route([
        { matches: [prefix('/pre')], filters: [filter], backendRefs: [to('a', 1, { filters: [own] })] },
        { matches: [prefix('/bad')], filters: [filter], backendRefs: [to('none')] },
      ]),
    ])
    const { headers } = await ask('/pre')
    expect(headers).toMatchObject({ 'x-routes': 'h', 'x-version': 'v1', 'x-list': ['a', 'b'] })
    expect(headers).not.toHaveProperty('x-of-app')
    expect((await ask('/bad')).headers).toMatchObject({ 'x-routes': 'h' })
  })

  test.each([
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/' }, '/pre', '/'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/' }, '/pre/x?y=1', '/x?y=1'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/new/' }, '/pre/x', '/new/x'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' }, '/pre', '/new'],
    [{ type: 'ReplaceFullPath', replaceFullPath: '/all' }, '/pre/x?y=1', '/all?y=1'],
  ])('a path is rewritten by %o: %s to %s', async (path, from, expected) => {
    serve([filtered([{ type: 'URLRewrite', urlRewrite: { hostname: 'in.example.com', path } }])])
    await ask(from)
    expect(seen[0]).toMatchObject({ url: expected, host: 'in.example.com' })
  })

  test.each([
    [{}, 302, 'http://a.org:PORT/pre/x?y=1'],
    [{ hostname: 'b.org', statusCode: 301 }, 301, 'http://b.org:PORT/pre/x?y=1'],
    [{ scheme: 'https' }, 302, 'https://a.org/pre/x?y=1'],
    [{ scheme: 'https', port: 8443 }, 302, 'https://a.org:8443/pre/x?y=1'],
    [{ port: 80 }, 302, 'http://a.org/pre/x?y=1'],
    [
      { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' }, statusCode: 308 },
      308,
      'http://a.org:PORT/new/x?y=1',
    ],
    [{ path: { type: 'ReplaceFullPath', replaceFullPath: '/all' } }, 302, 'http://a.org:PORT/all?y=1'],
  ])('a redirect by %o', async (requestRedirect, status, location) => {
    serve([route([{ matches: [prefix('/pre')], filters: [{ type: 'RequestRedirect', requestRedirect }] }])])
    const answer = await ask('/pre/x?y=1', { host: 'a.org' })
    expect(answer.status).toBe(status)
    expect(answer.headers.location).toBe(location.replace('PORT', String(proxy.port)))
  })

  const mirror = (name: string, more: object = {}) => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: { name, port: 80 }, ...more },
  })
  const copies = (name: string) => proxy.counters.cluster(`app/${name}/80`).upstream_rq_total

  test.each([
    ['all', [mirror('b')], { b: [40, 40] }],
    ['by several mirrors', [mirror('b'), mirror('c')], { b: [40, 40], c: [40, 40] }],
    ['by percent', [mirror('b', { percent: 50 })], { b: [8, 32] }],
    ['none of them', [mirror('b', { percent: 0 })], { b: [0, 0] }],
    ['by a fraction', [mirror('b', { fraction: { numerator: 1, denominator: 2 } })], { b: [8, 32] }],
  ] as [string, object[], Record<string, [number, number]>][])(
    'requests are mirrored: %s',
    async (_, filters, wanted) => {
      serve([filtered(filters)])
      expect(await counts('/pre', 40)).toEqual({ '200 a': 40 })
      for (const [name, [least, most]] of Object.entries(wanted)) {
        expect(copies(name)).toBeGreaterThanOrEqual(least)
        expect(copies(name)).toBeLessThanOrEqual(most)
      }
    },
  )

  test('pages of allowed origins may ask, by a preflight and by the request', async () => {
    const cors = {
      allowOrigins: ['https://*.example.com'],
      allowMethods: ['PUT'],
      exposeHeaders: ['x-of-app'],
      maxAge: 60,
    }
    serve([filtered([{ type: 'CORS', cors }])])
    const origin = 'https://shop.example.com'
    const before = await ask('/pre', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    })
    expect(before).toMatchObject({
      status: 200,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-max-age': '60',
      },
    })
    expect(seen).toEqual([])
    const after = await ask('/pre', { headers: { origin } })
    expect(after.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-of-app',
    })
    const other = await ask('/pre', { headers: { origin: 'https://example.org' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })
})
