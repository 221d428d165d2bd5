import { APPLY, type Permission } from '../../cluster/permissions.js'
import { eachProxyPermissions } from '../proxies/permissions.js'
import {
  BACKEND_TLS_POLICY,
  DEFINITIONS,
  GATEWAY_CLASSES,
  GATEWAYS,
  GROUP,
  HTTP_ROUTE,
  REFERENCE_GRANTS,
} from './kinds.js'

/** What the Gateway API's objects and the proxies need beside PERMISSIONS. */
export const GATEWAY_API_PERMISSIONS: readonly Permission[] = [
  { group: GROUP, resource: HTTP_ROUTE.plural, verbs: APPLY, scope: 'app', why: 'the routes' },
  {
    group: GROUP,
    resource: BACKEND_TLS_POLICY.plural,
    verbs: APPLY,
    scope: 'app',
    why: 'apps with routes.backendTLS in their values',
    optional: true,
  },
  {
    group: GROUP,
    resource: GATEWAYS.plural,
    verbs: ['get', 'list'],
    scope: 'cluster',
    why: "the proxies' address, and whether a Gateway admits the app",
  },
  {
    group: GROUP,
    resource: HTTP_ROUTE.plural,
    verbs: ['list'],
    scope: 'cluster',
    why: 'whether routes of others take requests of the app',
    optional: true,
  },
  {
    group: GROUP,
    resource: GATEWAY_CLASSES.plural,
    verbs: ['get', 'list'],
    scope: 'cluster',
    why: 'which implementation there is, and whether it runs',
    optional: true,
  },
  {
    group: GROUP,
    resource: REFERENCE_GRANTS.plural,
    verbs: ['list'],
    scope: 'cluster',
    why: 'whether a route may lead to another namespace',
    optional: true,
  },
  {
    group: 'apiextensions.k8s.io',
    resource: DEFINITIONS.plural,
    verbs: ['get'],
    scope: 'cluster',
    why: "the Gateway API's version",
    optional: true,
  },
  {
    group: '',
    resource: 'services',
    verbs: ['list'],
    scope: 'cluster',
    why: 'the Service of the proxies',
    optional: true,
  },
  ...eachProxyPermissions(
    'cluster',
    "asking each of several proxies by itself (it is enough in the proxies' namespace)",
  ),
]
