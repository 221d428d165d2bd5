import type { CheckProgress } from '../../model/events.js'
import type { AnswerSample, CheckResult, Expectation, Verdict } from '../../model/expectation.js'
import { isConnectionError, isTransient } from '../answers/classify.js'
import type { Convergence } from '../answers/convergence.js'
import { byFrequency, totalOf } from '../answers/error-counts.js'
import { hintFor } from '../answers/error-texts.js'
import { judgeErrors } from './allowed-errors.js'
import {
  answerCap,
  confidenceInterval,
  defaultTolerance,
  judge,
  type JudgeSettings,
  logLikelihoodRatio,
} from './judge.js'
import { asBefore, type Finding, findingReason, openReason, partsReason, passReason } from './reason.js'
import type { Tally } from './tally.js'
import { type CommittedProbe, type Stratum, Window } from './window.js'

/** Bound on passing a wrong share, before it is split over epochs. */
export const BETA = 0.01
/** Intervals are at level 99 %, whatever the bound on false alarms: what fails lies well outside. */
const INTERVAL_ALPHA = 0.01
/** The smallest share of wrong answers that must not pass where none is expected. */
const LEAK = 0.01
/** Answers that each path and each proxy must have given before a check passes. */
const MIN_OF_EACH = 30
const MAX_LOOKS = 20
/** Pauses before a count whose connection broke begins anew, doubling, milliseconds. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2000
/** The stage before explains the answers so many times better than the one expected: said in the reason. */
const AS_BEFORE = Math.log(100)

/** What follows from an answer: go on at once, go on at some time with a new count, or a verdict. */
export type Next = { type: 'continue' } | { type: 'restart'; at: number } | { type: 'done'; verdict: Verdict }

const CONTINUE: Next = { type: 'continue' }

export interface CheckOptions {
  /** Half width of the band around a weight, 0..1; by default chosen by the weight. */
  tolerance?: number
  /** Bound on failing a share that is right. */
  alpha: number
  /** Share of the answers that may be errors of the application, 0..0.5; none by default. */
  errorRate?: number
  /** Names of the proxies that are asked one by one; one, empty, for the address they share. */
  proxies: string[]
  /** What to set where answers like this one name no version. */
  howToIdentify: (looks?: AnswerSample) => string
}

/** What a count has come to, and the path or proxy that it came to it by, where that was one alone. */
interface Found {
  finding: Finding
  part?: Stratum
}

/**
 * One check: one expectation, fed with its answers in issue order (never in completion order: a slower canary would
 * then look rarer than it is). It neither probes nor looks at a clock: times come with the calls, milliseconds.
 *
 * The answers of all paths and proxies are judged together; beside that none of them may contradict the expectation by
 * itself, and each must have given a few.
 *
 * Errors are no evidence about shares, but no check passes over one that is not allowed: the first in a settled count ends
 * it as a fail. Where only the connection to the proxy broke the count begins anew until the time is over, and is inconclusive
 * then: that says nothing about the versions.
 */
export class Check {
  private readonly settings: JudgeSettings
  /** For each path and proxy by itself. */
  private readonly ofParts: JudgeSettings
  private readonly cap: number
  /** All answers of the present count. */
  private window: Window
  /** Those of them that the settling of a change does not excuse: only they make a finding final. */
  private settled?: Window
  /** The answers from before the wanted routes were served. */
  private readonly before: Window
  private resumeAt = -Infinity
  private restarts = 0
  /** Counts that the connection to the proxy broke. */
  private broken = 0
  private discarded = 0
  /** What answers looked like before the wanted routes were served. */
  private readonly looksBefore = new Map<string, number>()
  /** Why the count was last begun anew. */
  private lastFinding?: string
  private lastHint?: string

  constructor(
    readonly expectation: Expectation,
    private readonly convergence: Convergence,
    private readonly options: CheckOptions,
  ) {
    const { share } = expectation
    const { beta } = convergence
    const { alpha, tolerance = defaultTolerance(share) } = options
    this.window = this.begun()
    this.before = this.begun()
    const parts = this.window.parts.length
    // With parts, half of the bound is theirs.
    const settings = { share, tolerance, beta, leak: LEAK }
    this.settings = { ...settings, alpha: parts > 0 ? alpha / 2 : alpha }
    this.ofParts = { ...settings, alpha: alpha / 2 / Math.max(1, parts) }
    this.cap = answerCap(this.settings)
  }

