import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../src/sandbox/random.js'
import { fisherExact } from '../../../../src/verification/statistics/fisher.js'
import { hodgesLehmann } from '../../../../src/verification/statistics/hodges-lehmann.js'
import { mannWhitney, upperTail } from '../../../../src/verification/statistics/mann-whitney.js'
import { newcombeInterval } from '../../../../src/verification/statistics/newcombe.js'
import { quantiles, rankInterval } from '../../../../src/verification/statistics/order-statistics.js'
import { ErrorsAboveLimit, ErrorsAgainstPrimary } from '../../../../src/verification/statistics/sequential.js'

const ascending = (...values: number[]) => values.sort((a, b) => a - b)
const CANARY = ascending(12, 15, 11, 14, 18, 13, 16, 12.5)
const PRIMARY = ascending(10, 11, 9, 12, 10.5, 9.5, 11.5, 10.2)

test.each([
  [3, 100, 1, 1000, 0.00273],
  [1, 20, 0, 380, 0.05],
  [20, 1000, 10, 1000, 0.048108],
  [30, 1000, 10, 1000, 0.001004],
  [5, 50, 2, 950, 0.000005],
  [0, 100, 0, 1900, 1],
  [10, 10, 0, 10, 0.000005],
])('Fisher: %i of %i against %i of %i is p = %f', (a, n, b, m, p) => {
  expect(fisherExact({ errors: a, answers: n }, { errors: b, answers: m })).toBeCloseTo(p, 6)
})

test.each([
  [20, 1000, 10, 1000, -0.00088, 0.02162],
  [0, 100, 0, 1900, -0.00202, 0.03699],
])('Newcombe: %i of %i less %i of %i is %f to %f', (a, n, b, m, low, high) => {
  const interval = newcombeInterval({ errors: a, answers: n }, { errors: b, answers: m })
  expect(interval[0]).toBeCloseTo(low, 5)
  expect(interval[1]).toBeCloseTo(high, 5)
})

describe('Mann-Whitney', () => {
  test('with ties, by the normal distribution', () => {
    const { u, p, effect } = mannWhitney(CANARY, PRIMARY)
    expect([u, effect]).toEqual([61, 0.953125])
    expect(p).toBeCloseTo(0.001360975, 9)
  })

  test('few values without ties, exactly: 7 of 12,870 arrangements', () => {
    const untied = CANARY.map((value) => (value === 11 ? 10.99 : value === 12 ? 12.01 : value))
    const { u, p } = mannWhitney(untied, PRIMARY)
    expect(u).toBe(61)
    expect(p).toBeCloseTo(0.000543901, 9)
  })

  test('exact and normal agree where both can be had', () => {
    const values = Array.from({ length: 40 }, (_, index) => index)
    const random = seededRandom(5)
    const shuffled = values.map((value) => ({ value, key: random() })).sort((a, b) => a.key - b.key)
    const canary = ascending(...shuffled.slice(0, 20).map(({ value }) => value))
    const primary = ascending(...shuffled.slice(20).map(({ value }) => value))
    const exact = mannWhitney(canary, primary)
    // A 21st value at the median of the primary's, twice, takes the other way and changes little.
    const normal = mannWhitney(canary, ascending(...primary, primary[10]!))
    expect(normal.p).toBeCloseTo(exact.p, 1)
  })

  test('all values the same say nothing', () => {
    expect(mannWhitney(new Array<number>(30).fill(7), new Array<number>(30).fill(7))).toEqual({
      u: 450,
      p: 1,
      effect: 0.5,
    })
  })

  test.each([
    [0, 0.5],
    [1.959963984540054, 0.025],
    [2.999999, 0.0013499025],
    [3.000001, 0.0013498936],
    [6, 9.865876e-10],
    [-1.2815515655446004, 0.9],
  ])('the normal tail beyond %f is %f', (z, p) => {
    expect(upperTail(z)).toBeCloseTo(p, 9)
    expect(upperTail(z) / p).toBeCloseTo(1, 6)
  })
})

describe('Hodges-Lehmann', () => {
  test('the vector', () => {
    expect(hodgesLehmann(CANARY, PRIMARY)).toBe(3)
  })

  test('is the median of all differences', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 1e5, noNaN: true }))
    const values = fc.array(value, { minLength: 1, maxLength: 12 }).map((list) => ascending(...list))
    fc.assert(
      fc.property(values, values, (canary, primary) => {
        const all = ascending(...canary.flatMap((c) => primary.map((b) => c - b)))
        const median = (all[Math.ceil(all.length / 2) - 1]! + all[Math.floor(all.length / 2)]!) / 2
        expect(hodgesLehmann(canary, primary)).toBe(median)
      }),
      { seed: 1 },
    )
  })

  test('differences that are neighbouring numbers', () => {
    const odd = 1 + Number.EPSILON
    expect(hodgesLehmann([odd, odd + Number.EPSILON], [0])).toBe((odd + odd + Number.EPSILON) / 2)
  })

  test('10,000 values of each', () => {
    const random = seededRandom(1)
    const primary = ascending(...Array.from({ length: 10_000 }, () => 40 + 10 * random()))
    const canary = primary.map((value) => value + 12)
    expect(hodgesLehmann(canary, primary)).toBeCloseTo(12, 1)
  })
})

