import type { CheckProgress } from '../../model/events/events.js'
import type { AnswerSample, CheckResult, Expectation, Verdict } from '../../model/verify/expectation.js'
import { isTransient } from '../answers/classify.js'
import type { Convergence } from '../answers/convergence.js'
import { totalOf } from '../answers/error-counts.js'
import {
  type Found,
  intervalOf,
  judgeWindow,
  LEAK,
  type CheckRule,
  ruleOf,
  type RuleOptions,
  verdictOf,
} from './judge-window.js'
import { openReason, passReason } from './reason.js'
import { type CommittedProbe, Window } from './window.js'
import { errorHint, windowReason } from './window-reason.js'

/** Bound on passing a wrong share, before it is split over epochs. */
export const BETA = 0.01
const MAX_LOOKS = 20
/** First delay before restarting a count whose connection broke, milliseconds; doubles each time. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2000

/** What follows an answer: continue, restart the count at a time, or a verdict. */
export type Next = { type: 'continue' } | { type: 'restart'; at: number } | { type: 'done'; verdict: Verdict }

const CONTINUE: Next = { type: 'continue' }

export interface CheckOptions extends RuleOptions {
  /** Names of the proxies probed one by one; a single empty name for the shared address. */
  proxies: string[]
  /** The setting for answers like this one that name no version. */
  howToIdentify: (looks?: AnswerSample) => string
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
  private readonly rule: CheckRule
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
    this.window = this.begun()
    this.before = this.begun()
    this.rule = ruleOf(expectation, options, convergence.beta, this.window.parts.length)
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

    const found = judgeWindow(this.rule, this.window, probe)
    if (found === undefined) return CONTINUE
    const { finding } = found
    if (finding === 'pass') return { type: 'done', verdict: 'pass' }
    if (!this.settled) return this.restart(found, now, this.convergence.pauseBefore(this.restarts + 1))
    if (finding === 'error' && this.window.tally.errors.every(isTransient)) {
      this.broken += 1
      return this.restart(found, now, Math.min(FIRST_PAUSE_MS * 2 ** (this.broken - 1), LONGEST_PAUSE_MS))
    }
    if (this.settled !== this.window) this.dropUnsettled(found, this.settled)
    const own = judgeWindow(this.rule, this.window, probe)
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
      interval: intervalOf(tally),
      errors: totalOf(tally.errors),
    }
  }

  /**
   * The result of a check with its verdict, or without one: `ended` is then the reason, a clause. `reissued` counts
   * probes resent because a reused connection closed without an answer.
   */
  result(verdict: Verdict, now: number, reissued: number, ended?: string): CheckResult {
    const { expectation, window, rule } = this
    const { firstIssuedAt } = window
    const { share } = expectation
    return {
      expectation,
      verdict,
      ...window.evidence(),
      ...(this.convergence.countFrom === Infinity ? { unjudged: this.before.unjudged() } : {}),
      interval: intervalOf(window.tally),
      tolerance: share === 0 || share === 1 ? LEAK : rule.whole.tolerance,
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

  private reason(verdict: Verdict, ended?: string): string {
    const { expectation, rule, window, looksBefore, lastFinding, convergence } = this
    const interval = intervalOf(window.tally)
    if (verdict === 'pass') return passReason(expectation, rule.whole, window.tally, interval)
    const found = judgeWindow(rule, window)
    if (ended === undefined && found !== undefined) return this.windowReason(found)
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
    const found = ended === undefined ? judgeWindow(this.rule, this.window) : undefined
    const hint = found ? errorHint(found, this.window) : this.lastHint
    return hint === undefined ? {} : { hint }
  }

  private windowReason(found: Found): string {
    return windowReason(this.rule, found, this.window, this.options.howToIdentify)
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
    this.lastFinding = this.windowReason(found)
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

function reissueNote(reissued: number): string {
  if (reissued === 0) return ''
  const probes = reissued === 1 ? '1 probe was' : `${reissued} probes were`
  return ` (${probes} resent: a reused connection closed without an answer)`
}
