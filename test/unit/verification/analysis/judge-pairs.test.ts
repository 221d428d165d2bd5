import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../../src/sandbox/random.js'
import { PairJudge, type Seen } from '../../../../src/verification/analysis/judge-pairs.js'
import { byText, errorOf } from '../../../support/answer-errors.js'

const LIMITS = { maxErrorRate: 0.05, relativeRisk: 3, latency: { shift: 0.2, minMs: 5 } }

interface Versions {
  /** Shares of errors, 0..1. */
  primary: number
  canary: number
  /** Milliseconds on average; 40 by default. */
  canaryMs?: number
  /** Share of the regular requests that the canary gets. */
  share?: number
  /** Whether errors name their version. */
  named?: boolean
}

/** Random pairs of one analysis, until a gate fails or there are `most`. */
function compare(random: Random, most: number, { share = 0, named = true, ...versions }: Versions) {
  const judge = new PairJudge({ primary: 'v1', canary: 'v2', share, limits: LIMITS }, random)
  const probe = (isCanaryRequest: boolean) => {
    const arm = isCanaryRequest || random() < share ? 'canary' : 'primary'
    const seen: Seen =
      random() < versions[arm]
        ? { type: 'error', error: errorOf('http 500'), ...(named ? { arm } : {}) }
        : {
            type: 'answer',
            arm,
            elapsedMs: (arm === 'canary' ? (versions.canaryMs ?? 40) : 40) * spread(random),
          }
    return judge.add(isCanaryRequest, seen)
  }
  let pairs = 0
  while (pairs < most) {
    pairs += 1
    const first = random() < 0.5
    if (probe(first) || probe(!first)) break
  }
  return { pairs, result: judge.result() }
}

/** Lognormal with sigma 0.3, as latencies are: a long tail upwards. */
function spread(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(0.3 * normal)
}

/** Verdicts of `runs` seeded comparisons, and how many pairs they took on average. */
function runs(count: number, most: number, versions: Versions) {
  const all = Array.from({ length: count }, (_, seed) => compare(seededRandom(seed), most, versions))
  const share = (verdict: string) => all.filter(({ result }) => result.verdict === verdict).length / count
  return {
    fail: share('fail'),
    pass: share('pass'),
    pairs: all.reduce((sum, { pairs }) => sum + pairs, 0) / count,
    failed: new Set(all.flatMap(({ result }) => result.gates.filter((gate) => gate.verdict === 'fail'))),
  }
}

describe('how often it is right', () => {
  test('a canary with 5 % errors against 0.1 % fails in under 400 pairs on average', () => {
    const { fail, pairs } = runs(300, 10_000, { primary: 0.001, canary: 0.05 })
    expect(fail).toBe(1)
    expect(pairs).toBeLessThan(400)
  })

  test.each<Versions & { name: string }>([
    { name: 'no errors', primary: 0, canary: 0 },
    { name: '0.1 % of errors', primary: 0.001, canary: 0.001 },
    { name: '2 % of errors at weight 50', primary: 0.02, canary: 0.02, share: 0.5 },
    {
      name: '2 % of errors that name no version, at weight 50',
      primary: 0.02,
      canary: 0.02,
      share: 0.5,
      named: false,
    },
    { name: '3 % slower', primary: 0, canary: 0, canaryMs: 41.2 },
  ])('a canary as healthy as the primary passes: $name', (versions) => {
    const { fail, pass } = runs(200, 1500, versions)
    expect(fail).toBeLessThanOrEqual(0.01)
    expect(pass).toBeGreaterThanOrEqual(0.98)
  })

  test('both with 5 % of errors: as good as the primary, but not below the limit', () => {
    const gates = compare(seededRandom(1), 3000, { primary: 0.05, canary: 0.05 }).result.gates
    expect(gates.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['errors', 'inconclusive'],
      ['errors against primary', 'pass'],
      ['latency', 'pass'],
    ])
  })

  test('30 % slower fails, by the latency alone', () => {
    const { fail, failed } = runs(200, 1000, { primary: 0, canary: 0, canaryMs: 52 })
    expect(fail).toBeGreaterThanOrEqual(0.99)
    expect(new Set([...failed].map(({ name }) => name))).toEqual(new Set(['latency']))
  })

  test('at weight 50 a sick canary is found by regular requests too', () => {
    const { fail, pairs } = runs(100, 10_000, { primary: 0.001, canary: 0.05, share: 0.5 })
    expect(fail).toBe(1)
    expect(pairs).toBeLessThan(600)
  })
})

/** A analysis of given probes at weight `share`, in order. */
function judged(share: number, probes: [isCanaryRequest: boolean, seen: Seen, times: number][]) {
  const judge = new PairJudge({ primary: 'v1', canary: 'v2', share, limits: LIMITS }, seededRandom(1))
  const failedAt = probes.flatMap(([isCanaryRequest, seen, times]) =>
    Array.from({ length: times }, () => judge.add(isCanaryRequest, seen)),
  )
  return { ...judge.result(), failedAt: failedAt.indexOf(true) }
}

const good = (arm: 'primary' | 'canary'): Seen => ({ type: 'answer', arm, elapsedMs: 10 })
const error: Seen = { type: 'error', error: errorOf('http 500') }

