import type { CheckResult, Expectation, StageProof, Verdict } from '../../../src/model/verify/expectation.js'
import type {
  VerificationReporter,
  VerificationRequest,
  Verifier,
} from '../../../src/verification/probing/verifier.js'
import type { ModelCluster } from './cluster.js'
import type { Answers } from './kube.js'
import { errorCounts } from '../answer-errors.js'

/** Probes of each kind. */
const PROBES = 459
/** Shares are of so many percent; anything between is a rounding. */
const CLOSE = 1e-6

/**
 * Judges by the traffic of the model: waits for the wanted routes as the real one does, then looks twice. Verdicts that it
 * was told to give come first.
 */
export class ModelVerifier implements Verifier {
  readonly requests: VerificationRequest[] = []
  /** Verdicts to give whatever the traffic shows, one each. */
  verdicts: Verdict[] = []
  /** Told each proof that was judged. */
  judged: (proof: StageProof, request: VerificationRequest) => void = () => {}

  constructor(private readonly cluster: ModelCluster) {}

  check(): void {}

  async verify(
    request: VerificationRequest,
    reporter: VerificationReporter,
    signal?: AbortSignal,
  ): Promise<StageProof> {
    this.requests.push(request)
    const { world, operator, calls } = this.cluster
    const { turns, kube } = world
    calls.push('prove')
    const wanted = request.fingerprint?.value
    const converged = await turns.until(
      operator,
      'wait for the routes',
      () => signal?.aborted === true || wanted === undefined || kube.fingerprint() === wanted,
      turns.now() + request.timeoutMs,
    )
    signal?.throwIfAborted()
    const look = () => request.expectations.map(({ headers }) => kube.answers(headers))
    const first = await turns.act(operator, 'count answers', look)
    const second = await turns.act(operator, 'judge the answers', look)
    signal?.throwIfAborted()
    const told = this.verdicts.shift()
    const checks = request.expectations.map((expectation, index) => {
      const looks = [first[index]!, second[index]!]
      const contradicts = looks.find((answers) => !isAsExpected(answers, expectation))
      const verdict = told ?? (!converged ? 'inconclusive' : contradicts ? 'fail' : 'pass')
      return check(expectation, verdict, contradicts ?? looks[1]!, told !== undefined)
    })
    for (const result of checks) reporter.check(result)
    const verdict = worst(checks.map((result) => result.verdict))
    const proof: StageProof = {
      verdict,
      url: request.transport.proxies[0]!.origin,
      convergence: 'fingerprint',
      checks,
    }
    this.judged(proof, request)
    return proof
  }

  analyze: Verifier['analyze'] = () => Promise.reject(new Error('the model has no health'))

  metrics: Verifier['metrics'] = () => Promise.reject(new Error('the model has no metrics'))

  explain: Verifier['explain'] = () => Promise.reject(new Error('the model has no answers'))
}

function isAsExpected(answers: Answers, { primary, canary, share }: Expectation): boolean {
  const wanted: Answers = { [primary]: 1 - share, ...(canary === undefined ? {} : { [canary]: share }) }
  const versions = new Set([...Object.keys(wanted), ...Object.keys(answers)])
  return [...versions].every((version) => Math.abs((answers[version] ?? 0) - (wanted[version] ?? 0)) < CLOSE)
}

function check(expectation: Expectation, verdict: Verdict, answers: Answers, isTold: boolean): CheckResult {
  const counts = Object.entries(answers).map(([who, share]) => [who, Math.round(share * PROBES)] as const)
  const isError = (who: string) => who.startsWith('http ')
  return {
    expectation,
    verdict,
    sent: PROBES,
    byVersion: Object.fromEntries(counts.filter(([who]) => !isError(who))),
    unidentified: 0,
    errors: errorCounts(Object.fromEntries(counts.filter(([who]) => isError(who)))),
    interval: [expectation.share, expectation.share],
    tolerance: 0.1,
    alpha: 0.01,
    perPath: {},
    perProxy: {},
    reason: isTold ? `a ${verdict} as told` : `${verdict}: ${JSON.stringify(answers)}`,
    restarts: 0,
    discarded: 0,
    elapsedMs: 0,
    samples: [],
  }
}

function worst(verdicts: Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}
