import type { ExplainedAnswer } from '../../model/results/verify.js'
import { CanaryError } from '../../model/errors.js'
import type { Expectation } from '../../model/verify/expectation.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { IdleProof } from '../../model/results/uninstall.js'
import { expectationsOf } from '../../rollout/stage/expectations.js'
import type { RoutingTexts } from '../../model/routing.js'
import type { RequestCounters, RoutingProvider } from '../../routing/provider.js'
import type { OperationContext } from '../context.js'
import type { StageVerifier } from '../verification/verify-stage.js'

const LOOK_EVERY_MS = 1000
const RETRY_EVERY_MS = 250
/** Probes per kind, path and proxy: the first few detect whether the routes are gone, the others are the proof. */
const FEW = 3
const ENOUGH = 30
const WITHOUT_COUNTERS =
  "without the proxies' counters canary can tell that no proxy serves the app once its routes are gone, not whether users still send requests before"

export interface IdleRequest {
  app: string
  namespace: string
  /** How long no request may reach the app, milliseconds. */
  idleMs: number
  /** Signals that end the watch. */
  stop: AbortSignal[]
  /** State and next commands if the proof fails. */
  failedState: () => { state: string; nextSteps: string[] }
}

/**
 * The proof that an app gets no requests, by the proxies' counters, which include users' requests and all probes.
 * Without readable counters from every proxy there is no proof.
 */
export class Idle {
  private constructor(
    private readonly context: OperationContext,
    private readonly request: IdleRequest,
    private readonly provider: RoutingProvider,
    private readonly counters: RequestCounters,
  ) {}

  /** Throws CanaryError `inconclusive` if the counters are unreachable. */
  static async open(
    context: OperationContext,
    provider: RoutingProvider,
    request: IdleRequest,
  ): Promise<Idle> {
    const { app: name, namespace } = request
    try {
      return new Idle(context, request, provider, await provider.counters({ name, namespace }))
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      throw unknown(request, error.message, error)
    }
  }

  /** Watches the counters. Throws CanaryError `failed` at the first request that reaches the app. */
  async watch(): Promise<IdleProof> {
    const { context, request } = this
    const { app, idleMs, stop, failedState } = request
    const { clock } = context
    const before = await this.read()
    const started = clock.now()
    context.emit({
      type: 'note',
      message: `watching the proxies' counters for requests to ${app} for ${idleMs / 1000} s`,
    })
    for (let left = idleMs; left > 0; left = idleMs - (clock.now() - started)) {
      await clock.sleep(Math.min(left, LOOK_EVERY_MS), ...stop)
      const requests = (await this.read()) - before
      const watchedMs = clock.now() - started
      if (requests < 0) throw unknown(request, "a proxy's counters were reset meanwhile")
      if (requests > 0) {
        const { state, nextSteps } = failedState()
        throw new CanaryError(
          'failed',
          `${app} receives requests: ${requests} within ${(watchedMs / 1000).toFixed(1)} s, by the proxies' counters.`,
          { state, nextSteps, evidence: { requests, watchedMs } },
        )
      }
      if (stop.some(({ aborted }) => aborted)) break
    }
    return { watchedMs: clock.now() - started, requests: 0, probes: 0 }
  }

