/**
 * Tests that may be asked after every single answer: each is a bet against the canary being healthy that gains nothing
 * on average while it is, so its logarithm reaches ln(1/alpha) in at most the share alpha of all healthy comparisons,
 * however long they last (Ville's inequality).
 */

/** What the first test bets on: the odds of an error being so many times those of the limit. */
const ODDS = [1.5, 2, 4, 10, 40]

/**
 * Whether a share of errors is above a limit: likelihood ratios of larger shares against the limit itself, their stakes
 * even. Each is a supermartingale for every share at or below the limit.
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

  /** Takes one answer; returns the logarithm of the evidence so far. */
  add(isError: boolean): number {
    for (const bet of this.bets) bet.log += isError ? bet.error : bet.fine
    const largest = Math.max(...this.bets.map(({ log }) => log))
    const sum = this.bets.reduce((total, { log }) => total + Math.exp(log - largest), 0)
    return largest + Math.log(sum / ODDS.length)
  }
}

/**
 * Whether errors fall on the canary more often than their turn. Looks at errors alone: of each it is known beforehand how
 * likely it is on the canary's side were both versions the same, and how likely were the canary's risk `risk` times the
 * primary's. No normal distribution is involved, so it is right from the first error on.
 */
export class ErrorsAgainstPrimary {
  private log = 0

  constructor(private readonly risk: number) {}

  /**
   * Takes one error; returns the logarithm of the evidence so far.
   *
   * @param onCanary whether it fell on the canary's side
   * @param canary how much of all probes the canary's side gets, `primary` the same of the other side, in any unit
   * @param mixed how much of the other side's is answered by the canary after all, 0..1
   */
  add(onCanary: boolean, canary: number, primary: number, mixed = 0): number {
    const equal = canary / (canary + primary)
    const risky = canary * this.risk
    const worse = risky / (risky + primary * (mixed * this.risk + 1 - mixed))
    this.log += onCanary ? Math.log(worse / equal) : Math.log((1 - worse) / (1 - equal))
    return this.log
  }
}
