import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  answerCap,
  confidenceInterval,
  defaultTolerance,
  evidence,
  checkTolerance,
  judge,
  type Judgement,
  type JudgeSettings,
} from '../../../../src/verification/judging/share-test.js'
import { logBinomial } from '../../../../src/verification/statistics/log-binomial.js'

function settings(share: number, tolerance = 0, beta = 0.01): JudgeSettings {
  return { share, tolerance, alpha: 0.01, beta, leak: 0.01 }
}

/** Computed twice, in two languages, from the formulas of the rule: k, n, w, tolerance, verdict, lnLo, lnHi, lnE. */
const VECTORS: [number, number, number, number, string, number, number, number][] = [
  [0, 11, 0.5, 0.1, 'continue', -2.005537, 2.454579, 4.468346],
  [0, 12, 0.5, 0.1, 'fail', -2.187859, 2.677723, 5.073827],
  [112, 224, 0.5, 0.1, 'continue', 4.572063, 4.572063, -3.059758],
  [113, 226, 0.5, 0.1, 'pass', 4.612885, 4.612885, -3.068121],
  [120, 300, 0.5, 0.1, 'fail', -6.040654, 18.287252, 4.786659],
  [458, 916, 0.5, 0.05, 'continue', 4.603054, 4.603054, -3.661304],
  [459, 918, 0.5, 0.05, 'pass', 4.613104, 4.613104, -3.664133],
  [450, 1000, 0.5, 0.05, 'continue', -5.008367, 15.058703, 3.697931],
  [440, 1000, 0.5, 0.05, 'fail', -7.015074, 17.06541, 5.72069],
  [49, 196, 0.25, 0.1, 'continue', 6.631474, 4.548684, -3.17933],
  [50, 200, 0.25, 0.1, 'pass', 6.76681, 4.641515, -3.195368],
  [0, 29, 0.25, 0.1, 'continue', -3.629731, 4.149924, 4.374819],
  [0, 30, 0.25, 0.1, 'fail', -3.754894, 4.293025, 4.615151],
  [6, 6, 0.25, 0.1, 'fail', 3.064954, -2.018833, 5.685162],
  [0, 89, 0.1, 0.05, 'continue', -4.811983, 5.087099, 4.568316],
  [0, 90, 0.1, 0.05, 'fail', -4.86605, 5.144257, 4.649962],
  [20, 400, 0.05, 0.04, 'continue', 16.516434, 4.590873, -4.121716],
  [21, 420, 0.05, 0.04, 'pass', 17.342256, 4.820417, -4.175615],
  [0, 1112, 0.01, 0.01, 'continue', -Infinity, 11.289437, 4.603335],
  [0, 1113, 0.01, 0.01, 'fail', -Infinity, 11.299589, 4.609697],
  [0, 458, 0, 0, 'continue', Infinity, 4.603054, -6.822197],
  [0, 459, 0, 0, 'pass', Infinity, 4.613104, -6.824374],
  [1, 459, 0, 0, 'fail', Infinity, -Infinity, Infinity],
  [459, 459, 1, 0, 'pass', 4.613104, Infinity, -6.824374],
  [458, 459, 1, 0, 'fail', -Infinity, Infinity, Infinity],
]

describe('the rule', () => {
  test.each(VECTORS)('%i of %i at w=%f ± %f: %s', (k, n, w, tolerance, verdict, lnLo, lnHi, lnE) => {
    const actual = evidence(k, n, settings(w, tolerance))
    const round = (value: number) => (Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : value)
    expect([round(actual.lnLo), round(actual.lnHi), round(actual.lnE)]).toEqual([lnLo, lnHi, lnE])
    expect(judge(k, n, 0, settings(w, tolerance))).toBe(verdict)
  })

  test.each([
    { w: 0.5, tolerance: 0.1, beta: 0.01, n: 226 },
    { w: 0.5, tolerance: 0.1, beta: 0.001, n: 340 },
    { w: 0.5, tolerance: 0.05, beta: 0.01, n: 918 },
    { w: 0.25, tolerance: 0.1, beta: 0.01, n: 200 },
    { w: 0.1, tolerance: 0.05, beta: 0.01, n: 430 },
    { w: 0.05, tolerance: 0.04, beta: 0.01, n: 420 },
    { w: 0.05, tolerance: 0.025, beta: 0.01, n: 920 },
    { w: 0.01, tolerance: 0.01, beta: 0.01, n: 1500 },
    { w: 0.99, tolerance: 0.01, beta: 0.01, n: 1500 },
  ])('a perfect split at w=$w ± $tolerance passes after $n answers (beta $beta)', (row) => {
    const step = Math.round(1 / Math.min(row.w, 1 - row.w))
    let n = 0
    do n += step
    while (judge(Math.round(n * row.w), n, 0, settings(row.w, row.tolerance, row.beta)) === 'continue')
    expect(n).toBe(row.n)
  })

  test('with beta split over eight epochs, a share of 100 % needs 666 answers', () => {
    expect(judge(665, 665, 0, settings(1, 0, 0.01 / 8))).toBe('continue')
    expect(judge(666, 666, 0, settings(1, 0, 0.01 / 8))).toBe('pass')
  })
})