  /** Takes the next probe in issue order; `now` is when it was committed. */
  record(probe: CommittedProbe, now: number): Next {
    const { issuedAt } = probe
    const { countFrom, settledAt } = this.convergence
    if (issuedAt <= countFrom || issuedAt < this.resumeAt) {
      this.discarded += 1
      if (countFrom === Infinity) this.before.add(probe)
      if (issuedAt <= countFrom && probe.looks !== undefined) this.noteLooks(probe)
      return CONTINUE
    }
    const isSettled = issuedAt >= settledAt
    if (isSettled) this.settled ??= this.window.sent === 0 ? this.window : this.begun()
    this.window.add(probe)
    if (this.settled && this.settled !== this.window) this.settled.add(probe)

    const found = this.judge(this.window, probe)
    if (found === undefined) return CONTINUE
    const { finding } = found
    if (finding === 'pass') return { type: 'done', verdict: 'pass' }
    if (!this.settled) return this.restart(found, now, this.convergence.pauseBefore(this.restarts + 1))
    if (finding === 'error' && this.window.tally.errors.every(isTransient)) {
      this.broken += 1
      return this.restart(found, now, Math.min(FIRST_PAUSE_MS * 2 ** (this.broken - 1), LONGEST_PAUSE_MS))
    }
    if (this.settled !== this.window) this.dropUnsettled(found, this.settled)
    const own = this.judge(this.window, probe)
    return own === undefined ? CONTINUE : { type: 'done', verdict: verdictOf(own.finding, this.window.tally) }
  }

  progress(): CheckProgress {
    const { expectation } = this
    const { tally } = this.window
    const { sent, byVersion } = tally
    return {
      expectation,
      sent,
      byVersion: { ...byVersion },
      interval: this.interval(tally),
      errors: totalOf(tally.errors),
    }
  }

  /**
   * The result of a check that has its verdict, or must do without: `ended` is then why, a clause.
   * `reissued` counts probes sent once more because a connection in use before closed without an answer.
   */
  result(verdict: Verdict, now: number, reissued: number, ended?: string): CheckResult {
    const { expectation, window, settings } = this
    const { firstIssuedAt } = window
    const { share } = expectation
    return {
      expectation,
      verdict,
      ...window.evidence(),
      ...(this.convergence.countFrom === Infinity ? { unjudged: this.before.unjudged() } : {}),
      interval: this.interval(window.tally),
      tolerance: share === 0 || share === 1 ? LEAK : settings.tolerance,
      alpha: this.options.alpha,
      reason: this.reason(verdict, ended) + reissueNote(reissued),
      ...this.hint(verdict, ended),
      restarts: this.restarts,
      discarded: this.discarded,
      elapsedMs: firstIssuedAt === undefined ? 0 : now - firstIssuedAt,
    }
  }

  private begun(): Window {
    return new Window(this.expectation, this.options.proxies)
  }

  private interval({ canary, expected, others, unidentified }: Tally): [number, number] {
    return confidenceInterval(canary, expected + others, unidentified, INTERVAL_ALPHA)
  }

  private reason(verdict: Verdict, ended?: string): string {
    const { expectation, settings, window, looksBefore, lastFinding, convergence } = this
    const interval = this.interval(window.tally)
    if (verdict === 'pass') return passReason(expectation, settings, window.tally, interval)
    const found = this.judge(window)
    if (ended === undefined && found !== undefined) return this.findingReason(found, window)
    const unconverged = convergence.countFrom === Infinity
    const { behind } = convergence
    return openReason(expectation, window.tally, ended ?? 'it ended', {
      unconverged,
      behind,
      proxies: this.options.proxies.length,
      looksBefore,
      lastFinding,
    })
  }

  /** The hint that goes with the errors of the reason. */
  private hint(verdict: Verdict, ended?: string): { hint?: string } {
    if (verdict === 'pass') return {}
    const isFinal = ended === undefined && this.judge(this.window) !== undefined
    const hint = isFinal ? errorHint(this.judge(this.window), this.window) : this.lastHint
    return hint === undefined ? {} : { hint }
  }

