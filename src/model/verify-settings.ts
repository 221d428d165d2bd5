/** How an answer names its version (values `verify.version`, else the default image's body, else the version header). */
export interface VersionRule {
  /** A response header that carries the version. */
  header?: string
  /** A JSON path (`$.app.version`, `version`) in the body. */
  json?: string
  /** A regular expression with a named group `version` on the body. */
  body?: string
}

/** What every answer has to be like, whichever version gives it; anything else is an error. */
export interface AnswerAssertions {
  /** Statuses that are fine, as ranges with both ends. */
  status: [number, number][]
  /** A regular expression that the body has to match somewhere. */
  body?: string
  /** Regular expressions by header name; the header has to be there and match. */
  headers: Record<string, string>
  /** Share of the answers that may be errors of the application, 0..0.5; none where it is not given. */
  errorRate?: number
}

/**
 * What the caller allows the values of a release to ask for beyond the app's own requests. It comes from flags, the
 * environment or a file that the caller names, never from values.
 */
export interface Allowance {
  /** Names of variables of the caller's environment that headers may be read from. */
  env: string[]
  /** Methods other than GET and HEAD. */
  methods: string[]
  /** Paths, each with all that is below it. */
  paths: string[]
  /** `host` or `host:port` of Prometheus, in lower case. */
  hosts: string[]
}

/** What is sent with every probe. */
export interface ProbeTemplate {
  method: string
  /** By name; secrets have been read from the environment. */
  headers: Record<string, string>
  body?: string
}

/** When the canary is too much worse than the primary. */
export interface AnalysisLimits {
  /** Share of errors, 0..1, that the canary must stay below, whatever the primary does. */
  maxErrorRate: number
  /** How many times the primary's share of errors the canary's is too much. */
  relativeRisk: number
  /** A canary slower by more than this is too slow: the larger of a share of the primary's median and milliseconds. */
  latency: { shift: number; minMs: number }
}

/** What `{{name}}` in a query of `verify.metrics` may name. */
export const METRIC_VARIABLES = ['app', 'namespace', 'primary', 'canary', 'weight', 'seconds']

/** A Prometheus query whose value has to lie within bounds. */
export interface MetricGate {
  name: string
  query: string
  min?: number
  max?: number
}

/** The app's `verify:` values, complete, flags already laid over them. */
export interface VerifySettings {
  version?: VersionRule
  /** Half width of the band around a weight that is as good as the weight, 0..1; undefined: chosen by the weight. */
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
