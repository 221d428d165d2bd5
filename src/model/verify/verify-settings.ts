/** How an answer names its version (values `verify.version`, else the default image's body, else the version header). */
export interface VersionRule {
  /** A response header that carries the version. */
  header?: string
  /** A JSON path (`$.app.version`, `version`) in the body. */
  json?: string
  /** A regular expression with a named group `version` on the body. */
  body?: string
}

/** Requirements on every answer, of any version; any other answer is an error. */
export interface AnswerAssertions {
  /** Allowed statuses, as ranges with both ends. */
  status: [number, number][]
  /** A regular expression that the body must match somewhere. */
  body?: string
  /** Regular expressions by header name; the header must exist and match. */
  headers: Record<string, string>
  /** Share of the answers that may be errors of the application, 0..0.5; default 0. */
  errorRate?: number
}

/**
 * What the caller allows the values of a release to ask for beyond the app's own requests. It comes from flags, the
 * environment or a file that the caller names, never from values.
 */
export interface Allowance {
  /** Environment variables of the caller that headers may take their values from. */
  env: string[]
  /** Methods other than GET and HEAD. */
  methods: string[]
  /** Paths, each with everything below it. */
  paths: string[]
  /** `host` or `host:port` of Prometheus, in lower case. */
  hosts: string[]
}

/** How connections to the proxies are made. */
export interface ConnectionSettings {
  /** Host header (and SNI for https), where it is not the origin's. */
  host?: string
  /** Addresses in place of DNS's, as curl's --resolve: `host:port` to address. */
  resolve: Record<string, string>
  /** PEM texts; undefined: the system's trust, no client certificate. */
  tls: { ca?: string; cert?: string; key?: string }
  /** URL of an HTTP proxy to go through; only where one was given. */
  httpProxy?: string
}

/** What the caller decides about probes. */
export interface ProbeSettings {
  /** Origin of the proxy; by default the routing provider finds it. */
  proxyUrl?: string
  /** Without a host, the one of the app's routes. */
  connection: ConnectionSettings
  /** Sent with every probe; win over those of the values. */
  headers: Record<string, string>
  /** Probes per second for each kind; 0 is as fast as possible. */
  rate: number
  timeoutMs: number
  /** `canary/<version>`. */
  userAgent: string
  /** Probe every proxy pod separately; undefined: if there are several and they are reachable. */
  eachProxy?: boolean
  /** Half width of the band around a weight, 0..1; overrides the values. */
  tolerance?: number
  /** `--set-verify` texts, merged over the `verify:` of the values. */
  setVerify: string[]
  /** The same from a canary.yaml that the caller did not name: applied first, trusted no more than the values. */
  defaultVerify: string[]
  /** What the values may request beyond the app's own requests. */
  allow: Allowance
  /** Reads an environment variable, for secret headers. */
  env: (name: string) => string | undefined
}

/** The request of every probe. */
export interface ProbeTemplate {
  method: string
  /** By name; secrets have been read from the environment. */
  headers: Record<string, string>
  body?: string
}

/** Limits of an analysis. */
export interface AnalysisLimits {
  /** Share of errors, 0..1, that the canary must stay below, whatever the primary does. */
  maxErrorRate: number
  /** The multiple of the primary's error rate that the analysis detects soonest. */
  relativeRisk: number
  /** How much slower the canary may be: the larger of a share of the primary's median and milliseconds. */
  latency: { shift: number; minMs: number }
}

/** Placeholders (`{{name}}`) in a query of `verify.metrics`. */
export const METRIC_VARIABLES = ['app', 'namespace', 'primary', 'canary', 'weight', 'seconds']

/** A Prometheus query whose result must be within bounds. */
export interface MetricGate {
  name: string
  query: string
  min?: number
  max?: number
}

/** The app's `verify:` values, complete, overridden by flags. */
export interface VerifySettings {
  version?: VersionRule
  /** Half width of the tolerated band around a weight, 0..1; undefined: chosen by the weight. */
  tolerance?: number
  /** Paths to probe; undefined: the app's own. */
  paths?: string[]
  probe: ProbeTemplate
  assertions: AnswerAssertions
  analysisLimits: AnalysisLimits
  /** Base URL of the Prometheus that answers `metrics`. */
  prometheus?: string
  metrics: MetricGate[]
}
