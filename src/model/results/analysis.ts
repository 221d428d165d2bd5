import type { ErrorCount } from '../verify/answer-errors.js'
import type { AnswerSample, Quantiles, Verdict } from '../verify/expectation.js'

/** Observations of one version. */
export interface ArmCounts {
  version: string
  /** Its probes, errors included. */
  answers: number
  errors: ErrorCount[]
  errorCount: number
  /** Milliseconds, of the answers without errors; undefined if there are none. */
  latency?: Quantiles & {
    /** Order-statistic intervals at 95 %, `null` if there are too few answers for a bound. */
    intervals: Record<'p50' | 'p90' | 'p99', [number | null, number | null]>
  }
}

/** One gate of an analysis: `errors`, `errors against primary`, `latency`, or the name of a metric. */
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
  /** Errors that count for no version: on the way to the proxy, or of an unknown version. */
  unattributed: ErrorCount[]
  gates: AnalysisGate[]
  /** First errors, at most five. */
  samples: AnswerSample[]
}