describe('answers without a version', () => {
  test.each([
    { name: 'more than 3 of few', k: 0, n: 20, u: 4, w: 0, verdict: 'unidentified' },
    { name: '3 of few keep a share of 0 open', k: 0, n: 459, u: 3, w: 0, verdict: 'continue' },
    { name: '1 % of many is borne', k: 500, n: 1000, u: 10, w: 0.5, verdict: 'pass' },
    { name: 'more than 1 % of many is not', k: 500, n: 1000, u: 11, w: 0.5, verdict: 'unidentified' },
    { name: 'a pass must hold whoever gave them', k: 113, n: 226, u: 2, w: 0.5, verdict: 'continue' },
    { name: 'a fail must hold whoever gave them', k: 0, n: 12, u: 1, w: 0.5, verdict: 'continue' },
    { name: 'a clear fail holds', k: 0, n: 30, u: 1, w: 0.5, verdict: 'fail' },
  ])('$name', ({ k, n, u, w, verdict }) => {
    expect(judge(k, n, u, settings(w, 0.1))).toBe(verdict)
  })
})

describe('confidence interval', () => {
  test.each([
    [50, 100, 0.323064, 0.676936],
    [500, 1000, 0.437658, 0.562342],
    [0, 459, 0, 0.023119],
    [5, 100, 0.004589, 0.179207],
    [250, 1000, 0.198135, 0.307157],
  ])('%i of %i: %f to %f', (k, n, from, to) => {
    const [low, high] = confidenceInterval(k, n, 0, 0.01)
    expect(low).toBeCloseTo(from, 6)
    expect(high).toBeCloseTo(to, 6)
  })

  test('no answers: anything is possible', () => {
    expect(confidenceInterval(0, 0, 0, 0.01)).toEqual([0, 1])
  })

  test('answers without a version widen it to both sides', () => {
    const [low, high] = confidenceInterval(50, 100, 0, 0.01)
    const [lower, higher] = confidenceInterval(50, 100, 3, 0.01)
    expect(lower).toBeLessThan(low)
    expect(higher).toBeGreaterThan(high)
  })

  test('a million answers', () => {
    const [low, high] = confidenceInterval(499_787, 1_000_000, 0, 0.01)
    expect(low).toBeLessThan(0.5)
    expect(high).toBeGreaterThan(0.5)
    expect(high - low).toBeLessThan(0.005)
  })
})

test('log binomials agree with exact ones, small and large', () => {
  let sum = 0
  for (let k = 1; k <= 40_000; k += 1) sum += Math.log((960_000 + k) / k)
  expect(logBinomial(1_000_000, 40_000)).toBeCloseTo(sum, 6)
  expect(Math.exp(logBinomial(10, 3))).toBeCloseTo(120, 9)
  expect(logBinomial(7, 0)).toBe(0)
})

test.each([
  { share: 0.5, tolerance: 0.1 },
  { share: 0.25, tolerance: 0.1 },
  { share: 0.1, tolerance: 0.05 },
  { share: 0.05, tolerance: 0.025 },
  { share: 0.01, tolerance: 0.01 },
  { share: 0.99, tolerance: 0.01 },
  { share: 0.95, tolerance: 0.025 },
])('the default tolerance at $share is $tolerance', ({ share, tolerance }) => {
  expect(defaultTolerance(share)).toBeCloseTo(tolerance, 9)
})

