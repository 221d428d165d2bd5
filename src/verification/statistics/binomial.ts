import { logBinomial } from './log-binomial.js'

/** The probability of at most `k` errors among `n` answers if each is an error with probability `share` (0 < share < 1). */
export function chanceOfAtMost(k: number, n: number, share: number): number {
  let sum = 0
  for (let i = 0; i <= Math.min(k, n); i += 1) {
    sum += Math.exp(logBinomial(n, i) + i * Math.log(share) + (n - i) * Math.log1p(-share))
  }
  return Math.min(1, sum)
}
