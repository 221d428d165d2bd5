import { describe, expect, test } from 'vitest'
import {
  answerCap,
  confidenceInterval,
  defaultTolerance,
  judge,
  type Judgement,
  type JudgeSettings,
} from '../../../../src/verification/judging/share-test.js'

// What the rule promises, held against seeded simulations of the proxy's choice.

const RUNS = 2000
const ALPHA = 0.01
const BETA = 0.01
/** Three standard deviations above what the bound allows: a right rule stays below, whatever the seed. */
const MOST = RUNS * ALPHA + 3 * Math.sqrt(RUNS * ALPHA)

/** Numbers from 0 to 1, the same ones every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Run {
  judgement: Judgement
  answers: number
}

/** One check of a proxy that gives the canary `real` of the requests. */
function check(real: number, settings: JudgeSettings, random: () => number): Run {
  const cap = answerCap(settings)
  let canary = 0
  for (let answers = 1; ; answers += 1) {
    if (random() < real) canary += 1
    const judgement = judge(canary, answers, 0, settings)
    if (judgement !== 'continue' || answers >= cap) return { judgement, answers }
  }
}

function checks(real: number, settings: JudgeSettings, seed: number, runs = RUNS): Run[] {
  const random = seeded(seed)
  return Array.from({ length: runs }, () => check(real, settings, random))
}

function count(runs: Run[], wanted: Judgement): number {
  return runs.filter(({ judgement }) => judgement === wanted).length
}

function mean(runs: Run[]): number {
  return runs.reduce((sum, { answers }) => sum + answers, 0) / runs.length
}

function settingsFor(share: number, tolerance = defaultTolerance(share)): JudgeSettings {
  return { share, tolerance, alpha: ALPHA, beta: BETA, leak: 0.01 }
}

describe.each([0, 1, 5, 10, 25, 50, 75, 99, 100])('a weight of %i %%', (weight) => {
  const settings = settingsFor(weight / 100)
  const { share, tolerance, leak } = settings

  test('that is served fails in at most 1 % of all checks, and passes', () => {
    const runs = checks(share, settings, 1 + weight)
    expect(count(runs, 'fail')).toBeLessThanOrEqual(MOST)
    expect(count(runs, 'pass')).toBeGreaterThan(0.97 * RUNS)
  })

  const edges = share === 0 ? [leak] : share === 1 ? [1 - leak] : [share - tolerance, share + tolerance]
  test.each(edges)('of which %f is served passes in at most 1 %', (edge) => {
    const runs = checks(edge, settings, 1000 + weight)
    expect(count(runs, 'pass')).toBeLessThanOrEqual(MOST)
  })
})

test('45 % where 50 % is configured is caught with a tolerance of 2.5 points', () => {
  const runs = checks(0.45, settingsFor(0.5, 0.025), 7, 200)
  expect(count(runs, 'fail')).toBeGreaterThanOrEqual(198)
})

test('50 % where none is configured is caught within 5 answers', () => {
  const random = seeded(7)
  const settings = settingsFor(0)
  const needed = Array.from({ length: 200 }, () => {
    let canary = 0
    for (let answers = 1; ; answers += 1) {
      if (random() < 0.5) canary += 1
      if (judge(canary, answers, 0, settings) === 'fail') return answers
    }
  })
  expect(needed.reduce((sum, answers) => sum + answers, 0) / needed.length).toBeLessThanOrEqual(5)
})

test.each([
  [0.5, 0.1],
  [0.5, 0.05],
  [0.5, 0.025],
  [0.25, 0.1],
  [0.1, 0.05],
  [0.05, 0.025],
  [0.01, 0.01],
])('the cap at %f ± %f is four times what a right share needs on average', (share, tolerance) => {
  const settings = { ...settingsFor(share, tolerance) }
  const needs = mean(checks(share, settings, 11, 300))
  expect(answerCap(settings) / needs).toBeGreaterThan(3.6)
  expect(answerCap(settings) / needs).toBeLessThan(4.4)
})

test('the interval covers the share at every look of 99 % of all counts', () => {
  for (const share of [0.01, 0.25, 0.5]) {
    const random = seeded(5)
    let missed = 0
    for (let run = 0; run < 500; run += 1) {
      let canary = 0
      let isCovered = true
      for (let answers = 1; answers <= 400; answers += 1) {
        if (random() < share) canary += 1
        if (answers % 10 !== 0) continue
        const [low, high] = confidenceInterval(canary, answers, 0, ALPHA)
        isCovered &&= low <= share && share <= high
      }
      if (!isCovered) missed += 1
    }
    expect(missed).toBeLessThanOrEqual(5 + 3 * Math.sqrt(5))
  }
})
