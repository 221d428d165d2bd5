import type { Quantiles } from '../../model/verify/expectation.js'

/** Buckets grow by 2 % each, from 10 µs: quantiles are accurate to 1 %. */
const GROWTH = Math.log(1.02)
const SMALLEST_MS = 0.01

/** Latencies of answers in constant memory. */
export class LatencyHistogram {
  private readonly buckets: number[] = []
  private count = 0
  private largest = 0

  add(ms: number): void {
    const bucket = Math.max(0, Math.floor(Math.log(ms / SMALLEST_MS) / GROWTH))
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1
    this.count += 1
    this.largest = Math.max(this.largest, ms)
  }

  /** Undefined without an answer. */
  quantiles(): Quantiles | undefined {
    if (this.count === 0) return undefined
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => this.quantile(share)) as [number, number, number]
    return { p50, p90, p99, max: rounded(this.largest) }
  }

  private quantile(share: number): number {
    const rank = Math.ceil(share * this.count)
    let seen = 0
    for (const [bucket, count = 0] of this.buckets.entries()) {
      seen += count
      if (seen >= rank)
        return rounded(Math.min(this.largest, SMALLEST_MS * Math.exp((bucket + 0.5) * GROWTH)))
    }
    return rounded(this.largest)
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
