import { APPLY, type Permission } from '../../cluster/permissions.js'
import { eachProxyPermissions } from '../proxies/permissions.js'
import { ROUTE_TABLE, UPSTREAM, VIRTUAL_SERVICE } from './kinds.js'
import { GLOO_NAMESPACE } from './shared-virtual-service.js'

const [GATEWAY_GROUP] = ROUTE_TABLE.apiVersion.split('/') as [string]
const [UPSTREAM_GROUP] = UPSTREAM.apiVersion.split('/') as [string]

/** Permissions for Gloo's objects and proxies, in addition to PERMISSIONS. */
export const GLOO_PERMISSIONS: readonly Permission[] = [
  {
    group: UPSTREAM_GROUP,
    resource: UPSTREAM.plural,
    verbs: APPLY,
    scope: 'app',
    why: 'the Upstream of the chart',
  },
  { group: GATEWAY_GROUP, resource: ROUTE_TABLE.plural, verbs: APPLY, scope: 'app', why: 'the routes' },
  {
    group: GATEWAY_GROUP,
    resource: VIRTUAL_SERVICE.plural,
    verbs: APPLY,
    scope: 'app',
    why: 'apps with routes.virtualService in their values',
    optional: true,
  },
  {
    group: GATEWAY_GROUP,
    resource: VIRTUAL_SERVICE.plural,
    verbs: ['list'],
    scope: 'cluster',
    why: 'whether a VirtualService delegates to the app',
    optional: true,
  },
  ...eachProxyPermissions({ namespace: GLOO_NAMESPACE }, 'asking each of several proxies by itself'),
]
