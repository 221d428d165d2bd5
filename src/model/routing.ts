/** What an object of a provider's kind does: `route` sends requests on, `backend` names where to, `attachment` ties routes to a gateway. */
export type RoutingRole = 'route' | 'backend' | 'attachment'

/** A kind of objects that a provider's part of the chart makes. */
export interface RoutingKind {
  apiVersion: string
  kind: string
  plural: string
  role: RoutingRole
}

/** The role of an object among these kinds; of API groups' versions none counts, as for Helm. */
export function roleOf(
  kinds: readonly RoutingKind[],
  object: { apiVersion?: unknown; kind?: unknown },
): RoutingRole | undefined {
  return kinds.find((one) => one.kind === object.kind && groupOf(one) === groupOf(object))?.role
}

function groupOf({ apiVersion }: { apiVersion?: unknown }): string {
  return typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.replace(/\/.*$/, '') : ''
}

/** The header by which answers name the routes they came through, and its value for one revision. */
export interface Fingerprint {
  header: string
  value: string
}

/** A provider's words and commands, for texts that are not its own. */
export interface RoutingTexts {
  /** The gateway's name, for people. */
  product: string
  /** The kinds of an app's route and backend objects. */
  route: string
  backend: string
  /** Where the proxies are. */
  proxyNamespace: string
  /** The logs of the proxies, and of what gives them their routes. */
  proxyLogs: string
  controllerLogs: string
  /** Every route of the cluster, with what attaches it. */
  allRoutes: string
  /** The value that keeps other versions from answering for one without ready pods. */
  noFallback: string
  /** Where the name of a certificate's Secret is corrected. */
  certificateSetting: string
  /** How a backend is set to HTTP/2, in this namespace. */
  http2Backend: (namespace: string) => string
}
