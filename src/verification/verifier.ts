import type { CheckProgress } from '../model/events.js'
import type { CheckResult, Expectation, StageProof } from '../model/expectation.js'

/** How an answer names its version (values `verify.version`, else the default image's body, else the version header). */
export interface VersionRule {
  /** A response header that carries the version. */
  header?: string
  /** A JSON path (`$.app.version`, `version`) in the body. */
  json?: string
  /** A regular expression with a named group `version` on the body. */
  body?: string
}

export interface ProofRequest {
  app: string
  expectations: Expectation[]
  /** Origin of the proxy, `http://host:port`. */
  origin: string
  /** Host header (and SNI for https), if it is not the origin's. */
  host?: string
  /** Headers sent with every probe, e.g. authorization. */
  headers: Record<string, string>
  /** Set when the values say how an answer names its version; else the default image's body, then `versionHeader`. */
  versionRule?: VersionRule
  /** Name of the response header with the version the proxy chose; empty or undefined when the chart leaves it out. */
  versionHeader?: string
  /** Whether `versionHeader` may serve as proof (see design: NO_FALLBACK, a single version, or pods ready throughout). */
  versionHeaderIsProof: boolean
  /** The fingerprint of the routes every answer must carry; undefined when the chart leaves it out. */
  fingerprint?: { header: string; value: string }
  /** True when endpoints may still be travelling to the proxy: a fail within 2 s of the start restarts the count. */
  settling: boolean
  /** Probes per second for each kind; 0 is as fast as it goes. */
  rate: number
  timeoutMs: number
  /** Sent as User-Agent, `canary/<version>`. */
  userAgent: string
}

export interface ProofReporter {
  converged(elapsedMs: number): void
  progress(checks: CheckProgress[]): void
  check(result: CheckResult): void
}

/** Proves a stage by counted traffic: the seam at which tests put a fake. */
export interface Verifier {
  /**
   * Probes until every expectation has its verdict. Resolves with the proof whatever the verdict; throws only when it
   * can't probe at all (a bad rule: UsageError) or when `signal` aborts.
   */
  prove(request: ProofRequest, reporter: ProofReporter, signal?: AbortSignal): Promise<StageProof>
}
