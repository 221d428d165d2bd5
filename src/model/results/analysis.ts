import type { ErrorCount } from '../answer-errors.js'
import type { AnswerSample, Quantiles, Verdict } from '../expectation.js'

/** What was seen of one version. */
export interface ArmCounts {
  version: string
  /** Probes that it answered, or failed to; errors included. */
  answers: number
  errors: ErrorCount[]
  errorCount: number
  /** Milliseconds, of the answers that were no errors; undefined without any. */
  latency?: Quantiles & {
    /** Order-statistic intervals at 95 %, `null` where there are too few answers for a bound. */
    intervals: Record<'p50' | 'p90' | 'p99', [number | null, number | null]>
  }
}

/** One condition on the canary's health: `errors`, `errors against primary`, `latency`, or the name of a metric. */
export interface AnalysisGate {
  name: string
  verdict: Verdict
  /** One sentence with the numbers. */
  reason: string
}

/** The canary against the primary, from pairs of probes interleaved in random order. */
export interface Analysis {
  verdict: Verdict
  pairs: number
  elapsedMs: number
  primary: ArmCounts
  canary: ArmCounts
  /** Errors that no version can be blamed for: on the way to the proxy, or of whichever version was chosen. */
  unattributed: ErrorCount[]
  gates: AnalysisGate[]
  /** First errors, at most five. */
  samples: AnswerSample[]
}