test.each([
  { share: 0, mean: 459 },
  { share: 1, mean: 459 },
  { share: 0.5, mean: 355 },
  { share: 0.25, mean: 262 },
  { share: 0.1, mean: 504 },
  { share: 0.05, mean: 1074 },
  { share: 0.01, mean: 1447 },
])('the cap at $share is about four times the mean need of $mean', ({ share, mean }) => {
  const cap = answerCap(settings(share, defaultTolerance(share)))
  expect(cap / mean).toBeGreaterThanOrEqual(3.8)
  expect(cap / mean).toBeLessThan(6.7)
})

describe('properties', () => {
  const counts = fc
    .tuple(fc.nat(400), fc.nat(400))
    .map(([canary, others]) => ({ canary, answers: canary + others }))
  const shares = fc.constantFrom(0, 0.01, 0.05, 0.1, 0.25, 0.5)

  test('canary and primary are treated alike', () => {
    fc.assert(
      fc.property(counts, shares, ({ canary, answers }, share) => {
        const tolerance = defaultTolerance(share)
        const one = evidence(canary, answers, settings(share, tolerance))
        const other = evidence(answers - canary, answers, settings(1 - share, tolerance))
        expect(near(one.lnE, other.lnE)).toBe(true)
        expect(near(one.lnLo, other.lnHi)).toBe(true)
        expect(near(one.lnHi, other.lnLo)).toBe(true)
      }),
      { seed: 3, numRuns: 500 },
    )
  })

  test('the interval holds the share seen, and never both sides of a verdict', () => {
    fc.assert(
      fc.property(counts, ({ canary, answers }) => {
        fc.pre(answers > 0)
        const [low, high] = confidenceInterval(canary, answers, 0, 0.01)
        expect(low).toBeLessThanOrEqual(canary / answers)
        expect(high).toBeGreaterThanOrEqual(canary / answers)
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  // 2000 runs at a bound of .01 have a standard error of .0022.
  test.each([0.05, 0.25, 0.5, 0.9])(
    'a right share of %f fails at most once in a hundred rollouts',
    (share) => {
      const verdicts = simulate(share, share, 2000)
      expect(verdicts.fail / 2000).toBeLessThanOrEqual(0.015)
      expect(verdicts.pass / 2000).toBeGreaterThan(0.97)
    },
  )

  test.each([
    { share: 0.5, actual: 0.6 },
    { share: 0.5, actual: 0.4 },
    { share: 0.25, actual: 0.15 },
    { share: 0.25, actual: 0.35 },
    { share: 0.05, actual: 0.075 },
  ])('a share of $actual passes for $share at most once in a hundred rollouts', ({ share, actual }) => {
    expect(simulate(share, actual, 2000).pass / 2000).toBeLessThanOrEqual(0.015)
  })

  test('a leak of 1 % passes for none at most once in a hundred rollouts', () => {
    expect(simulate(0, 0.01, 2000).pass / 2000).toBeLessThanOrEqual(0.015)
    expect(simulate(1, 0.99, 2000).pass / 2000).toBeLessThanOrEqual(0.015)
  })
})

/** Rollouts judged after every answer, with a seeded source of answers. */
function simulate(share: number, actual: number, runs: number): { pass: number; fail: number } {
  const rule = settings(share, defaultTolerance(share))
  const cap = answerCap(rule)
  const random = seeded(Math.round(share * 1000) * 1009 + Math.round(actual * 1000))
  const verdicts = { pass: 0, fail: 0 }
  for (let run = 0; run < runs; run += 1) {
    let verdict: Judgement = 'continue'
    for (let n = 1, canary = 0; n <= cap && verdict === 'continue'; n += 1) {
      if (random() < actual) canary += 1
      verdict = judge(canary, n, 0, rule)
    }
    if (verdict === 'pass' || verdict === 'fail') verdicts[verdict] += 1
  }
  return verdicts
}

/** Mulberry32: a small seeded generator of numbers in 0..1. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function near(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-8 * Math.max(1, Math.abs(a))
}

test.each([
  [0.05, 0.1, 'reaches past 0 %'],
  [0.95, 0.06, 'reaches past 100 %'],
  [0.05, 0.05, undefined],
  [0.5, 0.5, undefined],
  [0, 0.1, undefined],
  [1, 0.1, undefined],
  [0.05, undefined, undefined],
])('a tolerance around %f of %f: %s', (share, tolerance, says) => {
  if (says === undefined) expect(() => checkTolerance(share, tolerance)).not.toThrow()
  else expect(() => checkTolerance(share, tolerance)).toThrow(says)
})
