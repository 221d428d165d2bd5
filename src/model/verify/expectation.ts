import type { ErrorCount, ErrorKind } from './answer-errors.js'

/** `regular` probes carry no canary header, `canary` ones carry all of them. */
export type ProbeKind = 'regular' | 'canary'

/** The share of each version that one kind of probe must see, over all paths of the app. */
export interface Expectation {
  kind: ProbeKind
  /** Paths of the probes, in turn, e.g. `/echo`; at least one. */
  paths: string[]
  /** Canary headers the probe carries; empty for regular probes. */
  headers: Record<string, string>
  /** The versions that may answer. */
  primary: string
  canary?: string
  /** Expected share of answers from `canary`, 0..1; 0 without a canary. */
  share: number
  /**
   * The share that probes of this kind saw in the previous stage, 0..1, right after an upgrade: shows whether old routes
   * could be mistaken for the wanted ones, and what unchanged traffic looks like. Undefined if nothing was changed.
   */
  shareBefore?: number
}

export type Verdict = 'pass' | 'fail' | 'inconclusive'

/** Counts of the answers to some of a check's probes: those on one path, or through one proxy. */
export interface Counts {
  sent: number
  /** Answers by version. */
  byVersion: Record<string, number>
  /** Answers of an expected status that named no version. */
  unidentified: number
  errors: ErrorCount[]
}

/** Result of one check (one expectation, probed and judged). All counts are of the judged window, in issue order. */
export interface CheckResult extends Counts {
  expectation: Expectation
  verdict: Verdict
  /** Anytime-valid confidence interval of the canary's share, 0..1, at level 99 %. */
  interval: [number, number]
  /** Half width of the passing band around the share, 0..1; for shares 0 and 1 the excluded share of wrong answers. */
  tolerance: number
  /** Bound on the probability of failing a right share, for this check alone. */
  alpha: number
  /** Reason of the verdict, one sentence; for fail and inconclusive with a summary of the answers. */
  reason: string
  /** The likeliest cause of the errors, a clause; undefined if no cause is likelier than others. */
  hint?: string
  /** Counts by path and by proxy; empty if there is only one. */
  perPath: Record<string, Counts>
  perProxy: Record<string, Counts>
  /** From issuing a probe to the end of its answer, milliseconds, of the judged answers; undefined if there are none. */
  latency?: Quantiles
  /**
   * For a weight: deviation from independent answers, in standard deviations: in issue order (negative: fewer runs than
   * by chance), and by connection (positive: more alike than by chance).
   */
  runsZ?: number
  connectionsZ?: number
  /** Answers from a cache, according to their headers, and answers that the proxy got only after a retry. */
  cached?: number
  retried?: number
  /** The received answers, if the wanted routes were never served and none was judged. */
  unjudged?: Counts & Pick<CheckResult, 'samples'>
  /**
   * If the proxies' own counters counted, not the answers: probes among `sent`, which has the requests of users too; all
   * were answered through the wanted routes.
   */
  counted?: { probes: number }
  /** Times the count was restarted while the proxy or the endpoints converged, and the probes that cost. */
  restarts: number
  discarded: number
  /** From the first judged probe to the verdict, milliseconds. */
  elapsedMs: number
  /** First answers that contradict the expectation, at most five. */
  samples: AnswerSample[]
}

/** Milliseconds. */
export interface Quantiles {
  p50: number
  p90: number
  p99: number
  max: number
}

/** One raw answer, kept as evidence. */
export interface AnswerSample {
  /** Index of the probe in issue order. */
  index: number
  /** ISO time the probe was issued. */
  at: string
  path: string
  /** The proxy, if each is probed by itself. */
  proxy?: string
  status?: number
  /** For people: the error, or how the connection failed. */
  error?: string
  errorKind?: ErrorKind
  version?: string
  headers?: Record<string, string>
  /** First 200 characters. */
  body?: string
}

/** Whether a shadow gets its copies of requests, by the proxies' own counters. */
export interface ShadowCheck {
  version: string
  /** Expected share of shadowed requests, 0..1. */
  share: number
  /** Requests to the app, those of its users included, and shadowed requests to the version's pods meanwhile. */
  requests: number
  shadowed: number
  /** Anytime-valid confidence interval of the shadowed share, 0..1. */
  interval: [number, number]
  verdict: Verdict
  /** One sentence. */
  reason: string
}

/** The proof of one stage: every check of it. Its verdict is the worst of its checks'. */
export interface StageProof {
  verdict: Verdict
  /** Origin of the proxy that was probed. */
  url: string
  host?: string
  /** Names of the proxies, if probed one by one; absent if only their shared address was probed. */
  proxies?: string[]
  /** How convergence was detected: `fingerprint` (the routes' hash on each answer) or `epochs` (restarts with backoff). */
  convergence: 'fingerprint' | 'epochs'
  /** From the end of the upgrade to the first answer of the wanted routes (of every proxy), milliseconds; absent if unknown. */
  convergedMs?: number
  checks: CheckResult[]
  /** What told the versions apart, if not the answers: the proxies' own counters. */
  countedBy?: 'proxies'
  /** Only of a stage with a shadow. */
  shadow?: ShadowCheck
}