  private findingReason({ finding, part }: Found, window: Window): string {
    const { expectation, settings } = this
    const { samples, parts } = window
    const { errorRate } = this.options
    if (part) {
      const reason = findingReason(
        finding,
        expectation,
        settings,
        part.tally,
        this.interval(part.tally),
        samples,
        errorRate,
      )
      return partsReason(part, parts, reason)
    }
    const { tally } = window
    const interval = this.interval(tally)
    const reason = findingReason(finding, expectation, settings, tally, interval, samples, errorRate)
    if (finding === 'unidentified') {
      const looks = samples.find(({ error, version }) => error === undefined && version === undefined)
      return `${reason}; ${this.options.howToIdentify(looks)}`
    }
    return `${reason}${this.asBefore(tally)}${singledOut(finding, parts, tally)}`
  }

  /** Where the share of the stage before explains the answers far better, old routes are the likely cause. */
  private asBefore({ canary, expected }: Tally): string {
    const { share, shareBefore } = this.expectation
    if (shareBefore === undefined || shareBefore === share || expected === 0) return ''
    const [low, high] = confidenceInterval(canary, expected, 0, INTERVAL_ALPHA)
    const enough = expected >= 10 || canary === shareBefore * expected
    if (!enough || shareBefore < low || shareBefore > high) return ''
    return logLikelihoodRatio(canary, expected, shareBefore, share) >= AS_BEFORE ? asBefore(shareBefore) : ''
  }

  /** `probe`: the last one that was added, whose path and proxy alone need another look; none: all do. */
  private judge(window: Window, probe?: CommittedProbe): Found | undefined {
    const { tally } = window
    const { errorRate = 0, alpha } = this.options
    const errors = judgeErrors(tally, errorRate, alpha)
    if (errors === 'too many') return { finding: 'error' }
    if (tally.others > 0) return { finding: 'other version' }
    const judgement = judge(tally.canary, tally.expected, tally.unidentified, this.settings)
    if (judgement === 'fail' || judgement === 'unidentified') return { finding: judgement }
    const { parts } = window
    const part = (probe && parts.length > 0 ? window.strataOf(probe) : parts).find(
      (stratum) =>
        judge(stratum.tally.canary, stratum.tally.expected, stratum.tally.unidentified, this.ofParts) ===
        'fail',
    )
    if (part) return { finding: 'fail', part }
    if (judgement === 'pass') window.hasPassed = true
    const isEnough = parts.every((stratum) => stratum.tally.expected >= MIN_OF_EACH)
    if (window.hasPassed && isEnough && errors === 'fine') return { finding: 'pass' }
    return !window.hasPassed && tally.sent >= this.cap ? { finding: 'undecided' } : undefined
  }

  /** What tipped the scale may be answers from before things settled: go on with those from after. */
  private dropUnsettled(found: Found, settled: Window): void {
    this.noteRestart(found, this.window.sent - settled.sent)
    this.window = settled
  }

  private restart(found: Found, now: number, pauseMs: number): Next {
    this.noteRestart(found, this.window.sent)
    this.window = this.begun()
    this.settled = undefined
    this.resumeAt = now + pauseMs
    return { type: 'restart', at: this.resumeAt }
  }

  private noteRestart(found: Found, discarded: number): void {
    this.lastFinding = this.findingReason(found, this.window)
    this.lastHint = errorHint(found, this.window)
    this.restarts += 1
    this.discarded += discarded
  }

  private noteLooks({ looks = '', proxy }: CommittedProbe): void {
    const seen = proxy === '' ? looks : `${looks} (${proxy})`
    if (this.looksBefore.size >= MAX_LOOKS && !this.looksBefore.has(seen)) return
    this.looksBefore.set(seen, (this.looksBefore.get(seen) ?? 0) + 1)
  }
}

/** The likeliest cause of the most frequent error, where errors were the finding. */
function errorHint(found: Found | undefined, { tally }: Window): string | undefined {
  const [error] = byFrequency(tally.errors)
  return found?.finding === 'error' && error ? hintFor(error) : undefined
}

/** Where all that contradicts came by one path or proxy of several, that one is named. */
function singledOut(finding: Finding, parts: readonly Stratum[], whole: Tally): string {
  if (finding !== 'error' && finding !== 'other version') return ''
  const amount = (tally: Tally) => (finding === 'error' ? totalOf(tally.errors) : tally.others)
  const part = parts.find(({ tally }) => amount(tally) === amount(whole))
  return part ? `, all by ${part.of} ${part.name}` : ''
}

function verdictOf(finding: Finding, tally: Tally): Verdict {
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

function reissueNote(reissued: number): string {
  if (reissued === 0) return ''
  const probes = reissued === 1 ? '1 probe was' : `${reissued} probes were`
  return ` (${probes} resent: a reused connection closed without an answer)`
}
