import type { CheckResult, Expectation, StageProof, Verdict } from '../model/expectation.js'
import { compileAttribution, howToIdentify, type Identify } from './attribution.js'
import { BETA, Check, type CommittedProbe } from './check.js'
import { classify, type Outcome } from './classify.js'
import { type Convergence, EpochConvergence, FingerprintConvergence } from './convergence.js'
import { Prober, type SentProbe } from './prober.js'
import { looksOf, sampleOf } from './reason.js'
import { contradicts } from './tally.js'
import type { ProofReporter, ProofRequest } from './verifier.js'

const PROGRESS_MS = 200
/** How long the other checks may go on once one has ended without a pass. */
const GRACE_MS = 1000
/** Probes per second and check while waiting for the wanted routes: fine enough to tell when they came. */
const WAITING_RATE = 200

/** One check with the prober that feeds it. */
interface Probed {
  check: Check
  prober: Prober<CommittedProbe>
  result?: CheckResult
}

/** One proof of one stage: all its checks, probed at the same time. */
export class ProofRun {
  private readonly identify: Identify
  private readonly startedAt = performance.now()
  private readonly convergence: Convergence
  private readonly probed: Probed[]
  /** Ends the run: without an error once all checks have a result. */
  private end: (error?: Error) => void = () => {}
  private graceTimer?: NodeJS.Timeout

  /** @throws UsageError for a rule that names no version */
  constructor(
    private readonly request: ProofRequest,
    private readonly reporter: ProofReporter,
  ) {
    const { fingerprint, settling, timeoutMs, expectations } = request
    this.identify = compileAttribution(request)
    this.convergence = fingerprint
      ? new FingerprintConvergence(settling, BETA)
      : new EpochConvergence(settling, this.startedAt, timeoutMs, BETA)
    this.probed = expectations.map((expectation) => this.check(expectation))
  }

  /** Probes until every check has its result. Rejects with the signal's reason when it aborts. */
  async run(signal?: AbortSignal): Promise<StageProof> {
    const { reporter, request, probed, convergence } = this
    const abort = () => this.end(signal?.reason as Error)
    const progress = setInterval(
      () => reporter.progress(probed.map(({ check }) => check.progress())),
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
    const { mode, convergedAt } = convergence
    return {
      verdict: worst(checks),
      url: request.transport.proxies[0]!.origin,
      host: request.transport.host,
      convergence: mode,
      ...(convergedAt === undefined ? {} : { convergedMs: convergedAt - this.startedAt }),
      checks,
    }
  }

  private check(expectation: Expectation): Probed {
    const { request, convergence } = this
    const { paths } = expectation
    const check = new Check(expectation, convergence, howToIdentify(request))
    const waitingRate = request.rate === 0 ? WAITING_RATE : Math.min(request.rate, WAITING_RATE)
    const { method, body } = request.probe
    const headers = { 'user-agent': request.userAgent, ...request.probe.headers, ...expectation.headers }
    // Every proxy gets every path: a path changes when all proxies had their turn.
    const proxies = request.transport.proxies.length
    const prober = new Prober<CommittedProbe>({
      transport: request.transport,
      next: (index) => ({ method, path: paths[Math.floor(index / proxies) % paths.length]!, headers, body }),
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

  private read(expectation: Expectation, outcome: Outcome, sent: SentProbe): CommittedProbe {
    const { convergence, reporter, startedAt, identify } = this
    const { fingerprint } = this.request
    const observation = classify(outcome, identify, fingerprint)
    const waiting = convergence.convergedAt === undefined
    convergence.arrived(observation.routes, sent.receivedAt)
    if (waiting && convergence.convergedAt !== undefined) {
      reporter.converged(convergence.convergedAt - startedAt)
    }
    const strange = fingerprint !== undefined && observation.routes !== 'wanted'
    return {
      issuedAt: sent.issuedAt,
      observation,
      looks: strange ? looksOf(outcome, observation, fingerprint.header) : undefined,
      sample: contradicts(expectation, observation) ? sampleOf(sent, outcome, observation) : undefined,
    }
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

/** The worst verdict of all checks; no check at all proves nothing. */
function worst(checks: CheckResult[]): Verdict {
  if (checks.some(({ verdict }) => verdict === 'fail')) return 'fail'
  return checks.length > 0 && checks.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'inconclusive'
}
