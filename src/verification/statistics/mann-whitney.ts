export interface MannWhitney {
  /** Pairs of a canary's and a primary's value in which the canary's is greater; a tie counts half. */
  u: number
  /** One-sided: the probability of this many or more if both versions are equal. */
  p: number
  /** Their share of all pairs, 0..1; 0.5 if both are alike. */
  effect: number
}

/** Up to this many values per version, without ties, the distribution is computed exactly. */
const MAX_EXACT = 20

/**
 * The Mann-Whitney test of whether the canary's values tend to be greater. Exact for few values without ties, else by
 * the normal distribution with the corrections for ties and continuity.
 *
 * @param canary ascending, at least one value; so `primary`
 */
export function mannWhitney(canary: ArrayLike<number>, primary: ArrayLike<number>): MannWhitney {
  const [n, m] = [canary.length, primary.length]
  let u = 0
  let below = 0
  let ties = 0
  for (let i = 0, j = 0; i < n || j < m;) {
    const value = Math.min(canary[i] ?? Infinity, primary[j] ?? Infinity)
    const [fromCanary, fromPrimary] = [run(canary, i, value), run(primary, j, value)]
    u += fromCanary * (below + fromPrimary / 2)
    below += fromPrimary
    i += fromCanary
    j += fromPrimary
    const together = fromCanary + fromPrimary
    ties += together ** 3 - together
  }
  const p = ties === 0 && n <= MAX_EXACT && m <= MAX_EXACT ? exactTail(u, n, m) : normalTail(u, n, m, ties)
  return { u, p, effect: u / (n * m) }
}

/** How many values from `from` on equal `value`. */
function run(sorted: ArrayLike<number>, from: number, value: number): number {
  let to = from
  while (to < sorted.length && sorted[to] === value) to += 1
  return to - from
}

/** P(U >= u) from the number of arrangements with each U: the coefficients of the Gaussian binomial (n + m over n). */
function exactTail(u: number, n: number, m: number): number {
  const arrangements = new Float64Array(n * m + 1)
  arrangements[0] = 1
  for (let i = 1; i <= n; i += 1) {
    for (let k = n * m; k >= m + i; k -= 1) arrangements[k]! -= arrangements[k - m - i]!
    for (let k = i; k <= n * m; k += 1) arrangements[k]! += arrangements[k - i]!
  }
  const all = arrangements.reduce((sum, count) => sum + count, 0)
  return arrangements.subarray(u).reduce((sum, count) => sum + count, 0) / all
}

function normalTail(u: number, n: number, m: number, ties: number): number {
  const all = n + m
  const variance = ((n * m) / 12) * (all + 1 - ties / (all * (all - 1)))
  if (variance <= 0) return 1 // all values are the same
  return upperTail((u - (n * m) / 2 - 0.5) / Math.sqrt(variance))
}

/** P(Z >= z) of the normal distribution, by series near the middle and continued fraction in the tail. */
export function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < 3) {
    let term = z
    let sum = z
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (z * z) / k
    return 0.5 - density * sum
  }
  let fraction = z
  for (let k = 60; k >= 1; k -= 1) fraction = z + k / fraction
  return density / fraction
}
