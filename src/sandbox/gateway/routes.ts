/** What the proxy serves: Gloo's translation of VirtualServices, RouteTables and Upstreams, as Envoy would be told it. */

/** A header or query parameter a request must have. */
export interface ValueMatch {
  name: string
  /** Absent: any value will do. */
  value?: string | RegExp
  invert: boolean
}

export interface RouteMatch {
  path: { prefix: string } | { exact: string } | { regex: RegExp }
  caseSensitive: boolean
  /** Empty: any method. */
  methods: string[]
  headers: ValueMatch[]
  queryParameters: ValueMatch[]
}

export interface HeaderChanges {
  add: { name: string; value: string; append: boolean }[]
  remove: string[]
}

/** Changes to the headers of requests and of answers, by a route or by one of its destinations. */
export interface HeaderManipulation {
  request: HeaderChanges
  response: HeaderChanges
}

export interface Destination {
  /** Cluster `<name>_<namespace>`; there may be none of that name. */
  cluster: string
  /** Labels a pod must carry; undefined takes any pod. */
  subset?: Record<string, string>
  weight: number
  headers: HeaderManipulation
}

/** Copies of requests go to this cluster too, and their answers are thrown away. */
export interface Shadow {
  /** There may be none of that name: then there are no copies. */
  cluster: string
  /** 0..100 */
  percentage: number
  /** What the copies' Host is to be; by default the request's with `-shadow` after its name. */
  host?: string
  keepsHost: boolean
}

export type RouteAction =
  | { to: 'clusters'; destinations: Destination[]; prefixRewrite?: string; shadow?: Shadow }
  | { to: 'direct response'; status: number; body: string }
  | { to: 'redirect'; status: number; https: boolean; host?: string; path?: string }

export interface ProxyRoute {
  match: RouteMatch
  action: RouteAction
  headers: HeaderManipulation
}

export interface VirtualHost {
  /** `<namespace>_<name>` of its VirtualService. */
  name: string
  domains: string[]
  routes: ProxyRoute[]
}

export type FallbackPolicy = 'ANY_ENDPOINT' | 'NO_FALLBACK' | 'DEFAULT_SUBSET'

export interface Cluster {
  name: string
  serviceNamespace: string
  serviceName: string
  servicePort: number
  selector: Record<string, string>
  /** The sets of labels a subset may be named by; undefined where the Upstream has no subsets. */
  subsetKeys?: string[][]
  fallback: FallbackPolicy
  /** Labels of the subset that DEFAULT_SUBSET falls back to. */
  defaultSubset: Record<string, string>
}

export interface ProxyConfig {
  virtualHosts: VirtualHost[]
  clusters: Map<string, Cluster>
}

export const EMPTY_CONFIG: ProxyConfig = { virtualHosts: [], clusters: new Map() }
