import type { ExplainedAnswer } from '../../model/results/verify.js'
import type { CheckProgress } from '../../model/events.js'
import type { CheckResult, Expectation, StageProof } from '../../model/expectation.js'
import type { Analysis, AnalysisGate } from '../../model/results/analysis.js'
import type {
  AnswerAssertions,
  AnalysisLimits,
  ConnectionSettings,
  MetricGate,
  ProbeTemplate,
  VersionRule,
} from '../../model/verify-settings.js'
import type { ProxyAnswers } from '../answers/proxy-answers.js'

/** One way to a proxy that is probed by itself. */
export interface ProxyTarget {
  /** Name of the proxy (its pod), or empty where only the address that all share is probed. */
  name: string
  /** `http://host:port` or `https://…`. */
  origin: string
}

/** The proxies, and how connections to them are made. */
export interface Transport extends ConnectionSettings {
  /** At least one; each is probed with the same share of the probes. */
  proxies: ProxyTarget[]
}

/** How an app is probed and its answers are read; the same for every kind of verification. */
export interface ProbeRequest {
  app: string
  transport: Transport
  probe: ProbeTemplate
  assertions: AnswerAssertions
  /** How the gateway's proxies show in answers. */
  proxy: ProxyAnswers
  /** Set when the values say how an answer names its version; else the default image's body, then `versionHeader`. */
  versionRule?: VersionRule
  /** Name of the response header with the version the proxy chose; empty or undefined when the chart leaves it out. */
  versionHeader?: string
  /** Whether `versionHeader` may serve as proof (no fallback to other versions, a single version, or pods ready throughout). */
  versionHeaderIsProof: boolean
  /** The fingerprint of the routes every answer must carry; undefined when the chart leaves it out. */
  fingerprint?: { header: string; value: string }
  /** The one version that can answer through these routes: what came through them and names no version is its answer. */
  soleVersion?: string
  /** Probes per second for each kind; 0 is as fast as it goes. */
  rate: number
  /** Sent as User-Agent, `canary/<version>`. */
  userAgent: string
}

export interface VerificationRequest extends ProbeRequest {
  expectations: Expectation[]
  /** Half width of the band around a weight, 0..1; undefined: chosen by the weight. */
  tolerance?: number
  /** Bound on failing any right share, for each check: that of the plan over its checks. */
  alpha: number
  /** True when endpoints may still be travelling to the proxy: a fail within 2 s of the start restarts the count. */
  settling: boolean
  timeoutMs: number
}

export interface VerificationReporter {
  converged(elapsedMs: number): void
  progress(checks: CheckProgress[]): void
  check(result: CheckResult): void
}

/** The canary against the primary by pairs of probes: one canary, one regular, in random order. */
export interface AnalysisRequest extends ProbeRequest {
  primary: string
  canary: string
  /** The canary headers of the canary probe of each pair. */
  headers: Record<string, string>
  /** Path of the probes, each in its turn. */
  paths: string[]
  /** Share of the regular requests that the canary gets, 0..1, below 1. */
  share: number
  limits: AnalysisLimits
  /** How long pairs are sent where no gate fails before; milliseconds. */
  durationMs: number
}

export interface AnalysisReporter {
  progress(pairs: number, primaryErrors: number, canaryErrors: number): void
}

/** Prometheus queries to put, `{{app}}` and other variables in them still to be filled in. */
export interface MetricsRequest {
  url: string
  gates: MetricGate[]
  variables: Record<string, string>
  timeoutMs: number
}

/** Proves a stage by counted traffic: the seam at which tests put a fake. */
export interface Verifier {
  /**
   * Throws UsageError for what `prove` would refuse: to be asked before anything is changed. The proxies need not be
   * known yet.
   */
  check(request: VerificationRequest): void

  /**
   * Probes until every expectation has its verdict. Resolves with the proof whatever the verdict; throws only when it
   * can't probe at all (a bad rule: UsageError) or when `signal` aborts.
   */
  verify(
    request: VerificationRequest,
    reporter: VerificationReporter,
    signal?: AbortSignal,
  ): Promise<StageProof>

  /** Compares the canary's health with the primary's; the same rules as for `prove`. */
  analyze(request: AnalysisRequest, reporter: AnalysisReporter, signal?: AbortSignal): Promise<Analysis>

  /** Asks Prometheus; no data is inconclusive. Throws UsageError for a query that it can't parse. */
  metrics(request: MetricsRequest, signal?: AbortSignal): Promise<AnalysisGate[]>

  /** Sends `times` probes for each expectation, path and proxy, and tells what came and how it was read. */
  explain(
    request: ProbeRequest & { expectations: Expectation[]; times: number; timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<ExplainedAnswer[]>
}
