import { worstVerdict } from '../judging/worst-verdict.js'
import type { CheckResult, Expectation, StageProof, Verdict } from '../../model/verify/expectation.js'
import { howToIdentify } from '../answers/attribution.js'
import { isCached } from '../answers/cached.js'
import { BETA, Check } from '../judging/expectation-check.js'
import { type Classify, compileClassify, type Observation, type Outcome } from '../answers/classify.js'
import { type Convergence, EpochConvergence, FingerprintConvergence } from '../answers/convergence.js'
import { pathOrder } from './path-order.js'
import { Prober, type SentProbe } from './prober.js'
import { looksOf, sampleOf } from '../judging/reason.js'
import { contradicts } from '../judging/tally.js'
import type { VerificationReporter, VerificationRequest } from './verifier.js'
import type { CommittedProbe } from '../judging/window.js'

const PROGRESS_MS = 200
/** How long the other checks may continue once one has ended without a pass. */
const GRACE_MS = 1000
/** Probes per second and check while waiting for the wanted routes: a resolution of 5 ms. */
const WAITING_RATE = 200

/** One check with the prober that feeds it. */
interface Probed {
  check: Check
  prober: Prober<CommittedProbe>
  result?: CheckResult
}

/** One verification of one stage: all its checks, probed concurrently. */
export class VerificationRun {
  private readonly classify: Classify
  private readonly proxies: string[]
  private readonly startedAt = performance.now()
  /** With a fingerprint all checks share it; without one, each has its own. */
  private readonly shared?: FingerprintConvergence
  private readonly probed: Probed[]
  /** Ends the run: with an error, or once all checks have a result. */
  private end: (error?: Error) => void = () => {}
  private graceTimer?: NodeJS.Timeout

  /** @throws UsageError for a rule that names no version */
  constructor(
    private readonly request: VerificationRequest,
    private readonly reporter: VerificationReporter,
  ) {
    const { fingerprint, settling, expectations, transport } = request
    this.classify = compileClassify(request)
    this.proxies = transport.proxies.map(({ name }) => name)
    if (fingerprint) this.shared = new FingerprintConvergence(settling, BETA, this.proxies)
    this.probed = expectations.map((expectation) => this.check(expectation))
  }

  /** Probes until every check has its result. Rejects with the signal's reason when it aborts. */
  async run(signal?: AbortSignal): Promise<StageProof> {
    const { reporter, request, probed } = this
    const abort = () => this.end(signal?.reason as Error)
    const progress = setInterval(
      () => reporter.progress(probed.flatMap(({ check, result }) => (result ? [] : [check.progress()]))),
      PROGRESS_MS,
    )
    const limit = setTimeout(
      () => this.endOpenChecks(`the time limit of ${request.timeoutMs / 1000} s`),
      request.timeoutMs,
    )
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await new Promise<void>((resolve, reject) => {
        this.end = (error) => (error ? reject(error) : resolve())
        for (const { prober } of probed) prober.start()
        if (probed.length === 0) resolve()
      })
    } finally {
      signal?.removeEventListener('abort', abort)
      clearInterval(progress)
      clearTimeout(limit)
      clearTimeout(this.graceTimer)
      await Promise.all(probed.map(({ prober }) => prober.stop()))
    }
    const checks = probed.flatMap(({ result }) => (result ? [result] : []))
    const convergedAt = this.shared?.convergedAt
    const { transport } = request
    return {
      verdict: worstVerdict(checks),
      url: transport.proxies[0]!.origin,
      host: transport.host,
      ...(transport.proxies.length > 1 ? { proxies: this.proxies } : {}),
      convergence: this.shared ? 'fingerprint' : 'epochs',
      ...(convergedAt === undefined ? {} : { convergedMs: convergedAt - this.startedAt }),
      checks,
    }
  }

  private check(expectation: Expectation): Probed {
    const { request } = this
    const { paths } = expectation
    const convergence = this.shared ?? this.epochs(expectation)
    const { tolerance, alpha } = request
    const check = new Check(expectation, convergence, {
      tolerance,
      alpha,
      errorRate: request.assertions.errorRate,
      proxies: this.proxies,
      howToIdentify: (looks) => howToIdentify(request, looks),
    })
    const waitingRate = request.rate === 0 ? WAITING_RATE : Math.min(request.rate, WAITING_RATE)
    const { method, body } = request.probe
    const headers = { 'user-agent': request.userAgent, ...request.probe.headers, ...expectation.headers }
    const pathOf = pathOrder(paths, request.transport.proxies.length)
    const prober = new Prober<CommittedProbe>({
      transport: request.transport,
      next: (index) => ({ method, path: pathOf(index), headers, body }),
      rate: () => (convergence.countFrom === Infinity ? waitingRate : request.rate),
      read: (outcome, sent) => this.read(expectation, outcome, sent),
      commit: (probe) => {
        const next = check.record(probe, performance.now())
        if (next.type === 'restart') prober.pauseUntil(next.at)
        if (next.type === 'done') this.conclude(probed, next.verdict)
      },
      onBug: (error) => this.end(error),
    })
    if (convergence.countFrom < Infinity) prober.pauseUntil(convergence.countFrom)
    const probed: Probed = { check, prober }
    return probed
  }

  /** Old routes may look right if the previous stage had the same share, or its share is unknown. */
  private epochs({ share, shareBefore = share }: Expectation): Convergence {
    const { settling, timeoutMs } = this.request
    return new EpochConvergence(settling, this.startedAt, timeoutMs, BETA, shareBefore === share)
  }

  private read(expectation: Expectation, outcome: Outcome, sent: SentProbe): CommittedProbe {
    const { fingerprint, proxy: answers } = this.request
    const { issuedAt, receivedAt, probe, proxy, connection } = sent
    const observation = this.classify(outcome)
    this.arrived(observation, sent)
    const strange = fingerprint !== undefined && observation.routes !== 'wanted'
    const headers = 'answer' in outcome ? outcome.answer.headers : undefined
    return {
      issuedAt,
      observation,
      path: probe.path,
      proxy: proxy.name,
      connection,
      ...(headers ? { elapsedMs: receivedAt - issuedAt } : {}),
      cached: headers !== undefined && isCached(headers),
      retried: headers !== undefined && answers.attempts(headers) > 1,
      ...(strange ? { looks: looksOf(outcome, observation, fingerprint.header) } : {}),
      ...(contradicts(expectation, observation) ? { sample: sampleOf(sent, outcome, observation) } : {}),
    }
  }

  private arrived({ routes }: Observation, { receivedAt, proxy }: SentProbe): void {
    const { shared, startedAt, reporter } = this
    if (!shared || shared.convergedAt !== undefined) return
    shared.arrived(routes, receivedAt, proxy.name)
    if (shared.convergedAt !== undefined) reporter.converged(shared.convergedAt - startedAt)
  }

  private conclude(probed: Probed, verdict: Verdict, ended?: string): void {
    if (probed.result) return
    const result = probed.check.result(verdict, performance.now(), probed.prober.reissued, ended)
    probed.result = result
    void probed.prober.stop()
    this.reporter.check(result)
    if (this.probed.every((entry) => entry.result)) return this.end()
    if (verdict === 'pass' || this.graceTimer) return
    const { kind } = result.expectation
    this.graceTimer = setTimeout(
      () => this.endOpenChecks(`the check of ${kind} requests ended all`),
      GRACE_MS,
    )
  }

  private endOpenChecks(why: string): void {
    for (const probed of this.probed) this.conclude(probed, 'inconclusive', why)
  }
}
