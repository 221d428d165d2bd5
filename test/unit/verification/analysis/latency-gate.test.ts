import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../../src/sandbox/random.js'
import { LatencyGate } from '../../../../src/verification/analysis/latency-gate.js'
import { LatencySample } from '../../../../src/verification/analysis/latency-sample.js'

/** Answers of both versions in turn, until the gate fails or each has `most`; whether it failed by the end. */
function run(
  random: Random,
  most: number,
  limits: { shift: number; minMs: number },
  factor = 1,
  alpha = 0.01,
) {
  const [canary, primary] = [new LatencySample(random), new LatencySample(random)]
  const gate = new LatencyGate(limits, alpha, canary, primary)
  for (let n = 0; n < most; n += 1) {
    primary.add(40 / (0.2 + random()))
    canary.add((factor * 40) / (0.2 + random()))
    if (gate.look()) break
  }
  return gate.result()
}

describe('the latency gate', () => {
  test('false alarms stay within alpha over all looks, even where any shift is too much', () => {
    const runs = 400
    const failed = Array.from({ length: runs }, (_, seed) =>
      run(seededRandom(seed), 850, { shift: 0, minMs: 0 }, 1, 0.05),
    ).filter(({ verdict }) => verdict === 'fail').length
    expect(failed / runs).toBeLessThanOrEqual(0.05)
    expect(failed).toBeGreaterThan(0)
  })

  test.each([
    { name: 'half as slow again', factor: 1.5, minMs: 5, verdict: 'fail' },
    { name: 'the same, where as many milliseconds are fine', factor: 1.5, minMs: 60, verdict: 'pass' },
    { name: '5 % slower', factor: 1.05, minMs: 5, verdict: 'pass' },
    { name: 'faster', factor: 0.5, minMs: 5, verdict: 'pass' },
  ])('$name: $verdict', ({ factor, minMs, verdict }) => {
    expect(run(seededRandom(1), 1000, { shift: 0.2, minMs }, factor).verdict).toBe(verdict)
  })

  test('says what is faster', () => {
    expect(run(seededRandom(1), 1000, { shift: 0.2, minMs: 5 }, 0.5).reason).toMatch(
      /^the canary is [\d.]+ ms faster \(medians [\d.]+ ms and [\d.]+ ms of the primary\); up to [\d.]+ ms slower is fine$/,
    )
  })
})

describe('the sample of latencies', () => {
  test('keeps every value with the same chance, and the largest of all', () => {
    const sample = new LatencySample(seededRandom(1))
    for (let value = 1; value <= 200_000; value += 1) sample.add(value)
    const sorted = sample.sorted()
    expect([sample.count, sorted.length, sample.largest]).toEqual([200_000, 20_000, 200_000])
    // Quartiles of 1 to 200,000, within about four standard errors of a sample of 20,000.
    for (const quarter of [1, 2, 3]) {
      expect(Math.abs(sorted[quarter * 5000]! - quarter * 50_000)).toBeLessThan(3000)
    }
  })
})
