import type { CheckProgress } from '../model/events.js'
import type { AnswerSample, CheckResult, Expectation, Verdict } from '../model/expectation.js'
import { isConnectionError, mayPass, type Observation } from './classify.js'
import type { Convergence } from './convergence.js'
import { answerCap, confidenceInterval, defaultTolerance, judge, type JudgeSettings } from './judge.js'
import { type Finding, findingReason, openReason, passReason } from './reason.js'
import { addTo, emptyTally, errorCount, type Tally } from './tally.js'

/** Bounds on failing a right share and on passing a wrong one (the latter before it is split over epochs). */
const ALPHA = 0.01
export const BETA = 0.01
/** The smallest share of wrong answers that must not pass where none is expected. */
const LEAK = 0.01
const MAX_LOOKS = 20
/** Pauses before a count whose connection broke begins anew, doubling, milliseconds. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2000

/** One probe whose answer is in, and the answers to all probes issued before it. */
export interface CommittedProbe {
  issuedAt: number
  observation: Observation
  /** What an answer not of the wanted routes looked like, in few words. */
  looks?: string
  /** Its evidence, where it contradicts the expectation. */
  sample?: AnswerSample
}

/** What follows from an answer: go on at once, go on at some time with a new count, or a verdict. */
export type Next = { type: 'continue' } | { type: 'restart'; at: number } | { type: 'done'; verdict: Verdict }

const CONTINUE: Next = { type: 'continue' }

/**
 * One check: one expectation, fed with its answers in issue order (never in completion order: a slower canary would
 * then look rarer than it is). It neither probes nor looks at a clock: times come with the calls, milliseconds.
 *
 * Errors are no evidence about shares, but no check passes over one: the first error in a settled count ends it as a
 * fail. Where only the connection to the proxy broke the count begins anew until the time is over, and is inconclusive
 * then: that says nothing about the versions.
 */
export class Check {
  private readonly settings: JudgeSettings
  private readonly cap: number
  /** All answers of the present count. */
  private window = emptyTally()
  /** Those of them that the settling of a change does not excuse: only they make a finding final. */
  private settled?: Tally
  private resumeAt = -Infinity
  private restarts = 0
  /** Counts that the connection to the proxy broke. */
  private broken = 0
  private discarded = 0
  /** What answers looked like before the wanted routes were served. */
  private readonly looksBefore = new Map<string, number>()
  /** Why the count was last begun anew. */
  private lastFinding?: string

  constructor(
    readonly expectation: Expectation,
    private readonly convergence: Convergence,
    /** What to set where answers name no version. */
    private readonly howToIdentify: string,
  ) {
    const { share } = expectation
    const { beta } = convergence
    this.settings = { share, tolerance: defaultTolerance(share), alpha: ALPHA, beta, leak: LEAK }
    this.cap = answerCap(this.settings)
  }

  /** Takes the next probe in issue order; `now` is when it was committed. */
  record(probe: CommittedProbe, now: number): Next {
    const { issuedAt, observation, sample } = probe
    const { countFrom, settledAt } = this.convergence
    if (issuedAt <= countFrom || issuedAt < this.resumeAt) {
      this.discarded += 1
      if (issuedAt <= countFrom && probe.looks !== undefined) this.noteLooks(probe.looks)
      return CONTINUE
    }
    const isSettled = issuedAt >= settledAt
    if (isSettled) this.settled ??= this.window.sent === 0 ? this.window : emptyTally()
    addTo(this.window, this.expectation, observation, issuedAt, sample)
    if (this.settled && this.settled !== this.window) {
      addTo(this.settled, this.expectation, observation, issuedAt, sample)
    }

    const finding = this.judge(this.window)
    if (finding === undefined) return CONTINUE
    if (finding === 'pass') return { type: 'done', verdict: 'pass' }
    if (!this.settled) return this.restart(finding, now, this.convergence.pauseBefore(this.restarts + 1))
    if (finding === 'error' && Object.keys(this.window.errors).every(mayPass)) {
      this.broken += 1
      return this.restart(finding, now, Math.min(FIRST_PAUSE_MS * 2 ** (this.broken - 1), LONGEST_PAUSE_MS))
    }
    if (this.settled !== this.window) this.dropUnsettled(finding, this.settled)
    const own = this.judge(this.window)
    return own === undefined ? CONTINUE : { type: 'done', verdict: verdictOf(own, this.window) }
  }

