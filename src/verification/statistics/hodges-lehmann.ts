/**
 * The Hodges-Lehmann shift: the median of all differences between a canary's and a primary's value, in their unit. A
 * few outliers do not move it. The differences are never listed: counting those at most d takes one pass over both, so
 * bisecting d finds the median in some 30 passes.
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
  let low = canary[0]! - primary[primary.length - 1]!
  let high = canary[canary.length - 1]! - primary[0]!
  while (low < high) {
    const middle = low + (high - low) / 2
    // Between two adjacent floating-point numbers the middle may round up to the upper one.
    const { count, largest, next } = around(canary, primary, middle < high ? middle : low)
    if (count >= rank) high = largest
    else low = next
  }
  return high
}

/** How many differences are at most `limit`, the largest of those, and the smallest of the others. */
function around(
  canary: ArrayLike<number>,
  primary: ArrayLike<number>,
  limit: number,
): { count: number; largest: number; next: number } {
  let count = 0
  let largest = -Infinity
  let next = Infinity
  let first = 0
  for (let i = 0; i < canary.length; i += 1) {
    while (first < primary.length && canary[i]! - primary[first]! > limit) first += 1
    if (first > 0) next = Math.min(next, canary[i]! - primary[first - 1]!)
    if (first === primary.length) break
    count += primary.length - first
    largest = Math.max(largest, canary[i]! - primary[first]!)
  }
  return { count, largest, next }
}
