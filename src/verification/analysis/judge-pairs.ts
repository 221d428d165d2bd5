import type { ArmCounts, Analysis, AnalysisGate } from '../../model/results/analysis.js'
import type { AnalysisRequest } from '../probing/verifier.js'
import { AbsoluteGate, type Arm, RelativeGate } from './error-gates.js'
import { LatencyGate } from './latency-gate.js'
import { LatencySample } from './latency-sample.js'
import type { Share } from '../statistics/newcombe.js'
import { quantiles } from '../statistics/order-statistics.js'
import type { AnswerError, ErrorCount } from '../../model/verify/answer-errors.js'
import { addedCounts, countError, countsText, totalOf } from '../answers/error-counts.js'
import { among } from './phrases.js'

/** Bound on failing a canary that is as good as the primary and below the error limit, over all gates. */
const ANALYSIS_FALSE_ALARM_RATE = 0.01
const GATES = 3

const NO_VERSION: AnswerError = { kind: 'no-version' }

/** The outcome of one probe of a pair. */
export type Seen =
  | { type: 'answer'; arm: Arm; elapsedMs: number }
  /** `arm`: the version, if the answer names it. */
  | { type: 'error'; error: AnswerError; arm?: Arm }
  /** A good answer that names no version; `arm`: the proxy's choice, if the answer shows it. */
  | { type: 'unnamed'; arm?: Arm }
  /** No version got the request. */
  | { type: 'lost'; error: AnswerError }

type Settings = Pick<AnalysisRequest, 'primary' | 'canary' | 'share' | 'limits'>

interface Tally extends Share {
  errorCounts: ErrorCount[]
  latency: LatencySample
}

/** Counts outcomes and judges after every probe. */
export class PairJudge {
  private probes = 0
  /** `lost`: errors of no version; `unknown`: of one version or the other. */
  private readonly lost: ErrorCount[] = []
  private readonly unknown: ErrorCount[] = []
  private readonly resets = { canary: 0, regular: 0 }
  private readonly arms: Record<Arm, Tally>
  private readonly kinds: Record<'canary' | 'regular', Share> = {
    canary: { errors: 0, answers: 0 },
    regular: { errors: 0, answers: 0 },
  }
  private readonly absolute: AbsoluteGate
  private readonly relative: RelativeGate
  private readonly latency: LatencyGate

  /** @param random numbers from 0 to 1 */
  constructor(
    private readonly settings: Settings,
    random: () => number,
  ) {
    const tally = (): Tally => ({
      errors: 0,
      answers: 0,
      errorCounts: [],
      latency: new LatencySample(random),
    })
    const { limits, share } = settings
    const alpha = ANALYSIS_FALSE_ALARM_RATE / GATES
    this.arms = { primary: tally(), canary: tally() }
    this.absolute = new AbsoluteGate(limits.maxErrorRate, alpha)
    this.relative = new RelativeGate(limits, share, alpha)
    this.latency = new LatencyGate(limits.latency, alpha, this.arms.canary.latency, this.arms.primary.latency)
  }

  /** Adds the outcome of one probe; true once a gate fails. */
  add(isCanaryRequest: boolean, seen: Seen): boolean {
    this.probes += 1
    if (seen.type === 'lost') return this.lose(seen.error)
    // Unnamed answers count against the canary only if the primary's answers name their version.
    if (seen.type === 'unnamed') {
      const isNamed = this.arms.primary.answers > this.arms.primary.errors
      return isNamed ? this.error(isCanaryRequest, { ...seen, error: NO_VERSION }) : this.lose(NO_VERSION)
    }
    if (seen.type === 'error') return this.error(isCanaryRequest, seen)
    this.kinds[isCanaryRequest ? 'canary' : 'regular'].answers += 1
    const arm = this.arms[seen.arm]
    arm.answers += 1
    arm.latency.add(seen.elapsedMs)
    const tooMany = isCanaryRequest && this.absolute.add()
    return this.latency.look() || tooMany
  }

  get errors(): Record<Arm, number> {
    return { primary: this.arms.primary.errors, canary: this.arms.canary.errors }
  }

  get pairs(): number {
    return Math.floor(this.probes / 2)
  }

  /** The analysis; its verdict is the worst of the gates'. */
  result(): Omit<Analysis, 'elapsedMs' | 'samples'> {
    const { primary, canary } = this.settings
    const gates = [...this.lostGate(), this.absolute.result(), this.relativeResult(), this.latency.result()]
    return {
      verdict: worst(gates),
      pairs: this.pairs,
      primary: counts(primary, this.arms.primary),
      canary: counts(canary, this.arms.canary),
      unattributed: addedCounts(this.lost, this.unknown),
      gates,
    }
  }

  private error(isCanaryRequest: boolean, { error, arm }: { error: AnswerError; arm?: Arm }): boolean {
    const side = isCanaryRequest ? 'canary' : 'regular'
    this.kinds[side].answers += 1
    this.kinds[side].errors += 1
    if (error.kind === 'reset') this.resets[side] += 1
    const blamed = arm ?? this.blamedFor(isCanaryRequest)
    if (blamed) {
      this.arms[blamed].answers += 1
      this.arms[blamed].errors += 1
      countError(this.arms[blamed].errorCounts, error)
    } else countError(this.unknown, error)
    const tooMany =
      isCanaryRequest && !(error.kind === 'reset' && this.isShared()) && this.absolute.add(error)
    return this.relative.add(isCanaryRequest, arm) || tooMany
  }

  /**
   * Whether the connection caused the newest reset of a canary request: regular requests are reset as often. Allows one
   * more, as either probe of a pair may come first.
   */
  private isShared(): boolean {
    return this.resets.canary <= this.resets.regular + 1
  }

  private lose(error: AnswerError): boolean {
    countError(this.lost, error)
    return false
  }

  /**
   * Blames the canary for unattributed errors of canary probes, the primary for those of regular probes only if it gets
   * them all.
   */
  private blamedFor(isCanaryRequest: boolean): Arm | undefined {
    if (isCanaryRequest) return 'canary'
    return this.settings.share === 0 ? 'primary' : undefined
  }

  private relativeResult(): AnalysisGate {
    const { primary, canary } = this.settings
    if (totalOf(this.unknown) === 0)
      return this.relative.result(this.arms.canary, this.arms.primary, { primary, canary })
    return this.relative.result(this.kinds.canary, this.kinds.regular, {
      canary: 'canary requests',
      primary: 'regular ones',
    })
  }

  /** Inconclusive if too many probes reached no version: the rest may not represent users' requests. */
  private lostGate(): AnalysisGate[] {
    const shared = 2 * Math.min(this.resets.canary, this.resets.regular)
    const lost = [...this.lost]
    if (shared > 0) countError(lost, { kind: 'reset' }, shared)
    if (totalOf(lost) <= Math.max(3, this.probes / 100)) return []
    const reason = `${among(totalOf(lost), this.probes)} probes reached no version: ${countsText(lost)}`
    return [{ name: 'probes', verdict: 'inconclusive', reason }]
  }
}

function counts(version: string, { answers, errors, errorCounts, latency }: Tally): ArmCounts {
  const seen = { version, answers, errors: errorCounts, errorCount: errors }
  if (latency.count === 0) return seen
  return { ...seen, latency: { ...quantiles(latency.sorted()), max: latency.largest } }
}

function worst(gates: AnalysisGate[]): Analysis['verdict'] {
  const verdicts = gates.map(({ verdict }) => verdict)
  return (
    verdicts.find((verdict) => verdict === 'fail') ?? verdicts.find((verdict) => verdict !== 'pass') ?? 'pass'
  )
}
