import type { AnalysisGate } from '../../model/results/analysis.js'
import type { AnalysisLimits } from '../../model/verify/verify-settings.js'
import { chanceOfAtMost } from '../statistics/binomial.js'
import { fisherExact } from '../statistics/fisher.js'
import { newcombeInterval, type Share } from '../statistics/newcombe.js'
import type { AnswerError, ErrorCount } from '../../model/verify/answer-errors.js'
import { countError, countsText } from '../answers/error-counts.js'
import { among, percent, points } from './phrases.js'
import { ErrorsAboveLimit, ErrorsAgainstPrimary } from '../statistics/sequential.js'

/** Bound on passing a canary whose error rate is at or above the limit. */
const BETA = 0.01

/** A version by its role in the analysis. */
export type Arm = 'primary' | 'canary'

/**
 * The canary's errors against the limit, regardless of the primary. Counts canary probes only: an error of a regular
 * one may be either version's.
 */
export class AbsoluteGate {
  private readonly test: ErrorsAboveLimit
  private readonly counts: Share = { errors: 0, answers: 0 }
  private readonly errors: ErrorCount[] = []
  private hasFailed = false

  constructor(
    private readonly limit: number,
    private readonly alpha: number,
  ) {
    this.test = new ErrorsAboveLimit(limit)
  }

  /** Adds the outcome of a canary probe; true once the canary has too many errors. */
  add(error?: AnswerError): boolean {
    this.counts.answers += 1
    if (error) {
      this.counts.errors += 1
      countError(this.errors, error)
    }
    this.hasFailed ||= this.test.add(error !== undefined) >= Math.log(1 / this.alpha)
    return this.hasFailed
  }

  result(): AnalysisGate {
    const { errors, answers } = this.counts
    const limit = percent(this.limit)
    const seen = `${among(errors, answers)} canary requests failed${errors > 0 ? `: ${countsText(this.errors)}` : ''}`
    const gate = { name: 'errors' }
    if (this.hasFailed) return { ...gate, verdict: 'fail', reason: `${seen}; that is more than ${limit}` }
    // Evaluated once, at the end: needs no sequential test.
    if (chanceOfAtMost(errors, answers, this.limit) <= BETA)
      return { ...gate, verdict: 'pass', reason: `${seen}; that is less than ${limit}` }
    const needed = Math.ceil(Math.log(BETA) / Math.log1p(-this.limit))
    const why =
      answers < needed ? `at least ${needed} requests are needed` : 'too close to call: analyze for longer'
    return { ...gate, verdict: 'inconclusive', reason: `${seen}; the limit is ${limit}, ${why}` }
  }
}

/** The canary's errors against the primary's. */
export class RelativeGate {
  private readonly test: ErrorsAgainstPrimary
  private hasFailed = false

  /** @param share share of the regular requests that the canary gets, 0..1 */
  constructor(
    private readonly limits: AnalysisLimits,
    private readonly share: number,
    private readonly alpha: number,
  ) {
    this.test = new ErrorsAgainstPrimary(limits.relativeRisk)
  }

  /**
   * Adds an error; true once the canary has too many. If the answer names its version, compares versions: the canary
   * gets all canary requests and its share of the regular ones. Otherwise compares canary with regular requests: with
   * equal versions, either is as likely to fail.
   *
   * @param arm the version, if the answer names it
   */
  add(isCanaryRequest: boolean, arm?: Arm): boolean {
    const evidence = arm
      ? this.test.add(arm === 'canary', 1 + this.share, 1 - this.share)
      : this.test.add(isCanaryRequest, 1, 1, this.share)
    this.hasFailed ||= evidence >= Math.log(1 / this.alpha)
    return this.hasFailed
  }

  /**
   * @param canary counts of the versions or, if errors could not be attributed, of canary requests
   * @param primary the same of the primary or regular requests
   */
  result(canary: Share, primary: Share, names: Record<Arm, string>): AnalysisGate {
    const gate = { name: 'errors against primary' }
    const seen = `${names.canary} ${among(canary.errors, canary.answers)}, ${names.primary} ${among(primary.errors, primary.answers)}`
    if (canary.answers === 0 || primary.answers === 0) {
      return { ...gate, verdict: 'inconclusive', reason: `${seen}: there is nothing to compare` }
    }
    const [low, high] = newcombeInterval(canary, primary)
    const p = fisherExact(canary, primary)
    const numbers = `${seen}; difference ${points(low)} to ${points(high)} points, Fisher's p ${significant(p)}`
    if (this.hasFailed) return { ...gate, verdict: 'fail', reason: numbers }
    if (high < this.limits.maxErrorRate) return { ...gate, verdict: 'pass', reason: numbers }
    const why = `too few to rule out ${points(this.limits.maxErrorRate)} points more`
    return { ...gate, verdict: 'inconclusive', reason: `${numbers}; ${why}` }
  }
}

function significant(p: number): string {
  return p >= 0.001 ? String(Number(p.toPrecision(2))) : p < 1e-6 ? 'below 0.000001' : p.toFixed(6)
}
