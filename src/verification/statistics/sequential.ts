/**
 * Tests that may be evaluated after every answer: each is a bet against a healthy canary that gains nothing on average
 * if it is healthy, so its logarithm reaches ln(1/alpha) in at most a share alpha of all healthy comparisons, however
 * long they last (Ville's inequality).
 */

/** Bets of the first test: odds of an error as multiples of the limit's. */
const ODDS = [1.5, 2, 4, 10, 40]

/**
 * Whether an error share is above a limit: likelihood ratios of larger shares against the limit, with equal stakes.
 * Each is a supermartingale for every share at or below the limit.
 */
export class ErrorsAboveLimit {
  private readonly bets: { error: number; fine: number; log: number }[]

  /** @param limit 0..1, both excluded */
  constructor(limit: number) {
    this.bets = ODDS.map((odds) => {
      const share = (odds * limit) / (odds * limit + 1 - limit)
      return { error: Math.log(share / limit), fine: Math.log((1 - share) / (1 - limit)), log: 0 }
    })
  }

  /** Adds one answer; returns the logarithm of the evidence so far. */
  add(isError: boolean): number {
    for (const bet of this.bets) bet.log += isError ? bet.error : bet.fine
    const largest = Math.max(...this.bets.map(({ log }) => log))
    const sum = this.bets.reduce((total, { log }) => total + Math.exp(log - largest), 0)
    return largest + Math.log(sum / ODDS.length)
  }
}

/**
 * Whether errors fall on the canary more often than its share. Uses errors only: for each, the probability of falling
 * on the canary's side is known if both versions are equal, and if the canary's risk is `risk` times the primary's.
 * Needs no normal approximation, so it is valid from the first error.
 */
export class ErrorsAgainstPrimary {
  private log = 0

  constructor(private readonly risk: number) {}

  /**
   * Adds one error; returns the logarithm of the evidence so far.
   *
   * @param onCanary whether it fell on the canary's side
   * @param canary the canary side's amount of all probes; `primary` that of the other side, in the same unit
   * @param mixed share of the other side's probes that the canary answers, 0..1
   */
  add(onCanary: boolean, canary: number, primary: number, mixed = 0): number {
    const equal = canary / (canary + primary)
    const risky = canary * this.risk
    const worse = risky / (risky + primary * (mixed * this.risk + 1 - mixed))
    this.log += onCanary ? Math.log(worse / equal) : Math.log((1 - worse) / (1 - equal))
    return this.log
  }
}
