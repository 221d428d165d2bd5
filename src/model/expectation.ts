import type { ErrorCount, ErrorKind } from './answer-errors.js'

/** `regular` probes carry no canary header, `canary` ones carry all of them. */
export type ProbeKind = 'regular' | 'canary'

/** What share of which version one kind of probe must see, over all of the app's paths together. */
export interface Expectation {
  kind: ProbeKind
  /** Paths of the probes, each in its turn, e.g. `/echo`; at least one. */
  paths: string[]
  /** Canary headers the probe carries; empty for regular probes. */
  headers: Record<string, string>
  /** The versions that may answer. */
  primary: string
  canary?: string
  /** Share of the answers expected from `canary`, 0..1; 0 where there is no canary. */
  share: number
  /**
   * The share that probes of this kind saw in the stage before, 0..1, right after an upgrade: says whether old routes
   * could be taken for the wanted ones, and what "as before" would look like. Undefined where nothing was changed.
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

/** What one check (one expectation, probed and judged) came to. All counts are of the judged window, in issue order. */
export interface CheckResult extends Counts {
  expectation: Expectation
  verdict: Verdict
  /** Anytime-valid confidence interval of the canary's share, 0..1, at level 99 %. */
  interval: [number, number]
  /** Half width of the band around the share that passes, 0..1; for shares 0 and 1 the share of wrong answers ruled out. */
  tolerance: number
  /** Bound on failing a right share, for this check alone. */
  alpha: number
  /** Why the verdict is what it is, one sentence; for fail and inconclusive with what the answers looked like. */
  reason: string
  /** The likeliest cause of the errors, a clause; undefined where no cause is likelier than others. */
  hint?: string
  /** Counts by path and by proxy; empty where there is only one. */
  perPath: Record<string, Counts>
  perProxy: Record<string, Counts>
  /** From issuing a probe to the end of its answer, milliseconds, of the judged answers; undefined without any. */
  latency?: Quantiles
  /**
   * For a weight: how far the answers are from falling independently of each other, in standard deviations: in issue
   * order (fewer runs than chance makes are negative), and by connection (more alike than chance makes are positive).
   */
  runsZ?: number
  connectionsZ?: number
  /** Answers that say a cache gave them, and those that the proxy got only after it had asked again. */
  cached?: number
  retried?: number
  /** The answers there were, where the wanted routes were never served and none was judged. */
  unjudged?: Counts & Pick<CheckResult, 'samples'>
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
  /** The proxy that was asked, where each is asked by itself. */
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

/** Whether copies of requests reach a shadowed version, by the proxies' own counters. */
export interface ShadowCheck {
  version: string
  /** Share of the requests that are to be copied, 0..1. */
  share: number
  /** Requests to the app, those of its users included, and copies that went to the version's pods meanwhile. */
  requests: number
  shadowed: number
  /** Anytime-valid confidence interval of the share of copies, 0..1. */
  interval: [number, number]
  verdict: Verdict
  /** One sentence. */
  reason: string
}

/** The proof of one stage: every check of it. Its verdict is the worst of its checks'. */
export interface StageProof {
  verdict: Verdict
  /** Where the probes went. */
  url: string
  host?: string
  /** Names of the proxies asked one by one; absent where only the address they share was asked. */
  proxies?: string[]
  /** How convergence was told: `fingerprint` (the routes' hash on each answer) or `epochs` (restarts with backoff). */
  convergence: 'fingerprint' | 'epochs'
  /** From the end of the upgrade to the first answer of the wanted routes (of every proxy), milliseconds; absent where not told. */
  convergedMs?: number
  checks: CheckResult[]
  /** Only of a stage with a shadowed version. */
  shadow?: ShadowCheck
}