describe('what counts as whose', () => {
  test.each<{
    name: string
    share: number
    isCanaryRequest: boolean
    seen: Seen
    whose: [number, number]
    nobody: object
  }>([
    { name: 'canary', share: 0.5, isCanaryRequest: true, seen: error, whose: [0, 1], nobody: {} },
    { name: 'regular at weight 0', share: 0, isCanaryRequest: false, seen: error, whose: [1, 0], nobody: {} },
    {
      name: 'regular, weight 50',
      share: 0.5,
      isCanaryRequest: false,
      seen: error,
      whose: [0, 0],
      nobody: { 'http 500': 1 },
    },
    {
      name: 'regular, weight 50, the answer tells',
      share: 0.5,
      isCanaryRequest: false,
      seen: { ...error, arm: 'canary' },
      whose: [0, 1],
      nobody: {},
    },
    {
      name: 'no connection to the proxy',
      share: 0,
      isCanaryRequest: true,
      seen: { type: 'lost', error: errorOf('refused') },
      whose: [0, 0],
      nobody: { refused: 1 },
    },
    {
      name: "an answer that names no version, where the primary's do",
      share: 0,
      isCanaryRequest: true,
      seen: { type: 'unnamed' },
      whose: [0, 1],
      nobody: {},
    },
  ])('an error: $name', ({ share, isCanaryRequest, seen, whose, nobody }) => {
    const { primary, canary, unattributed } = judged(share, [
      [false, good('primary'), 1],
      [isCanaryRequest, seen, 1],
    ])
    expect([primary.errorCount, canary.errorCount]).toEqual(whose)
    expect(byText(unattributed)).toEqual(nobody)
  })

  test('where no answer names a version at all, nothing is told', () => {
    const { verdict, gates, canary, failedAt } = judged(0, [
      [true, { type: 'unnamed' }, 300],
      [false, { type: 'unnamed' }, 300],
    ])
    expect([verdict, canary.errorCount, failedAt]).toEqual(['inconclusive', 0, -1])
    expect(gates[0]).toEqual({
      name: 'probes',
      verdict: 'inconclusive',
      reason: '600 of 600 (100 %) probes reached no version: 600 × no version',
    })
  })
})

describe('gates', () => {
  test('a canary that only fails is found within a few answers', () => {
    const { verdict, failedAt, gates } = judged(0, [[true, error, 10]])
    expect(verdict).toBe('fail')
    expect(failedAt).toBeLessThan(6)
    expect(gates[0]).toEqual({
      name: 'errors',
      verdict: 'fail',
      reason: '10 of 10 (100 %) canary requests failed: 10 × http 500; that is more than 5 %',
    })
  })

  test('a healthy canary, in words', () => {
    const { verdict, gates, canary } = judged(0, [
      [true, good('canary'), 499],
      [true, error, 1],
      [false, good('primary'), 500],
    ])
    expect(verdict).toBe('pass')
    expect(gates.map(({ reason }) => reason)).toEqual([
      '1 of 500 (0.2 %) canary requests failed: 1 × http 500; that is less than 5 %',
      "v2 1 of 500 (0.2 %), v1 0 of 500 (0 %); difference -0.58 to 1.12 points, Fisher's p 0.5",
      'the canary is as fast (medians 10 ms and 10 ms of the primary); up to 5 ms slower is fine',
    ])
    expect(canary).toMatchObject({
      version: 'v2',
      answers: 500,
      errorCount: 1,
      latency: { p50: 10, max: 10 },
    })
  })

  test('too little to tell is inconclusive, and says how much is needed', () => {
    const { verdict, gates } = judged(0, [
      [true, good('canary'), 50],
      [false, good('primary'), 50],
    ])
    expect(verdict).toBe('inconclusive')
    expect(gates.map(({ reason }) => reason)).toEqual([
      '0 of 50 (0 %) canary requests failed; the limit is 5 %, at least 90 requests are needed',
      "v2 0 of 50 (0 %), v1 0 of 50 (0 %); difference -7.13 to 7.13 points, Fisher's p 1; too few to rule out 5 points more",
      '50 good answers of each version are too few to compare; 200 are needed',
    ])
  })

  test('nothing seen at all is inconclusive', () => {
    const { verdict, primary, pairs } = judged(0, [])
    expect([verdict, pairs, primary]).toEqual([
      'inconclusive',
      0,
      { version: 'v1', answers: 0, errors: [], errorCount: 0 },
    ])
  })

  test('a proxy that resets both kinds alike says nothing about the canary', () => {
    const reset: Seen = { type: 'error', error: errorOf('reset') }
    const pair: [boolean, Seen, number][] = [
      [true, reset, 1],
      [false, reset, 1],
    ]
    const { verdict, gates, failedAt } = judged(0, new Array(50).fill(pair).flat() as typeof pair)
    expect([verdict, failedAt]).toEqual(['inconclusive', -1])
    expect(gates[0]!.reason).toBe('100 of 100 (100 %) probes reached no version: 100 × reset')
  })

  test('a canary whose requests alone are reset fails', () => {
    const { verdict, failedAt } = judged(0, [
      [false, good('primary'), 10],
      [true, { type: 'error', error: errorOf('reset') }, 10],
    ])
    expect(verdict).toBe('fail')
    expect(failedAt).toBeLessThan(16)
  })

  test('a few lost probes are borne', () => {
    const { verdict } = judged(0, [
      [true, good('canary'), 300],
      [true, { type: 'lost', error: errorOf('refused') }, 3],
      [false, good('primary'), 300],
    ])
    expect(verdict).toBe('pass')
  })
})
