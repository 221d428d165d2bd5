/** Errors and answers of one version. */
export interface Share {
  errors: number
  answers: number
}

/** 95 %, two-sided. */
const Z = 1.959963984540054

/**
 * Newcombe's 95 % interval for the canary's error share minus the primary's (his method 10, from the Wilson intervals
 * of both): valid for small counts and zero. Shares are 0..1; both need at least one answer.
 */
export function newcombeInterval(canary: Share, primary: Share): [number, number] {
  const [c, b] = [wilson(canary), wilson(primary)]
  const difference = c.share - b.share
  return [
    difference - Math.hypot(c.share - c.low, b.high - b.share),
    difference + Math.hypot(c.high - c.share, b.share - b.low),
  ]
}

function wilson({ errors, answers }: Share): { share: number; low: number; high: number } {
  const share = errors / answers
  const middle = (share + Z ** 2 / (2 * answers)) / (1 + Z ** 2 / answers)
  const half =
    (Z * Math.sqrt((share * (1 - share)) / answers + Z ** 2 / (4 * answers ** 2))) / (1 + Z ** 2 / answers)
  return { share, low: middle - half, high: middle + half }
}
