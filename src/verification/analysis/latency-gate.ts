import type { AnalysisGate } from '../../model/results/analysis.js'
import type { AnalysisLimits } from '../../model/verify/verify-settings.js'
import { hodgesLehmann } from '../statistics/hodges-lehmann.js'
import type { LatencySample } from './latency-sample.js'
import { mannWhitney } from '../statistics/mann-whitney.js'
import { ms } from './phrases.js'

/** Minimum answers of each version: with fewer, one analysis in four would miss a canary slower by a fifth. */
const MIN_ANSWERS = 200

/**
 * Whether the canary is slower, significantly and by more than the limit. Looks at 200 answers of each version, at
 * twice as many and so on, and once at the end; each look spends half of the remaining alpha, the last one the rest.
 */
export class LatencyGate {
  private nextLook = MIN_ANSWERS

  /** @param alpha remaining bound on failing a canary that is as fast as the primary */
  constructor(
    private readonly limits: AnalysisLimits['latency'],
    private alpha: number,
    private readonly canary: LatencySample,
    private readonly primary: LatencySample,
  ) {}

  /** Call after every answer; true once the canary is too slow. */
  look(): boolean {
    if (this.answers() < this.nextLook) return false
    this.nextLook *= 2
    this.alpha /= 2
    return this.judge(this.alpha).verdict === 'fail'
  }

  /** The final verdict: the last look. */
  result(): AnalysisGate {
    const answers = this.answers()
    if (answers >= MIN_ANSWERS) return this.judge(this.alpha)
    const reason = `${answers} good answers of each version are too few to compare; ${MIN_ANSWERS} are needed`
    return { name: 'latency', verdict: 'inconclusive', reason }
  }

  private answers(): number {
    return Math.min(this.canary.count, this.primary.count)
  }

  private judge(alpha: number): AnalysisGate {
    const [canary, primary] = [this.canary.sorted(), this.primary.sorted()]
    const [median, baseline] = [canary, primary].map((values) => values[values.length >> 1]!) as [
      number,
      number,
    ]
    const { p } = mannWhitney(canary, primary)
    const shift = hodgesLehmann(canary, primary)
    const allowed = Math.max(this.limits.shift * baseline, this.limits.minMs)
    const verdict = p < alpha && shift > allowed ? 'fail' : 'pass'
    const amount = ms(Math.abs(shift))
    const moved = amount === '0 ms' ? 'as fast' : `${amount} ${shift < 0 ? 'faster' : 'slower'}`
    return {
      name: 'latency',
      verdict,
      reason:
        `the canary is ${moved} (medians ${ms(median)} and ${ms(baseline)} of the primary); ` +
        `up to ${ms(allowed)} slower is fine`,
    }
  }
}