describe('order statistics', () => {
  test.each([
    { n: 500, q: 0.95, ranks: [465, 485] },
    { n: 1000, q: 0.99, ranks: [983, 997] },
    { n: 200, q: 0.99, ranks: [195, null] },
    { n: 5, q: 0.5, ranks: [null, null] },
    { n: 6, q: 0.5, ranks: [1, 6] },
    { n: 1, q: 0.99, ranks: [1, null] },
  ])('the ranks around quantile $q of $n values', ({ n, q, ranks }) => {
    expect(rankInterval(n, q)).toEqual(ranks)
  })

  test('quantiles are values that were there', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    expect(quantiles(values)).toEqual({
      p50: 50,
      p90: 90,
      p99: 99,
      max: 100,
      intervals: { p50: [40, 61], p90: [84, 96], p99: [97, null] },
    })
  })
})

describe('sequential tests', () => {
  const alpha = 0.01
  const alarm = Math.log(1 / alpha)

  /** The share of seeded runs that ever raise the alarm, and how long those take on average. */
  function alarms(runs: number, length: number, run: (random: () => number) => () => number) {
    let raised = 0
    let total = 0
    for (let seed = 0; seed < runs; seed += 1) {
      const step = run(seededRandom(seed))
      for (let n = 1; n <= length; n += 1) {
        if (step() < alarm) continue
        raised += 1
        total += n
        break
      }
    }
    return { share: raised / runs, mean: total / raised }
  }

  const aboveLimit = (share: number) => (random: () => number) => {
    const errors = new ErrorsAboveLimit(0.05)
    return () => errors.add(random() < share)
  }

  /** Pairs of probes; the regular one is the canary's with chance `weight`; errors may name their version. */
  const againstPrimary =
    (canaryShare: number, primaryShare: number, weight: number, named: boolean) => (random: () => number) => {
      const errors = new ErrorsAgainstPrimary(3)
      return () => {
        let evidence = -Infinity
        for (const isCanaryRequest of [true, false]) {
          const isCanary = isCanaryRequest || random() < weight
          if (random() >= (isCanary ? canaryShare : primaryShare)) continue
          evidence = named
            ? errors.add(isCanary, 1 + weight, 1 - weight)
            : errors.add(isCanaryRequest, 1, 1, weight)
        }
        return evidence
      }
    }

  test('the two relative tests are the formulas', () => {
    const even = new ErrorsAgainstPrimary(3)
    expect(even.add(true, 1, 1)).toBeCloseTo(0.405465, 6)
    expect(even.add(false, 1, 1)).toBeCloseTo(0.405465 - 0.693147, 6)
    const uneven = new ErrorsAgainstPrimary(5)
    expect(uneven.add(true, 0.1, 0.9)).toBeCloseTo(1.273, 4)
    expect(uneven.add(false, 0.1, 0.9)).toBeCloseTo(1.273 - 0.3365, 4)
  })

  test.each([
    { name: 'exactly at the limit', run: aboveLimit(0.05) },
    { name: 'below the limit', run: aboveLimit(0.03) },
    { name: 'both at 5 %', run: againstPrimary(0.05, 0.05, 0, true) },
    { name: 'both at 5 %, weight 50, versions named', run: againstPrimary(0.05, 0.05, 0.5, true) },
    { name: 'both at 5 %, weight 50, versions not named', run: againstPrimary(0.05, 0.05, 0.5, false) },
    { name: 'both at 60 %', run: againstPrimary(0.6, 0.6, 0, false) },
    { name: 'the canary better', run: againstPrimary(0.01, 0.05, 0, true) },
  ])('false alarms stay within alpha: $name', ({ run }) => {
    expect(alarms(2000, 2000, run).share).toBeLessThanOrEqual(alpha)
  })

  test.each([
    { name: '10 % against a limit of 5 %', run: aboveLimit(0.1), within: 300 },
    { name: 'all errors against a limit of 5 %', run: aboveLimit(1), within: 4 },
    { name: '5 % against 0.1 %', run: againstPrimary(0.05, 0.001, 0, true), within: 300 },
    { name: '5 % against 0.1 %, weight 50', run: againstPrimary(0.05, 0.001, 0.5, true), within: 500 },
    { name: '5 % against 0.1 %, not named', run: againstPrimary(0.05, 0.001, 0.25, false), within: 700 },
  ])('a sick canary is found: $name', ({ run, within }) => {
    const { share, mean } = alarms(300, 20_000, run)
    expect(share).toBe(1)
    expect(mean).toBeLessThan(within)
  })
})
