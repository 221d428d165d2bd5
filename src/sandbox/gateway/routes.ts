/** What the proxy serves: Gloo's translation of VirtualServices, RouteTables and Upstreams, as Envoy would be told it. */

export interface HeaderMatch {
  name: string
  /** Absent or empty: the header must be present. */
  value?: string
  /** `value` is a regular expression that must match the whole header. */
  regex?: boolean
  invert?: boolean
}

export interface RouteMatch {
  prefix?: string
  exact?: string
  regex?: string
  methods: string[]
  headers: HeaderMatch[]
  queryParameters: HeaderMatch[]
}

export interface ResponseHeader {
  name: string
  value: string
  append: boolean
}

export interface Destination {
  /** Cluster `<name>_<namespace>`; undefined where the Upstream is missing. */
  cluster?: string
  /** Labels a pod must carry; undefined takes any pod. */
  subset?: Record<string, string>
  weight: number
  responseHeaders: ResponseHeader[]
}

export interface ProxyRoute {
  match: RouteMatch
  destinations: Destination[]
  responseHeaders: ResponseHeader[]
  prefixRewrite?: string
}

export interface VirtualHost {
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
  subsetKeys: string[][]
  fallback: FallbackPolicy
}

export interface ProxyConfig {
  virtualHosts: VirtualHost[]
  clusters: Map<string, Cluster>
}

export const EMPTY_CONFIG: ProxyConfig = { virtualHosts: [], clusters: new Map() }
