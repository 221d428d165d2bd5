import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import { statusField } from '../../../../../src/sandbox/gateway/gloo/statuses.js'
import { translate, type Translation } from '../../../../../src/sandbox/gateway/gloo/translate.js'
import {
  routeTable,
  single,
  to,
  upstream,
  virtualService,
  weighted,
} from '../../../../contract/routing/objects.js'

interface Input {
  services?: KubeObject[]
  tables?: KubeObject[]
  upstreams?: KubeObject[]
}

function run({
  services = [virtualService()],
  tables = [],
  upstreams = [upstream('echo')],
}: Input): Translation {
  return translate({ virtualServices: services, routeTables: tables, upstreams })
}

function reportOf({ reports }: Translation, object: KubeObject) {
  return reports.get(object)!
}

/** A VirtualService with these routes and domains. */
function service(name: string, routes: object[], domains?: string[]): KubeObject {
  const object = virtualService()
  object.metadata.name = name
  object.spec.virtualHost = { routes, ...(domains ? { domains } : {}) }
  return object
}

function delegation(selector: object, matcher: object = { prefix: '/' }, more: object = {}): object {
  return { matchers: [matcher], delegateAction: { selector }, ...more }
}

/** The routes served, by path and headers: `/echo x`. */
function paths({ config }: Translation): string[] {
  return config.virtualHosts.flatMap(({ routes }) =>
    routes.map(({ match: { path, headers } }) =>
      [Object.values(path)[0], ...headers.map(({ name }) => name)].map(String).join(' '),
    ),
  )
}

const all = { labels: { apiGroup: 'example' }, namespaces: ['*'] }

describe('delegation', () => {
  test('by name, and a name that is not there', () => {
    const table = routeTable('echo', [single('echo', 'v1')])
    const routes = [
      { matchers: [{ prefix: '/' }], delegateAction: { ref: { name: 'echo-routes', namespace: 'echo' } } },
      { matchers: [{ prefix: '/x' }], delegateAction: { ref: { name: 'gone', namespace: 'echo' } } },
    ]
    const named = service('app', routes)
    const result = run({ services: [named], tables: [table] })
    expect(paths(result)).toEqual(['/echo'])
    expect(reportOf(result, named)).toMatchObject({
      state: 'Warning',
      reason: 'warning: \n  route table echo.gone missing',
    })
  })

  test.each([
    ['In', { operator: 'In', values: ['example'] }, true],
    ['NotIn', { operator: 'NotIn', values: ['example'] }, false],
    ['Exists', { operator: 'Exists' }, true],
    ['DoesNotExist', { operator: 'DoesNotExist' }, false],
  ])('by an expression with %s', (_, expression, found) => {
    const selector = { expressions: [{ key: 'apiGroup', ...expression }], namespaces: ['*'] }
    const table = routeTable('echo', [single('echo', 'v1')])
    const result = run({ services: [service('app', [delegation(selector)])], tables: [table] })
    expect(paths(result)).toEqual(found ? ['/echo'] : [])
  })

  test('over two levels, the second in the namespace of the first', () => {
    const first = routeTable('echo', [delegation({ labels: { team: 'a' } }, { prefix: '/echo' })])
    const second = routeTable('echo', [single('echo', 'v1', { prefix: '/echo/a' })], { team: 'a' } as never)
    second.metadata.name = 'second'
    expect(paths(run({ tables: [first, second] }))).toEqual(['/echo/a'])
  })

  test('in a circle is rejected', () => {
    const loop = routeTable('echo', [delegation(all, { prefix: '/' })])
    const result = run({ tables: [loop] })
    expect(reportOf(result, loop)).toMatchObject({
      state: 'Rejected',
      reason: expect.stringContaining('delegation cycle detected: [echo.echo-routes] -> [echo.echo-routes]'),
    })
    expect(result.rejectedHosts).toEqual(new Set(['gloo-system_app']))
  })

  test.each([
    [
      'headers',
      { headers: [{ name: 'x', value: '1' }] },
      /required headers: \[name:"x" value:"1"\], headers: \[\]/,
    ],
    ['methods', { methods: ['GET'] }, /required methods: \[GET\], methods: \[\]/],
    ['query parameters', { queryParameters: [{ name: 'q' }] }, /required query params: \[name:"q"\]/],
    ['case', { caseSensitive: false }, /required caseSensitive: false/],
  ])('a route must have its parent’s %s', (_, parent, reason) => {
    const table = routeTable('echo', [
      single('echo', 'v1'),
      single('echo', 'v1', { prefix: '/echo', ...parent }),
    ])
    const app = service('app', [delegation(all, { prefix: '/', ...parent })])
    const result = run({ services: [app], tables: [table] })
    expect(paths(result)).toHaveLength(1)
    expect(reportOf(result, table)).toMatchObject({ state: 'Warning', reason: expect.stringMatching(reason) })
    expect(reportOf(result, app).reason).toContain('on sub route table echo.echo-routes: required')
  })

  test('matchers and options are inherited where asked for, the child’s own first', () => {
    const options = { headerManipulation: { requestHeadersToRemove: ['A'] }, prefixRewrite: '/x' }
    const parent = delegation(
      all,
      { prefix: '/echo', headers: [{ name: 'x' }] },
      { inheritableMatchers: true, inheritablePathMatchers: true, options },
    )
    const table = routeTable('echo', [{ ...single('echo', 'v1', {}), options: { prefixRewrite: '/y' } }])
    const result = run({ services: [service('app', [parent])], tables: [table] })
    expect(paths(result)).toEqual(['/echo x'])
    const [route] = result.config.virtualHosts[0]!.routes
    expect(route).toMatchObject({
      action: { rewrite: { path: { prefix: '/y' } } },
      headers: { request: { remove: ['a'] } },
    })
  })

  test('the routes of several tables of one weight: methods, exact, regex, prefix, then paths descending', () => {
    const tables = ['/echo', '/echo/b', '/echo/c'].map((prefix, index) => {
      const table = routeTable('echo', [single('echo', 'v1', { prefix })])
      table.metadata.name = `t${index}`
      return table
    })
    tables[0]!.spec.routes.push(
      single('echo', 'v1', { regex: '/r.*' }),
      single('echo', 'v1', { exact: '/a' }),
      single('echo', 'v1', { prefix: '/', methods: ['GET'] }),
    )
    expect(paths(run({ tables }))).toEqual(['/', '/a', '/^(?:\\/r.*)$/u', '/echo/c', '/echo/b', '/echo'])
  })
})