  progress(): CheckProgress {
    const { expectation } = this
    const { sent, byVersion, canary, expected, others, unidentified } = this.window
    const interval = confidenceInterval(canary, expected + others, unidentified, ALPHA)
    return { expectation, sent, byVersion: { ...byVersion }, interval, errors: errorCount(this.window) }
  }

  /**
   * The result of a check that has its verdict, or must do without: `ended` is then why, a clause.
   * `reissued` counts probes sent once more because a connection in use before closed without an answer.
   */
  result(verdict: Verdict, now: number, reissued: number, ended?: string): CheckResult {
    const { expectation, window } = this
    const { canary, expected, others, unidentified, firstIssuedAt } = window
    const interval = confidenceInterval(canary, expected + others, unidentified, ALPHA)
    return {
      expectation,
      verdict,
      sent: window.sent,
      byVersion: window.byVersion,
      unidentified,
      errors: window.errors,
      interval,
      tolerance: this.settings.tolerance,
      alpha: ALPHA,
      perPath: {},
      perProxy: {},
      reason: this.reason(verdict, interval, ended) + reissueNote(reissued),
      restarts: this.restarts,
      discarded: this.discarded,
      elapsedMs: firstIssuedAt === undefined ? 0 : now - firstIssuedAt,
      samples: window.samples,
    }
  }

  private reason(verdict: Verdict, interval: [number, number], ended?: string): string {
    const { expectation, settings, window, looksBefore, lastFinding } = this
    if (verdict === 'pass') return passReason(expectation, settings, window, interval)
    const finding = this.judge(window)
    if (ended === undefined && finding !== undefined) {
      const reason = findingReason(finding, expectation, settings, window, interval)
      return finding === 'unidentified' ? `${reason}; ${this.howToIdentify}` : reason
    }
    const unconverged = this.convergence.countFrom === Infinity
    return openReason(expectation, window, ended ?? 'it ended', { unconverged, looksBefore, lastFinding })
  }

  private judge(tally: Tally): Finding | undefined {
    if (errorCount(tally) > 0) return 'error'
    if (tally.others > 0) return 'other version'
    const judgement = judge(tally.canary, tally.expected, tally.unidentified, this.settings)
    if (judgement !== 'continue') return judgement
    return tally.sent >= this.cap ? 'undecided' : undefined
  }

  /** What tipped the scale may be answers from before things settled: go on with those from after. */
  private dropUnsettled(finding: Finding, settled: Tally): void {
    this.noteRestart(finding, this.window.sent - settled.sent)
    this.window = settled
  }

  private restart(finding: Finding, now: number, pauseMs: number): Next {
    this.noteRestart(finding, this.window.sent)
    this.window = emptyTally()
    this.settled = undefined
    this.resumeAt = now + pauseMs
    return { type: 'restart', at: this.resumeAt }
  }

  private noteRestart(finding: Finding, discarded: number): void {
    const { canary, expected, others, unidentified } = this.window
    const interval = confidenceInterval(canary, expected + others, unidentified, ALPHA)
    this.lastFinding = findingReason(finding, this.expectation, this.settings, this.window, interval)
    this.restarts += 1
    this.discarded += discarded
  }

  private noteLooks(looks: string): void {
    if (this.looksBefore.size >= MAX_LOOKS && !this.looksBefore.has(looks)) return
    this.looksBefore.set(looks, (this.looksBefore.get(looks) ?? 0) + 1)
  }
}

function verdictOf(finding: Finding, tally: Tally): Verdict {
  switch (finding) {
    case 'pass':
      return 'pass'
    case 'fail':
    case 'other version':
      return 'fail'
    case 'error':
      return Object.keys(tally.errors).every(isConnectionError) ? 'inconclusive' : 'fail'
    case 'unidentified':
    case 'undecided':
      return 'inconclusive'
  }
}

function reissueNote(reissued: number): string {
  if (reissued === 0) return ''
  const probes = reissued === 1 ? '1 probe was' : `${reissued} probes were`
  return ` (${probes} sent once more, for a connection that had been in use closed without an answer)`
}
