import type { Quantiles } from '../../model/verify/expectation.js'
import type { ArmCounts } from '../../model/results/analysis.js'
import { logBinomial } from './log-binomial.js'

/** A rank from 1 to n, or `null` if n values are too few to bound the quantile on that side. */
export type RankInterval = [number | null, number | null]

/**
 * The ranks whose values enclose a quantile with 95 % confidence, for any distribution: the number of values below a
 * quantile is binomial.
 *
 * @param q 0..1
 */
export function rankInterval(n: number, q: number): RankInterval {
  const tail = 0.025
  let below = 0
  let low: number | null = null
  let high: number | null = null
  // `below`: probability that at most k values lie below the quantile.
  for (let k = 0; k < n && high === null; k += 1) {
    below += Math.exp(logBinomial(n, k) + k * Math.log(q) + (n - k) * Math.log1p(-q))
    if (below <= tail) low = k + 1
    else if (below >= 1 - tail) high = k + 1
  }
  return [low, high]
}

/**
 * Nearest-rank quantiles with their intervals.
 *
 * @param sorted ascending, at least one value
 */
export function quantiles(sorted: ArrayLike<number>): NonNullable<ArmCounts['latency']> {
  const { length } = sorted
  const at = (q: number) => sorted[Math.max(0, Math.ceil(q * length) - 1)]!
  const between = (q: number): RankInterval => {
    const [low, high] = rankInterval(length, q)
    return [low === null ? null : sorted[low - 1]!, high === null ? null : sorted[high - 1]!]
  }
  const values: Quantiles = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted[length - 1]! }
  return { ...values, intervals: { p50: between(0.5), p90: between(0.9), p99: between(0.99) } }
}
