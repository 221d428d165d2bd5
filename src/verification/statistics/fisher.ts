import { logBinomial } from '../judging/judge.js'
import type { Share } from './newcombe.js'

/**
 * Fisher's exact test, one-sided: how likely the canary would have at least as many of all errors, were both versions
 * the same and the errors dealt out to the answers by chance. Exact however few the errors are, where a test by the
 * normal distribution is wrong by powers of ten.
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
