import { describe, expect, test } from 'vitest'
import { gateway } from '../../../../contract/routing/gateway-objects.js'
import {
  profile,
  proxy,
  translation,
  serve,
  PARENT,
  prefix,
  exact,
  to,
  rule,
  route,
  type Asked,
  ask,
  conditions,
  useConformanceWorld,
} from './conformance-world.js'

useConformanceWorld()

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
