import { worstVerdict } from '../../verification/judging/worst-verdict.js'
import type { Clock } from '../../lib/clock.js'
import { CanaryError } from '../../model/errors.js'
import type { CheckResult, Expectation, StageProof } from '../../model/verify/expectation.js'
import type { ExplainedAnswer } from '../../model/results/verify.js'
import type { VersionCounters } from '../../routing/provider.js'
import type {
  VerificationReporter,
  VerificationRequest,
  Verifier,
} from '../../verification/probing/verifier.js'
import {
  type CountedRule,
  type CountedWindow,
  countedInterval,
  judgeCounted,
  openCounted,
} from '../../verification/judging/counted.js'

export interface CountedVerification {
  counters: VersionCounters
  /** Whether the stage copies requests to the canary. */
  hasShadow: boolean
  clock: Clock
  verify(request: VerificationRequest, reporter: VerificationReporter): Promise<StageProof>
}

/** Whether the answers name their versions by themselves, whatever values and images let expect. */
export async function answersName(
  verifier: Pick<Verifier, 'explain'>,
  request: VerificationRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const answers = await verifier.explain({ ...request, times: 1 }, signal)
  const isNamed = ({ readings }: ExplainedAnswer) =>
    readings.some(({ used, version }) => used && version !== undefined)
  return answers.length > 0 && answers.every(isNamed)
}

/** Reports nothing while probes are only sent to be counted. */
const SILENT: VerificationReporter = {
  converged: () => undefined,
  progress: () => undefined,
  check: () => undefined,
}

/**
 * Verifies a stage whose answers name no version: first that every answer is right and comes through the wanted routes, of all
 * kinds at once; then, by the proxies' counters, where probes of one kind after the other went.
 */
export async function verifyByCounters(
  run: CountedVerification,
  request: VerificationRequest,
  reporter: VerificationReporter,
): Promise<StageProof> {
  const proof = await run.verify(anyVersion(request), {
    ...SILENT,
    converged: (elapsedMs) => reporter.converged(elapsedMs),
  })
  const checks: CheckResult[] = []
  for (const [index, expectation] of request.expectations.entries()) {
    const served = unnamed(proof.checks[index]!, expectation)
    const check = proof.verdict === 'pass' ? await countedCheck(run, request, expectation) : served
    checks.push(check)
    reporter.check(check)
  }
  return { ...proof, countedBy: 'proxies', verdict: worstVerdict(checks), checks }
}

/** Probes of one kind until the counters show where they went. */
async function countedCheck(
  run: CountedVerification,
  request: VerificationRequest,
  expectation: Expectation,
): Promise<CheckResult> {
  const { counters, clock } = run
  const rule = ruleOf(run, request, expectation)
  const ofKind = { ...anyVersion({ ...request, expectations: [expectation] }), settling: false }
  const started = clock.now()
  let window: CountedWindow | undefined
  for (;;) {
    await sinceThen(counters)
    const check = unnamed((await run.verify(ofKind, SILENT)).checks[0]!, expectation)
    if (check.verdict !== 'pass') return check
    const counted = await sinceThen(counters)
    if ('requests' in counted) window = added(rule, window, check, counted.requests)
    const judged = window && judgeCounted(rule, window)
    const elapsedMs = clock.now() - started
    if (judged && window) return { ...withCounts(check, window), ...judged, elapsedMs }
    if (elapsedMs < request.timeoutMs) continue
    const why = 'trouble' in counted ? counted.trouble : openCounted(rule, window!)
    const reason = `not clear within ${Math.round(request.timeoutMs / 1000)} s by the proxy's own counters: ${why}`
    return { ...(window ? withCounts(check, window) : check), verdict: 'inconclusive', reason, elapsedMs }
  }
}

async function sinceThen(
  counters: VersionCounters,
): Promise<{ requests: Record<string, number> } | { trouble: string }> {
  try {
    const requests = await counters.since()
    return requests ? { requests } : { trouble: 'a pod went while its requests were counted' }
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return { trouble: error.message }
  }
}

function ruleOf(
  { hasShadow }: CountedVerification,
  { expectations, tolerance, alpha }: VerificationRequest,
  expectation: Expectation,
): CountedRule {
  const { primary, canary, share } = expectation
  const isRouted = (version: string | undefined) =>
    expectations.some((one) => (version === primary ? one.share < 1 : one.share > 0))
  const other = share === 0 ? canary : primary
  const regularShare = expectations.find(({ kind }) => kind === 'regular')?.share ?? 0
  const others = hasShadow ? 'copies' : isRouted(other) ? 'users' : 'nobody'
  return { expectation, others, regularShare, tolerance, alpha }
}

/** For a weight all windows count; for a single version one request of a user would spoil them all. */
function added(
  { expectation: { share } }: CountedRule,
  before: CountedWindow | undefined,
  { sent, discarded }: CheckResult,
  requests: Record<string, number>,
): CountedWindow {
  const now = { answered: sent, probes: sent + discarded, requests }
  if (!before || share === 0 || share === 1) return now
  const sum = { ...before.requests }
  for (const [version, count] of Object.entries(requests)) sum[version] = (sum[version] ?? 0) + count
  return { answered: before.answered + now.answered, probes: before.probes + now.probes, requests: sum }
}

/** The same probes for answers that name nothing: all of them count as the primary's. */
function anyVersion(request: VerificationRequest): VerificationRequest {
  const expectations = request.expectations.map(({ canary: _canary, shareBefore: _before, ...own }) => ({
    ...own,
    share: 0,
  }))
  return { ...request, expectations, soleVersion: expectations[0]?.primary, namesIgnored: true }
}

/** A check of such answers: they named no version. */
function unnamed(check: CheckResult, expectation: Expectation): CheckResult {
  const answered = Object.values(check.byVersion).reduce((sum, count) => sum + count, 0)
  return {
    ...check,
    expectation,
    byVersion: {},
    unidentified: check.unidentified + answered,
    perPath: {},
    perProxy: {},
  }
}

function withCounts(check: CheckResult, window: CountedWindow): CheckResult {
  const { requests, answered } = window
  return {
    ...check,
    sent: Object.values(requests).reduce((sum, count) => sum + count, 0),
    byVersion: requests,
    unidentified: 0,
    interval: countedInterval(check.expectation, window),
    counted: { probes: answered },
  }
}
