/** What a proxy serves, whichever kind of routes it was translated from. */

/** A header or query parameter a request must have. */
export interface ValueMatch {
  name: string
  /** Absent: any value matches. */
  value?: string | RegExp
  invert: boolean
}

export interface RouteMatch {
  /** `prefix` compares text, `segments` whole path segments. */
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
  /** The app it belongs to, by its release's name. */
  app: string
  /** The cluster may not exist. */
  cluster: string
  /** Replaces a missing cluster's answer. */
  answer?: LocalAnswer
  /** Labels a pod must carry; undefined takes any pod. */
  subset?: Record<string, string>
  weight: number
  headers: HeaderManipulation
}

/** Requests are also copied to this cluster, and the answers are dropped. */
export interface Shadow {
  /** It may not exist: then nothing is copied. */
  cluster: string
  /** 0..100 */
  percentage: number
  /** The Host of the copies; by default the request's with `-shadow` after its name. */
  host?: string
  keepsHost: boolean
}

/** How a path changes: the matched text, the matched segments or all of it is replaced. */
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
      /** The proxy answers 504 after this. */
      timeoutMs?: number
    }
  | ({ to: 'direct response' } & LocalAnswer)
  | {
      to: 'redirect'
      status: number
      /** By default the request's. */
      scheme?: 'http' | 'https'
      host?: string
      /** Default: from the host; `listener` is the listener's port, `scheme` the scheme's own. */
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
  /** The label sets by which a subset can be named; undefined without subsets. */
  subsetKeys?: string[][]
  fallback: FallbackPolicy
  /** Labels of the subset that DEFAULT_SUBSET falls back to. */
  defaultSubset: Record<string, string>
}

export interface ProxyConfig {
  virtualHosts: VirtualHost[]
  clusters: Map<string, Cluster>
  /** Ports the proxy listens on; undefined means every port that leads to it. */
  ports?: Set<number>
}

export const EMPTY_CONFIG: ProxyConfig = { virtualHosts: [], clusters: new Map() }
