import type { AnswerError, ErrorKind } from '../../model/verify/answer-errors.js'
import type { AnswerSample } from '../../model/verify/expectation.js'
import type { Analysis } from '../../model/results/analysis.js'
import { type Attribution, compileAttribution, type HttpAnswer } from '../answers/attribution.js'
import { type Classify, compileClassify, type Outcome } from '../answers/classify.js'
import { errorText } from '../answers/error-texts.js'
import { type Probe, Prober, type SentProbe } from '../probing/prober.js'
import { sampleOf } from '../judging/reason.js'
import type { AnalysisReporter, AnalysisRequest } from '../probing/verifier.js'
import type { Arm } from './error-gates.js'
import { PairJudge, type Seen } from './judge-pairs.js'

const PROGRESS_MS = 200
const MAX_SAMPLES = 5

/** Errors before any version got the request. Not resets: a proxy passes on those of an app. */
const LOST = new Set<ErrorKind>([
  'refused',
  'unreachable',
  'tls',
  'client-certificate',
  'not-http',
  'http2-only',
  'connection-error',
  'foreign-routes',
  'no-routes-header',
])

interface CommittedProbe {
  isCanaryRequest: boolean
  seen: Seen
  /** Evidence of an answer that is not good. */
  sample?: AnswerSample
}

/**
 * Analyzes the canary against the primary by pairs of probes, one of each kind, so that both see the same time, paths
 * and proxies; the order in each pair is random. Ends as soon as a gate fails, else when the time is over. Rejects with
 * the signal's reason on abort.
 *
 * @param random numbers from 0 to 1
 * @throws UsageError for a rule that names no version
 */
export async function analyze(
  request: AnalysisRequest,
  reporter: AnalysisReporter,
  signal?: AbortSignal,
  random: () => number = Math.random,
): Promise<Analysis> {
  signal?.throwIfAborted()
  const classify = compileClassify(request)
  const attribute = compileAttribution(request)
  const readers = { classify, attribute }
  const judge = new PairJudge(request, random)
  const samples: AnswerSample[] = []
  const pairs = new PairedProbes(request, random)
  const startedAt = performance.now()
  let end: (error?: Error) => void = () => {}
  const prober = new Prober<CommittedProbe>({
    transport: request.transport,
    next: (index) => pairs.next(index),
    rate: () => request.rate * 2,
    read: (outcome, sent) => read(request, readers, outcome, sent, pairs.isCanaryRequest(sent.probe)),
    commit: ({ isCanaryRequest, seen, sample }) => {
      if (sample && samples.length < MAX_SAMPLES) samples.push(sample)
      if (!judge.add(isCanaryRequest, seen)) return
      void prober.stop()
      end()
    },
    onBug: (error) => end(error),
  })
  const progress = setInterval(
    () => reporter.progress(judge.pairs, judge.errors.primary, judge.errors.canary),
    PROGRESS_MS,
  )
  const abort = () => end(signal?.reason as Error)
  signal?.addEventListener('abort', abort, { once: true })
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      end = (error) => (error ? reject(error) : resolve())
      timer = setTimeout(resolve, request.durationMs)
      prober.start()
    })
  } finally {
    signal?.removeEventListener('abort', abort)
    clearInterval(progress)
    clearTimeout(timer)
    await prober.stop()
  }
  return { ...judge.result(), elapsedMs: performance.now() - startedAt, samples }
}

/** Makes the probes in pairs. */
class PairedProbes {
  private readonly regular: Probe[]
  private readonly canaryProbes: Probe[]
  private readonly canaryProbeSet: Set<Probe>
  private readonly proxies: number
  private canaryFirst = false

  constructor(
    { probe, userAgent, headers, paths, transport }: AnalysisRequest,
    private readonly random: () => number,
  ) {
    const { method, body } = probe
    const plain = { 'user-agent': userAgent, ...probe.headers }
    this.regular = paths.map((path) => ({ method, path, headers: plain, body }))
    this.canaryProbes = paths.map((path) => ({ method, path, headers: { ...plain, ...headers }, body }))
    this.canaryProbeSet = new Set(this.canaryProbes)
    this.proxies = transport.proxies.length
  }

  next(index: number): Probe {
    const isFirst = index % 2 === 0
    if (isFirst) this.canaryFirst = this.random() < 0.5
    const kind = isFirst === this.canaryFirst ? this.canaryProbes : this.regular
    // Proxies alternate probe by probe: the path changes once each had it.
    return kind[Math.floor((index >> 1) / this.proxies) % kind.length]!
  }

  isCanaryRequest(probe: Probe): boolean {
    return this.canaryProbeSet.has(probe)
  }
}

interface Readers {
  classify: Classify
  attribute: (answer: HttpAnswer) => Attribution
}

/** Attributes one probe to a version. */
function read(
  request: AnalysisRequest,
  { classify, attribute }: Readers,
  outcome: Outcome,
  sent: SentProbe,
  isCanaryRequest: boolean,
): CommittedProbe {
  const observation = classify(outcome)
  if (observation.type === 'version') {
    const arm = armOf(request, observation.version)
    if (arm === 'canary' || (arm && !isCanaryRequest))
      return {
        isCanaryRequest,
        seen: { type: 'answer', arm, elapsedMs: sent.receivedAt - sent.issuedAt },
      }
    const error: AnswerError = { kind: 'wrong-version', detail: observation.version }
    const evidence = { error: errorText(error), errorKind: error.kind }
    const sample = { ...sampleOf(sent, outcome, observation), ...evidence }
    return { isCanaryRequest, seen: { type: 'error', error }, sample }
  }
  const sample = sampleOf(sent, outcome, observation)
  const arm = 'answer' in outcome ? blamed(request, attribute(outcome.answer)) : undefined
  if (observation.type === 'unidentified') return { isCanaryRequest, seen: { type: 'unnamed', arm }, sample }
  const { error } = observation
  return {
    isCanaryRequest,
    seen: LOST.has(error.kind) ? { type: 'lost', error } : { type: 'error', error, arm },
    sample,
  }
}

/** The version to blame for an answer that is not good: the proxy's choice, else the one that the answer names. */
function blamed(request: AnalysisRequest, { version, chosen }: Attribution): Arm | undefined {
  return armOf(request, chosen) ?? armOf(request, version)
}

function armOf({ primary, canary }: AnalysisRequest, version: string | undefined): Arm | undefined {
  if (version === canary) return 'canary'
  return version === primary ? 'primary' : undefined
}
