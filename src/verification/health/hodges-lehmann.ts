/**
 * The Hodges-Lehmann shift: the median of all differences between a canary's and a primary's value, in their unit. A
 * few odd values do not move it. The differences are never listed: how many are at most d takes one walk along both,
 * so halving the range of d finds the median in about 60 walks.
 *
 * @param canary ascending, at least one value; so `primary`
 */
export function hodgesLehmann(canary: ArrayLike<number>, primary: ArrayLike<number>): number {
  const pairs = canary.length * primary.length
  const upper = smallestWith(canary, primary, Math.floor(pairs / 2) + 1)
  if (pairs % 2 === 1) return upper
  return (smallestWith(canary, primary, pairs / 2) + upper) / 2
}

/** The smallest difference with at least `rank` differences at or below it. */
function smallestWith(canary: ArrayLike<number>, primary: ArrayLike<number>, rank: number): number {
  let low = canary[0]! - primary[primary.length - 1]! - 1
  let high = canary[canary.length - 1]! - primary[0]!
  for (;;) {
    const middle = low + (high - low) / 2
    if (middle <= low || middle >= high) return high
    const { count, largest } = atMost(canary, primary, middle)
    // From `middle` down to the largest difference below it no rank changes.
    if (count >= rank) high = largest
    else low = middle
  }
}

/** How many differences are at most `limit`, and the largest of them. */
function atMost(
  canary: ArrayLike<number>,
  primary: ArrayLike<number>,
  limit: number,
): { count: number; largest: number } {
  let count = 0
  let largest = -Infinity
  let first = 0
  for (let i = 0; i < canary.length; i += 1) {
    while (first < primary.length && canary[i]! - primary[first]! > limit) first += 1
    if (first === primary.length) break
    count += primary.length - first
    largest = Math.max(largest, canary[i]! - primary[first]!)
  }
  return { count, largest }
}