describe('what the proxy refuses or rejects', () => {
  test('a route’s number in the proxy’s error is its place in the virtual host', () => {
    const table = routeTable('echo', [
      single('echo', 'v1', { exact: '/a' }),
      weighted('echo', { v1: 0, v2: 0 }),
    ])
    const result = run({ tables: [table] })
    expect(result.refused).toBe(true)
    expect(reportOf(result, table)).toMatchObject({
      state: 'Accepted',
      proxy: { state: 'Rejected', reason: expect.stringContaining('gloo-system_app-route-1-matcher-0') },
    })
  })

  test('the proxy is shared: one team’s error is in every status', () => {
    const bad = routeTable('echo', [weighted('echo', {})])
    const good = routeTable('foxtrot', [single('echo', 'v1')])
    const result = run({ tables: [bad, good] })
    expect(reportOf(result, good)).toMatchObject({ state: 'Accepted', proxy: { state: 'Rejected' } })
    expect(reportOf(result, good).proxy!.reason).toContain('at least one weighted destination')
  })

  test('a subset by labels the Upstream does not know is served, but told', () => {
    const strange = { upstream: { name: 'echo', namespace: 'echo' }, subset: { values: { colour: 'red' } } }
    const table = routeTable('echo', [{ matchers: [{ prefix: '/echo' }], routeAction: { single: strange } }])
    const result = run({ tables: [table] })
    expect(result.refused).toBe(false)
    expect(reportOf(result, table).proxy).toMatchObject({
      state: 'Rejected',
      reason: expect.stringContaining('none of the subsets in the upstream match it'),
    })
  })

  test('a subset of an Upstream without any is a warning', () => {
    const plain = upstream('echo')
    delete plain.spec.kube.subsetSpec
    const app = virtualService()
    const result = run({
      services: [app],
      tables: [routeTable('echo', [single('echo', 'v1')])],
      upstreams: [plain],
    })
    expect(reportOf(result, app)).toMatchObject({
      state: 'Warning',
      reason: expect.stringContaining('route has a subset config, but the upstream does not'),
    })
  })

  test.each([
    ['a header name', { responseHeadersToAdd: [{ header: { key: 'a b', value: '1' } }] }],
    ['a header value', { requestHeadersToAdd: [{ header: { key: 'a', value: '1\n2' } }] }],
  ])('%s HTTP does not know', (_, headerManipulation) => {
    const table = routeTable('echo', [{ ...single('echo', 'v1'), options: { headerManipulation } }])
    expect(run({ tables: [table] }).refused).toBe(true)
  })

  test('a domain of two VirtualServices rejects both', () => {
    const direct = { directResponseAction: { status: 200 } }
    const services = [
      service('a', [direct]),
      service('b', [direct], ['*']),
      service('c', [direct], ['c.example']),
    ]
    const result = run({ services })
    expect(services.map((one) => reportOf(result, one).state)).toEqual(['Rejected', 'Rejected', 'Accepted'])
    expect(reportOf(result, services[0]!).reason).toContain(
      'domain conflict: the [*] domain is present in other virtual services that belong to the same Gateway as this one: [gloo-system.b]',
    )
    expect(result.rejectedHosts).toEqual(new Set(['gloo-system_a', 'gloo-system_b']))
  })
})

test('an Upstream without a namespace is looked for beside the route', () => {
  const destination = to('echo', 'v1') as { upstream: { namespace?: string } }
  delete destination.upstream.namespace
  const table = routeTable('echo', [
    { matchers: [{ prefix: '/echo' }], routeAction: { single: destination } },
  ])
  const [route] = run({ tables: [table] }).config.virtualHosts[0]!.routes
  expect(route!.action).toMatchObject({ destinations: [{ cluster: 'echo_echo' }] })
})

test('a reason is cut where Gloo cuts it', () => {
  const status = statusField({ state: 'Rejected', reason: 'x'.repeat(3000) }) as any
  expect(status.statuses['gloo-system'].reason).toHaveLength(1024)
})
