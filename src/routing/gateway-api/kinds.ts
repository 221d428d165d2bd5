import type { Resource } from '../../cluster/kube/kube-types.js'
import type { RoutingKind } from '../../model/routing.js'

export const GROUP = 'gateway.networking.k8s.io'
/** The kind of parents. */
export const GATEWAY = 'Gateway'

export const HTTP_ROUTE = {
  apiVersion: `${GROUP}/v1`,
  kind: 'HTTPRoute',
  plural: 'httproutes',
  role: 'route',
} as const satisfies RoutingKind
/** How the gateway speaks TLS to a version's Service. */
export const BACKEND_TLS_POLICY = {
  apiVersion: `${GROUP}/v1`,
  kind: 'BackendTLSPolicy',
  plural: 'backendtlspolicies',
  role: 'backend',
} as const satisfies RoutingKind
/** Lets an HTTPRoute of another namespace name the Services. */
const REFERENCE_GRANT = {
  apiVersion: `${GROUP}/v1beta1`,
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  role: 'backend',
} as const satisfies RoutingKind

/** What the chart makes beside a Service for each version, in the order in which Helm applies them. */
export const KINDS: readonly RoutingKind[] = [BACKEND_TLS_POLICY, HTTP_ROUTE, REFERENCE_GRANT]

export const HTTP_ROUTES = resourceOf(HTTP_ROUTE)
export const REFERENCE_GRANTS = resourceOf(REFERENCE_GRANT)
export const GATEWAYS: Resource = { apiVersion: `${GROUP}/v1`, plural: 'gateways' }
export const GATEWAY_CLASSES: Resource = { apiVersion: `${GROUP}/v1`, plural: 'gatewayclasses' }
export const DEFINITIONS: Resource = {
  apiVersion: 'apiextensions.k8s.io/v1',
  plural: 'customresourcedefinitions',
}

/** By kind. */
export const GATEWAY_API_RESOURCES = {
  [HTTP_ROUTE.kind]: HTTP_ROUTES,
  [BACKEND_TLS_POLICY.kind]: resourceOf(BACKEND_TLS_POLICY),
  [REFERENCE_GRANT.kind]: REFERENCE_GRANTS,
}

function resourceOf({ apiVersion, plural }: RoutingKind): Resource {
  return { apiVersion, plural }
}
