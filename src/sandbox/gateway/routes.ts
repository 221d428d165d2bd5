/** What a proxy serves, whichever kind of routes it was translated from. */

/** A header or query parameter a request must have. */
export interface ValueMatch {
  name: string
  /** Absent: any value will do. */
  value?: string | RegExp
  invert: boolean
}

export interface RouteMatch {
  /** `prefix` is one of the text, `segments` one of whole path segments. */
  path: { prefix: string } | { segments: string } | { exact: string } | { regex: RegExp }
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

/** An answer that the proxy gives itself. */
export interface LocalAnswer {
  status: number
  body: string
  /** `text/plain` by default, if there is a body. */
  contentType?: string
}

export interface Destination {
  /** The app it belongs to, by the name of its release. */
  app: string
  /** There may be no cluster of that name. */
  cluster: string
  /** In place of a cluster: the reference leads nowhere. */
  answer?: LocalAnswer
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

/** What becomes of a path: the matched text, the matched segments or all of it is replaced. */
export type PathRewrite = { prefix: string } | { segments: string } | { full: string }

/** Which pages of other origins may use the answers (Fetch standard). */
export interface CorsPolicy {
  origins: string[]
  methods: string[]
  headers: string[]
  exposed: string[]
  credentials: boolean
  maxAgeSeconds: number
}

export type RouteAction =
  | {
      to: 'clusters'
      destinations: Destination[]
      rewrite?: { path?: PathRewrite; host?: string }
      shadows: Shadow[]
      /** Without an answer within it: 504. */
      timeoutMs?: number
    }
  | ({ to: 'direct response' } & LocalAnswer)
  | {
      to: 'redirect'
      status: number
      /** By default the request's. */
      scheme?: 'http' | 'https'
      host?: string
      /** By default as the host has it; `listener` is the port it came to, `scheme` the scheme's own. */
      port?: number | 'listener' | 'scheme'
      path?: PathRewrite
    }

export interface ProxyRoute {
  match: RouteMatch
  action: RouteAction
  headers: HeaderManipulation
  cors?: CorsPolicy
}

export interface VirtualHost {
  name: string
  /** The listener's port; undefined serves every port. */
  port?: number
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
  /** The sets of labels a subset may be named by; undefined where there are no subsets. */
  subsetKeys?: string[][]
  fallback: FallbackPolicy
  /** Labels of the subset that DEFAULT_SUBSET falls back to. */
  defaultSubset: Record<string, string>
}

export interface ProxyConfig {
  virtualHosts: VirtualHost[]
  clusters: Map<string, Cluster>
  /** Ports the proxy listens on; undefined is every port that leads to it. */
  ports?: Set<number>
}

export const EMPTY_CONFIG: ProxyConfig = { virtualHosts: [], clusters: new Map() }
