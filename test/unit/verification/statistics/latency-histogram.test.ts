import { expect, test } from 'vitest'
import { LatencyHistogram } from '../../../../src/verification/statistics/latency-histogram.js'

test('quantiles are right to 1 %, the largest exactly', () => {
  const histogram = new LatencyHistogram()
  expect(histogram.quantiles()).toBeUndefined()
  for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms)
  const { p50, p90, p99, max } = histogram.quantiles()!
  for (const [found, wanted] of [
    [p50, 500],
    [p90, 900],
    [p99, 990],
  ])
    expect(Math.abs(found! / wanted! - 1)).toBeLessThan(0.011)
  expect(max).toBe(1000)
})
