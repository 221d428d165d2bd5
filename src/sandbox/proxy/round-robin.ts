import type { Destination } from '../gateway/routes.js'

/** Chooses among weighted destinations in turn: of any 100 requests to 50/50, each gets exactly 50. */
export class RoundRobin {
  private readonly credits = new WeakMap<object, number[]>()

  /** @param key what takes turns: one rule's requests count together */
  next(key: object, destinations: Destination[]): Destination | undefined {
    const total = destinations.reduce((sum, { weight }) => sum + weight, 0)
    if (total <= 0) return undefined
    const credits = this.credits.get(key) ?? []
    this.credits.set(key, credits)
    let best = -1
    destinations.forEach(({ weight }, index) => {
      credits[index] = (credits[index] ?? 0) + weight
      if (weight > 0 && (best < 0 || credits[index] > credits[best]!)) best = index
    })
    credits[best]! -= total
    return destinations[best]
  }
}
