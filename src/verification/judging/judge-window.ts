import type { Expectation, Verdict } from '../../model/verify/expectation.js'
import { isConnectionError } from '../answers/classify.js'
import { judgeErrors } from './allowed-errors.js'
import { answerCap, confidenceInterval, defaultTolerance, judge, type JudgeSettings } from './share-test.js'
import type { Finding } from './reason.js'
import type { Tally } from './tally.js'
import type { CommittedProbe, Stratum, Window } from './window.js'

/** Intervals are at level 99 %, whatever the bound on false alarms: what fails lies well outside. */
const INTERVAL_ALPHA = 0.01
/** For expected shares of 0 and 1: the smallest share of wrong answers that must not pass. */
export const LEAK = 0.01
/** Answers required from each path and each proxy before a check passes. */
const MIN_OF_EACH = 30

/** How the answers to one expectation are judged. */
export interface CheckRule {
  expectation: Expectation
  /** All answers together. */
  whole: JudgeSettings
  /** Those of a single path or proxy. */
  part: JudgeSettings
  /** Answers after which a share that is still open stays undecided. */
  cap: number
  /** Allowed share of application errors among the answers. */
  errorRate: number
  alpha: number
}

export interface RuleOptions {
  /** Half width of the band around a weight, 0..1; by default chosen by the weight. */
  tolerance?: number
  /** Bound on failing a share that is right. */
  alpha: number
  /** Allowed share of application errors among the answers, 0..0.5; by default 0. */
  errorRate?: number
}

/** @param parts number of paths and proxies that are judged by themselves, too: together they get half of alpha */
export function ruleOf(
  expectation: Expectation,
  { tolerance = defaultTolerance(expectation.share), alpha, errorRate = 0 }: RuleOptions,
  beta: number,
  parts: number,
): CheckRule {
  const settings = { share: expectation.share, tolerance, beta, leak: LEAK }
  const whole = { ...settings, alpha: parts > 0 ? alpha / 2 : alpha }
  const part = { ...settings, alpha: alpha / 2 / Math.max(1, parts) }
  return { expectation, whole, part, cap: answerCap(whole), errorRate, alpha }
}

/** A count's finding, and the single path or proxy that caused it, if any. */
export interface Found {
  finding: Finding
  part?: Stratum
}

/**
 * What a count shows so far; undefined while it is open.
 *
 * @param probe the last one added: only its path and proxy need another look; without it, all do
 */
export function judgeWindow(rule: CheckRule, window: Window, probe?: CommittedProbe): Found | undefined {
  const { tally, parts } = window
  const errors = judgeErrors(tally, rule.errorRate, rule.alpha)
  if (errors === 'too many') return { finding: 'error' }
  if (tally.others > 0) return { finding: 'other version' }
  const judgement = judgeTally(tally, rule.whole)
  if (judgement === 'fail' || judgement === 'unidentified') return { finding: judgement }
  const part = (probe && parts.length > 0 ? window.strataOf(probe) : parts).find(
    (stratum) => judgeTally(stratum.tally, rule.part) === 'fail',
  )
  if (part) return { finding: 'fail', part }
  if (judgement === 'pass') window.hasPassed = true
  const isEnough = parts.every((stratum) => stratum.tally.expected >= MIN_OF_EACH)
  if (window.hasPassed && isEnough && errors === 'fine') return { finding: 'pass' }
  return !window.hasPassed && tally.sent >= rule.cap ? { finding: 'undecided' } : undefined
}

function judgeTally({ canary, expected, unidentified }: Tally, settings: JudgeSettings) {
  return judge(canary, expected, unidentified, settings)
}

export function verdictOf(finding: Finding, tally: Tally): Verdict {
  switch (finding) {
    case 'pass':
      return 'pass'
    case 'fail':
    case 'other version':
      return 'fail'
    case 'error':
      return tally.errors.every(isConnectionError) ? 'inconclusive' : 'fail'
    case 'unidentified':
    case 'undecided':
      return 'inconclusive'
  }
}

/** The interval of the canary's share that goes with a count. */
export function intervalOf({ canary, expected, others, unidentified }: Tally): [number, number] {
  return confidenceInterval(canary, expected + others, unidentified, INTERVAL_ALPHA)
}

/** The same among answers that name a version of the stage. */
export function namedIntervalOf({ canary, expected }: Tally): [number, number] {
  return confidenceInterval(canary, expected, 0, INTERVAL_ALPHA)
}
