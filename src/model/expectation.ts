/** `unmarked` probes carry no canary header, `marked` ones carry all of them. */
export type ProbeKind = 'unmarked' | 'marked'

/** What share of which version one kind of probe must see on one path. */
export interface Expectation {
  kind: ProbeKind
  /** Path of the probe, e.g. `/echo`. */
  path: string
  /** Canary headers the probe carries; empty for unmarked probes. */
  headers: Record<string, string>
  /** The versions that may answer. */
  primary: string
  canary?: string
  /** Share of the answers expected from `canary`, 0..1; 0 where there is no canary. */
  share: number
}

export type Verdict = 'pass' | 'fail' | 'inconclusive'

/** What one check (one expectation, probed and judged) came to. All counts are of the judged window. */
export interface CheckResult {
  expectation: Expectation
  verdict: Verdict
  /** Probes whose answers were judged, in issue order. */
  sent: number
  /** Answers by version, versions outside the expectation included. */
  byVersion: Record<string, number>
  /** 2xx answers that named no version. */
  unidentified: number
  /** Errors by kind: `http 503`, `timeout`, `refused`, `reset`, `redirect`, `foreign routes`, … */
  errors: Record<string, number>
  /** Anytime-valid confidence interval of the canary's share, 0..1. */
  interval: [number, number]
  /** Why the verdict is what it is, one sentence; for fail and inconclusive with what the answers looked like. */
  reason: string
  /** Times the count was restarted while the proxy or the endpoints converged, and the probes that cost. */
  restarts: number
  discarded: number
  /** From the first judged probe to the verdict, milliseconds. */
  elapsedMs: number
  /** First answers that contradict the expectation, at most five. */
  samples: AnswerSample[]
}

/** One raw answer, kept as evidence. */
export interface AnswerSample {
  /** Index of the probe in issue order. */
  index: number
  /** ISO time the probe was issued. */
  at: string
  status?: number
  error?: string
  version?: string
  headers?: Record<string, string>
  /** First 200 characters. */
  body?: string
}

/** The proof of one stage: every check of it. Its verdict is the worst of its checks'. */
export interface StageProof {
  verdict: Verdict
  /** Where the probes went. */
  url: string
  host?: string
  /** How convergence was told: `fingerprint` (the routes' hash on each answer) or `epochs` (restarts with backoff). */
  convergence: 'fingerprint' | 'epochs'
  /** From the end of the upgrade to the first answer of the wanted routes, milliseconds; absent where not told. */
  convergedMs?: number
  checks: CheckResult[]
}
