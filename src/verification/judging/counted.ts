import type { Expectation, Verdict } from '../../model/verify/expectation.js'
import { confidenceInterval, defaultTolerance } from './share-test.js'

/** Requests by version, as the proxies counted them while probes of one kind were sent. */
export interface CountedWindow {
  /** Probes that were answered through the wanted routes, and all that were sent. */
  answered: number
  probes: number
  /** Requests to each version, those of users included. */
  requests: Record<string, number>
}

export interface CountedRule {
  expectation: Expectation
  /** Who may send the other version requests: nobody, users by the canary headers or the weight, or copies of a shadow. */
  others: 'nobody' | 'users' | 'copies'
  /** Share of the regular requests that go to the canary. */
  regularShare: number
  tolerance?: number
  alpha: number
}

export interface CountedJudgement {
  verdict: Verdict
  reason: string
}

/** The interval around a counted share excludes the true one this often at most. */
const MISS = 0.01

/**
 * Judges counters, which have the sum of all requests and not whose they were. So a version that no route names must get
 * none at all; the one that all probes are for at least as many as were answered; and a weight is that of the sum. Undefined
 * while nothing is clear: `open` of the window says why.
 */
export function judgeCounted(rule: CountedRule, window: CountedWindow): CountedJudgement | undefined {
  const { expectation } = rule
  const { primary, canary = primary, share } = expectation
  const stranger = Object.entries(window.requests).find(
    ([version, count]) => count > 0 && version !== primary && version !== canary,
  )
  if (stranger) return fail(`${stranger[0]}, which no route names, got ${requestsOf(stranger[1])}`)
  if (countersMiss(window)) return undefined
  if (share > 0 && share < 1) return judgeShare(rule, window)
  const [wanted, other] = share === 0 ? [primary, canary] : [canary, primary]
  const got = window.requests[wanted] ?? 0
  const beside = wanted === other ? 0 : (window.requests[other] ?? 0)
  if (got < window.answered)
    return fail(`${wanted} got ${got} requests, fewer than the ${window.answered} probes that were answered`)
  if (beside === 0 || rule.others === 'copies') return PASS
  if (rule.others === 'nobody') return fail(`${other} got ${requestsOf(beside)}, and no route leads there`)
  if (expectation.kind === 'regular') return undefined
  return judgeBeside(rule, window, { got, beside })
}

/** Why a window showed nothing clear, a clause. */
export function openCounted({ expectation }: CountedRule, window: CountedWindow): string {
  const { primary, canary = primary, share } = expectation
  if (countersMiss(window))
    return `the proxies counted ${requestsOf(totalOf(window))} to the pods of the app while ${window.answered} probes were answered`
  if (share > 0 && share < 1) return 'too few requests were counted'
  const other = share === 0 ? canary : primary
  return `${other} got ${requestsOf(window.requests[other] ?? 0)} meanwhile: whether by the canary headers of users or by a wrong route, counters do not show`
}

/** Anytime-valid interval of the canary's share of the counted requests. */
export function countedInterval(
  { canary }: Expectation,
  window: CountedWindow,
  alpha = MISS,
): [number, number] {
  const k = canary === undefined ? 0 : (window.requests[canary] ?? 0)
  return confidenceInterval(k, totalOf(window), 0, alpha)
}

function judgeShare(rule: CountedRule, window: CountedWindow): CountedJudgement | undefined {
  const { expectation, alpha, tolerance = defaultTolerance(expectation.share) } = rule
  const { share } = expectation
  const [low, high] = countedInterval(expectation, window)
  if (low >= share - tolerance && high <= share + tolerance) return PASS
  const [least, most] = countedInterval(expectation, window, alpha)
  return share < least || share > most
    ? fail(
        `${points(least)} to ${points(most)} % of the requests went to ${expectation.canary}, wanted ${points(share)} %`,
      )
    : undefined
}

/**
 * Canary requests beside regular ones of users: what is left without the probes has to be shared by the weight. Probes that went
 * by the weight themselves would be missing on one side.
 */
function judgeBeside(
  { expectation, regularShare, alpha }: CountedRule,
  { probes }: CountedWindow,
  { got, beside }: { got: number; beside: number },
): CountedJudgement | undefined {
  const left = Math.max(0, got - probes)
  const [least, most] = confidenceInterval(left, left + beside, 0, alpha)
  if (regularShare >= least && regularShare <= most) return PASS
  if (regularShare > most)
    return fail(
      `${expectation.primary} got ${requestsOf(beside)} while only probes with the canary headers were sent, more than users explain`,
    )
  return undefined
}

const PASS: CountedJudgement = { verdict: 'pass', reason: "counted by the proxy's own counters" }

function fail(reason: string): CountedJudgement {
  return { verdict: 'fail', reason: `${reason}, by the proxy's own counters` }
}

/** Whether the proxies counted fewer requests than were answered: then they count something else. */
function countersMiss(window: CountedWindow): boolean {
  return totalOf(window) < window.answered
}

function totalOf({ requests }: CountedWindow): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0)
}

function requestsOf(count: number): string {
  return `${count} ${count === 1 ? 'request' : 'requests'}`
}

function points(share: number): number {
  return Math.round(share * 1000) / 10
}
