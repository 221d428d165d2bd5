import type { ExplainedAnswer } from '../../model/results/verify.js'
import type { CheckProgress } from '../../model/events/events.js'
import type { CheckResult, Expectation, StageProof } from '../../model/verify/expectation.js'
import type { Analysis, AnalysisGate } from '../../model/results/analysis.js'
import type {
  AnswerAssertions,
  AnalysisLimits,
  ConnectionSettings,
  MetricGate,
  ProbeTemplate,
  VersionRule,
} from '../../model/verify/verify-settings.js'
import type { ProxyAnswers } from '../answers/proxy-answers.js'

/** A proxy to probe. */
export interface ProxyTarget {
  /** Name of the proxy (its pod); empty for the shared address. */
  name: string
  /** `http://host:port` or `https://…`. */
  origin: string
}

/** The proxies, and how connections to them are made. */
export interface Transport extends ConnectionSettings {
  /** At least one; each gets the same share of the probes. */
  proxies: ProxyTarget[]
}

/** How to probe an app and read its answers, common to verification, analysis and explanation. */
export interface ProbeRequest {
  app: string
  transport: Transport
  probe: ProbeTemplate
  assertions: AnswerAssertions
  /** How to recognise the gateway's proxies in answers. */
  proxy: ProxyAnswers
  /** The values' rule for how an answer names its version; without it the default image's body, then `versionHeader`. */
  versionRule?: VersionRule
  /** Response header with the version the proxy chose; empty or undefined if the chart leaves it out. */
  versionHeader?: string
  /** Whether `versionHeader` may serve as proof (no fallback to other versions, a single version, or pods ready throughout). */
  versionHeaderIsProof: boolean
  /** The routes' fingerprint that every answer must carry; undefined if the chart leaves it out. */
  fingerprint?: { header: string; value: string }
  /** The only version behind these routes: answers through them that name no version count as its answers. */
  soleVersion?: string
  /** Whether answers count as those of `soleVersion` whatever they name: others count the versions. */
  namesIgnored?: true
  /** Probes per second and kind; 0: as fast as possible. */
  rate: number
  /** Sent as User-Agent, `canary/<version>`. */
  userAgent: string
}

export interface VerificationRequest extends ProbeRequest {
  expectations: Expectation[]
  /** Half width of the band around a weight, 0..1; undefined: chosen by the weight. */
  tolerance?: number
  /** Bound on failing a right share, per check: the plan's, split over its checks. */
  alpha: number
  /** Whether endpoints may not have reached the proxy yet: a fail within 2 s of the start then restarts the count. */
  settling: boolean
  timeoutMs: number
}

export interface VerificationReporter {
  converged(elapsedMs: number): void
  progress(checks: CheckProgress[]): void
  check(result: CheckResult): void
}

/** Canary against primary by pairs of probes: one canary, one regular, in random order. */
export interface AnalysisRequest extends ProbeRequest {
  primary: string
  canary: string
  /** The canary headers of the canary probe of each pair. */
  headers: Record<string, string>
  /** Paths of the probes, used in turn. */
  paths: string[]
  /** Share of the regular requests that the canary gets, 0..1, below 1. */
  share: number
  limits: AnalysisLimits
  /** How long to send pairs unless a gate fails earlier, milliseconds. */
  durationMs: number
}

export interface AnalysisReporter {
  progress(pairs: number, primaryErrors: number, canaryErrors: number): void
}

/** Prometheus queries, with `{{app}}` and other variables not yet filled in. */
export interface MetricsRequest {
  url: string
  gates: MetricGate[]
  variables: Record<string, string>
  timeoutMs: number
}

/** Verifies a stage by counted traffic. Tests put their fake here. */
export interface Verifier {
  /**
   * Throws UsageError for what `verify` would refuse; call it before anything is changed. The proxies need not be known
   * yet.
   */
  check(request: VerificationRequest): void

  /**
   * Probes until every expectation has its verdict. Resolves with the proof whatever the verdict; throws only if it
   * cannot probe at all (a bad rule: UsageError) or `signal` aborts.
   */
  verify(
    request: VerificationRequest,
    reporter: VerificationReporter,
    signal?: AbortSignal,
  ): Promise<StageProof>

  /** Analyzes the canary against the primary; resolves and throws like `verify`. */
  analyze(request: AnalysisRequest, reporter: AnalysisReporter, signal?: AbortSignal): Promise<Analysis>

  /** Queries Prometheus; no data is inconclusive. Throws UsageError for a query that it cannot parse. */
  metrics(request: MetricsRequest, signal?: AbortSignal): Promise<AnalysisGate[]>

  /** Sends `times` probes for each expectation, path and proxy, and reports the answers and how they were read. */
  explain(
    request: ProbeRequest & { expectations: Expectation[]; times: number; timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<ExplainedAnswer[]>
}
