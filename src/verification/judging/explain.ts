import type { ExplainedAnswer } from '../../model/results/verify.js'
import type { Expectation } from '../../model/verify/expectation.js'
import type { TransportFailure } from '../../model/verify/answer-errors.js'
import { compileReadings } from '../answers/attribution.js'
import { compileClassify, type Observation, type Outcome } from '../answers/classify.js'
import { errorText } from '../answers/error-texts.js'
import { Prober, type SentProbe } from '../probing/prober.js'
import type { ProbeRequest } from '../probing/verifier.js'

export type ExplainRequest = ProbeRequest & {
  expectations: Expectation[]
  /** Probes for each expectation, path and proxy. */
  times: number
  timeoutMs: number
}

/** Slow, so that answers arrive in order. */
const RATE = 20
const BODY = 1000
const REFUSED: TransportFailure[] = ['refused', 'reset']

/**
 * Sends a few probes of each kind and reports the answers and how they were read. Rejects with the signal's reason on
 * abort.
 *
 * @throws UsageError for an invalid rule or pattern
 */
export async function explainAnswers(
  request: ExplainRequest,
  signal?: AbortSignal,
): Promise<ExplainedAnswer[]> {
  const explain = compileExplain(request)
  const answers: ExplainedAnswer[] = []
  for (const expectation of request.expectations)
    answers.push(...(await probe(request, expectation, explain, signal)))
  return answers
}

type Explain = (expectation: Expectation, outcome: Outcome, sent: SentProbe) => ExplainedAnswer

function probe(
  { transport, probe: template, userAgent, times, timeoutMs }: ExplainRequest,
  expectation: Expectation,
  explain: Explain,
  signal?: AbortSignal,
): Promise<ExplainedAnswer[]> {
  const { paths } = expectation
  const { method, body } = template
  const headers = { 'user-agent': userAgent, ...template.headers, ...expectation.headers }
  const proxies = transport.proxies.length
  const wanted = times * paths.length * proxies
  const answers: ExplainedAnswer[] = []
  return new Promise<ExplainedAnswer[]>((resolve, reject) => {
    const abort = () => end(signal?.reason as Error)
    const limit = setTimeout(() => end(), timeoutMs)
    const end = (error?: Error) => {
      clearTimeout(limit)
      signal?.removeEventListener('abort', abort)
      void prober.stop().then(() => (error ? reject(error) : resolve(answers)))
    }
    const prober = new Prober<ExplainedAnswer>({
      transport,
      next: (index) => ({ method, path: paths[Math.floor(index / proxies) % paths.length]!, headers, body }),
      rate: () => RATE,
      read: (outcome, sent) => explain(expectation, outcome, sent),
      commit: (answer) => {
        if (answers.push(answer) === wanted) end()
      },
      onBug: end,
    })
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted) end(signal.reason as Error)
    else prober.start()
  })
}

function compileExplain(request: ExplainRequest): Explain {
  const classify = compileClassify(request)
  const readings = compileReadings(request)
  return ({ kind }, outcome, { probe: sent, proxy, issuedAt, receivedAt }) => ({
    kind,
    path: sent.path,
    ...(proxy.name === '' ? {} : { proxy: proxy.name }),
    request: { method: sent.method, path: sent.path, headers: sent.headers },
    ...('answer' in outcome
      ? { answer: { ...outcome.answer, body: outcome.answer.body.slice(0, BODY) } }
      : {
          failure: `${errorText({ kind: outcome.failure })}: ${outcome.message}`,
          ...(REFUSED.includes(outcome.failure) ? { refused: true as const } : {}),
        }),
    elapsedMs: receivedAt - issuedAt,
    readings: 'answer' in outcome ? readings(outcome.answer) : [],
    countsAs: countsAs(classify(outcome)),
  })
}

function countsAs(observation: Observation): string {
  switch (observation.type) {
    case 'version':
      return `version ${observation.version}`
    case 'unidentified':
      return 'no version'
    case 'error':
      return `error: ${errorText(observation.error)}`
  }
}
