import type { Resource } from '../../cluster/kube/kube-types.js'
import type { RoutingKind } from '../../model/routing.js'

const GATEWAY = 'gateway.solo.io/v1'

export const ROUTE_TABLE = {
  apiVersion: GATEWAY,
  kind: 'RouteTable',
  plural: 'routetables',
  role: 'route',
} as const satisfies RoutingKind
export const VIRTUAL_SERVICE = {
  apiVersion: GATEWAY,
  kind: 'VirtualService',
  plural: 'virtualservices',
  role: 'attachment',
} as const satisfies RoutingKind
export const UPSTREAM = {
  apiVersion: 'gloo.solo.io/v1',
  kind: 'Upstream',
  plural: 'upstreams',
  role: 'backend',
} as const satisfies RoutingKind

export const KINDS: readonly RoutingKind[] = [ROUTE_TABLE, VIRTUAL_SERVICE, UPSTREAM]

export const ROUTE_TABLES: Resource = {
  apiVersion: ROUTE_TABLE.apiVersion,
  plural: ROUTE_TABLE.plural,
  shape: { spec: 'map' },
}
export const VIRTUAL_SERVICES: Resource = {
  apiVersion: VIRTUAL_SERVICE.apiVersion,
  plural: VIRTUAL_SERVICE.plural,
  shape: {
    spec: {
      virtualHost: {
        routes: [
          {
            delegateAction: {
              name: 'string',
              namespace: 'string',
              ref: { name: 'string', namespace: 'string' },
              selector: {
                labels: 'strings',
                namespaces: ['string'],
                expressions: [{ key: 'string', operator: 'string', values: ['string'] }],
              },
            },
          },
        ],
      },
    },
  },
}
export const UPSTREAMS: Resource = { apiVersion: UPSTREAM.apiVersion, plural: UPSTREAM.plural }

/** By kind. */
export const GLOO_RESOURCES = {
  [ROUTE_TABLE.kind]: ROUTE_TABLES,
  [VIRTUAL_SERVICE.kind]: VIRTUAL_SERVICES,
  [UPSTREAM.kind]: UPSTREAMS,
}
