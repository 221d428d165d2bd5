/** Values kept per version: enough for a gate and three quantiles, 160 KB. */
const CAPACITY = 20_000

/** Latencies of one version, milliseconds: all of them, or beyond the capacity a uniform random sample. */
export class LatencySample {
  /** Number of values added. */
  count = 0
  private max = -Infinity
  private readonly values: number[] = []

  constructor(private readonly random: () => number) {}

  add(ms: number): void {
    this.count += 1
    this.max = Math.max(this.max, ms)
    if (this.values.length < CAPACITY) this.values.push(ms)
    else {
      // Reservoir sampling: each value so far is in the sample with the same probability.
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
