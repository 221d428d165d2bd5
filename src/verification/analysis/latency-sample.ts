/** Values kept of each version: what a gate and three quantiles need, at 160 KB. */
const CAPACITY = 20_000

/** Latencies of one version, milliseconds: all of them, or a random sample of even chances where they are too many. */
export class LatencySample {
  /** How many there were. */
  count = 0
  private max = -Infinity
  private readonly values: number[] = []

  constructor(private readonly random: () => number) {}

  add(ms: number): void {
    this.count += 1
    this.max = Math.max(this.max, ms)
    if (this.values.length < CAPACITY) this.values.push(ms)
    else {
      // Each of the values so far is in the sample with the same chance (reservoir sampling).
      const place = Math.floor(this.random() * this.count)
      if (place < CAPACITY) this.values[place] = ms
    }
  }

  /** Ascending. */
  sorted(): Float64Array {
    return Float64Array.from(this.values).sort()
  }

  /** The largest of all values, sampled or not. */
  get largest(): number {
    return this.max
  }
}
