import { logBinomial } from './log-binomial.js'
import type { Share } from './newcombe.js'

/**
 * Fisher's exact test, one-sided: the probability that the canary has at least this many of all errors if both versions
 * are equal and errors fall on answers at random. Exact even for few errors, where a normal approximation is off by
 * orders of magnitude.
 */
export function fisherExact(canary: Share, primary: Share): number {
  const errors = canary.errors + primary.errors
  const all = logBinomial(canary.answers + primary.answers, errors)
  let sum = 0
  for (let k = canary.errors; k <= Math.min(errors, canary.answers); k += 1) {
    if (errors - k > primary.answers) continue
    sum += Math.exp(logBinomial(canary.answers, k) + logBinomial(primary.answers, errors - k) - all)
  }
  return Math.min(1, sum)
}
