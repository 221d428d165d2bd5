import type { AnswerSample, Quantiles, Verdict } from '../expectation.js'

/** What was seen of one version. */
export interface ArmCounts {
  version: string
  /** Probes that it answered, or failed to; errors included. */
  answers: number
  /** Errors by kind. */
  errors: Record<string, number>
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
  /** Errors by kind that no version can be blamed for: of the way to the proxy, or of whichever version was chosen. */
  unattributed: Record<string, number>
  gates: AnalysisGate[]
  /** First errors, at most five. */
  samples: AnswerSample[]
}
