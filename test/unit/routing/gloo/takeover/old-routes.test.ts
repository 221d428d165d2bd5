import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../../src/model/values.js'
import { routesTo } from '../../../../../src/routing/select.js'

describe('routes that lead to a Service', () => {
  const table = (name: string, destination: JsonObject): JsonObject => ({
    kind: 'RouteTable',
    metadata: { name, namespace: 'shops' },
    spec: { routes: [{ matchers: [{ prefix: `/${name}` }], routeAction: destination }] },
  })

  test('are those to it, to its Upstream, or to one that Gloo made, alone or among others', () => {
    const upstream = {
      kind: 'Upstream',
      metadata: { name: 'mine', namespace: 'gloo' },
      spec: { kube: { serviceName: 'shop', serviceNamespace: 'shops' } },
    }
    const found = routesTo({ name: 'shop', namespace: 'shops' }, [
      upstream,
      table('direct', { single: { kube: { ref: { name: 'shop' }, port: 80 } } }),
      table('named', {
        multi: { destinations: [{ destination: { upstream: { name: 'mine', namespace: 'gloo' } } }] },
      }),
      table('discovered', { single: { upstream: { name: 'shops-shop-80', namespace: 'gloo-system' } } }),
      table('other', { single: { upstream: { name: 'mine', namespace: 'shops' } } }),
      table('elsewhere', { single: { kube: { ref: { name: 'shop', namespace: 'old' } } } }),
    ])
    expect(found.gloo.map(({ name, prefixes }) => [name, ...prefixes])).toEqual([
      ['direct', '/direct'],
      ['named', '/named'],
      ['discovered', '/discovered'],
    ])
  })
})