  /**
   * After the routes are removed: probes every proxy; none may reach the app. Resolves with the number of probes.
   * `served` is the last revision with routes, `stage` its stage. Throws CanaryError `inconclusive` if a proxy still
   * serves the routes at the time limit, `failed` if requests reach the app by another route.
   */
  async unreachable(stageVerifier: StageVerifier, served: Revision, stage: Stage): Promise<number> {
    const { context, request } = this
    const { app, namespace, stop, failedState } = request
    const planned = pathsToProbe(app, stage)
    const { probes, settings } = await stageVerifier.probeRequest({
      app,
      namespace,
      revision: served,
      expectations: planned,
    })
    const expectations = planned.map((one) => ({ ...one, paths: settings.paths ?? one.paths }))
    const { clock } = context
    const { timeoutMs } = context.probes
    const deadline = clock.now() + timeoutMs
    for (let times = FEW; ;) {
      const before = await this.read()
      const answers = await context.verifier.explain(
        { ...probes, expectations, times, timeoutMs },
        AbortSignal.any(stop),
      )
      const reached = (await this.read()) - before
      const seen = { answers, reached, served: answers.filter((one) => carries(one, probes.fingerprint)) }
      const isClean =
        reached === 0 &&
        seen.served.length === 0 &&
        answers.length > 0 &&
        (answers.every(({ answer }) => answer !== undefined) ||
          // A listener without routes: some gateways close it. That the proxies run, their counters show.
          answers.every(({ refused }) => refused))
      if (isClean && times === ENOUGH) return answers.length
      times = isClean ? ENOUGH : FEW
      if (!isClean && clock.now() >= deadline)
        throw stillReached(request, this.provider.description.texts, seen, timeoutMs, failedState())
      if (!isClean) await clock.sleep(RETRY_EVERY_MS, ...stop)
    }
  }

  /** Throws CanaryError `inconclusive` if the counters cannot be read. */
  async check(): Promise<void> {
    await this.read()
  }

  close(): Promise<void> {
    return this.counters.close()
  }

  private async read(): Promise<number> {
    const { request } = this
    try {
      const { requests, isKnown } = await this.counters.read()
      if (isKnown) return requests
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      throw unknown(request, error.message, error)
    }
    const { app, namespace } = request
    throw unknown(request, `a proxy has no counter for ${app} of namespace ${namespace}`)
  }
}

/** The kinds of requests that must no longer reach the app. */
export function pathsToProbe(app: string, stage: Stage): Expectation[] {
  const known = expectationsOf(app, stage)
  if (known.length > 0) return known
  return [{ kind: 'regular', paths: [`/${app}`], headers: {}, primary: '', share: 0 }]
}

function carries({ answer }: ExplainedAnswer, fingerprint?: { header: string; value: string }): boolean {
  return fingerprint !== undefined && answer?.headers[fingerprint.header.toLowerCase()] === fingerprint.value
}

function stillReached(
  { app }: IdleRequest,
  texts: RoutingTexts,
  { answers, reached, served }: { answers: ExplainedAnswer[]; reached: number; served: ExplainedAnswer[] },
  timeoutMs: number,
  { state, nextSteps }: { state: string; nextSteps: string[] },
): CanaryError {
  const after = `${timeoutMs / 1000} s after the routes were removed`
  const evidence = { probes: answers.length, reached }
  if (served.length > 0) {
    const proxies = [...new Set(served.flatMap(({ proxy }) => proxy ?? []))]
    const who = proxies.length > 0 ? proxies.join(', ') : 'The proxy'
    return new CanaryError(
      'inconclusive',
      `${who} still serves the routes of ${app}, ${after}: ${served.length} of ${answers.length} answers carry them.`,
      { state, nextSteps, evidence },
    )
  }
  if (reached === 0) {
    const failures = [...new Set(answers.flatMap(({ failure }) => failure ?? []))]
    return new CanaryError(
      'inconclusive',
      `Probes get no answer, ${after}: ${failures.join('; ') || 'none was sent in time'}.`,
      { state, nextSteps, evidence },
    )
  }
  return new CanaryError(
    'failed',
    `${app} still receives requests, ${after}: its ${texts.backend} counted ${reached} while ${answers.length} probes were sent.`,
    {
      state,
      nextSteps: [`${texts.allRoutes}    (which other route names the ${texts.backend}?)`, ...nextSteps],
      evidence,
    },
  )
}

function unknown(request: IdleRequest, why: string, cause?: unknown): CanaryError {
  const { state, nextSteps } = request.failedState()
  return new CanaryError(
    'inconclusive',
    `Cannot tell whether ${request.app} receives requests: ${why}`.replace(/\.?$/, '.'),
    {
      state,
      details: [WITHOUT_COUNTERS],
      nextSteps: [...(cause instanceof CanaryError ? cause.nextSteps : []), ...nextSteps],
      cause,
    },
  )
}
