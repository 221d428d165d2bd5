import type { CheckProgress } from '../../model/events/events.js'
import type { AnswerSample, CheckResult, Expectation, Verdict } from '../../model/verification/expectation.js'
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
} from './share-test.js'
import { asBefore, type Finding, findingReason, openReason, partsReason, passReason } from './reason.js'
import type { Tally } from './tally.js'
import { type CommittedProbe, type Stratum, Window } from './window.js'

/** Bound on passing a wrong share, before it is split over epochs. */
export const BETA = 0.01
/** Intervals are at level 99 %, whatever the bound on false alarms: what fails lies well outside. */
const INTERVAL_ALPHA = 0.01
/** For expected shares of 0 and 1: the smallest share of wrong answers that must not pass. */
const LEAK = 0.01
/** Answers required from each path and each proxy before a check passes. */
const MIN_OF_EACH = 30
const MAX_LOOKS = 20
/** First delay before restarting a count whose connection broke, milliseconds; doubles each time. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2000
/** How many times better the previous stage must explain the answers for the reason to mention it (log). */
const AS_BEFORE = Math.log(100)

/** What follows an answer: continue, restart the count at a time, or a verdict. */
export type Next = { type: 'continue' } | { type: 'restart'; at: number } | { type: 'done'; verdict: Verdict }

const CONTINUE: Next = { type: 'continue' }

export interface CheckOptions {
  /** Half width of the band around a weight, 0..1; by default chosen by the weight. */
  tolerance?: number
  /** Bound on failing a share that is right. */
  alpha: number
  /** Allowed share of application errors among the answers, 0..0.5; by default 0. */
  errorRate?: number
  /** Names of the proxies probed one by one; a single empty name for the shared address. */
  proxies: string[]
  /** The setting for answers like this one that name no version. */
  howToIdentify: (looks?: AnswerSample) => string
}

/** A count's finding, and the single path or proxy that caused it, if any. */
interface Found {
  finding: Finding
  part?: Stratum
}

/**
 * One check: one expectation, fed with its answers in issue order (never in completion order: a slower canary would
 * look rarer than it is). It neither probes nor reads a clock: callers pass times, milliseconds.
 *
 * The answers of all paths and proxies are judged together; in addition none of them alone may contradict the
 * expectation, and each needs a minimum of answers.
 *
 * Errors are no evidence about shares, but the first one beyond the allowed rate in a settled count fails the check. If
 * only the connection to the proxy broke, the count restarts until the time limit and is then inconclusive: it shows
 * nothing about the versions.
 */
export class Check {
  private readonly settings: JudgeSettings
  /** For single paths and proxies. */
  private readonly ofParts: JudgeSettings
  private readonly cap: number
  /** All answers of the current count. */
  private window: Window
  /** Those after the settling time: only they make a finding final. */
  private settled?: Window
  /** The answers before the wanted routes were served. */
  private readonly before: Window
  private resumeAt = -Infinity
  private restarts = 0
  /** Counts ended by a broken connection to the proxy. */
  private broken = 0
  private discarded = 0
  /** Looks of the answers before the wanted routes were served, counted. */
  private readonly looksBefore = new Map<string, number>()
  /** Why the count was last restarted. */
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
    // Paths and proxies together get half of the bound.
    const settings = { share, tolerance, beta, leak: LEAK }
    this.settings = { ...settings, alpha: parts > 0 ? alpha / 2 : alpha }
    this.ofParts = { ...settings, alpha: alpha / 2 / Math.max(1, parts) }
    this.cap = answerCap(this.settings)
  }

  /** Adds the next probe in issue order, committed at `now`. */
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
   * The result of a check with its verdict, or without one: `ended` is then the reason, a clause. `reissued` counts
   * probes resent because a reused connection closed without an answer.
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

  /** If the previous stage's share explains the answers far better, old routes are the likely cause. */
  private asBefore({ canary, expected }: Tally): string {
    const { share, shareBefore } = this.expectation
    if (shareBefore === undefined || shareBefore === share || expected === 0) return ''
    const [low, high] = confidenceInterval(canary, expected, 0, INTERVAL_ALPHA)
    const enough = expected >= 10 || canary === shareBefore * expected
    if (!enough || shareBefore < low || shareBefore > high) return ''
    return logLikelihoodRatio(canary, expected, shareBefore, share) >= AS_BEFORE ? asBefore(shareBefore) : ''
  }

  /** `probe`: the last one added: only its path and proxy need another look; without it, all do. */
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

  /** Answers before the settling time may have caused the finding: continue with the settled ones. */
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

/** The likeliest cause of the most frequent error, if errors were the finding. */
function errorHint(found: Found | undefined, { tally }: Window): string | undefined {
  const [error] = byFrequency(tally.errors)
  return found?.finding === 'error' && error ? hintFor(error) : undefined
}

/** Names the single path or proxy that all contradicting answers came through. */
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
