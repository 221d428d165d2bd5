import { describeStage } from '../../model/describe-stage.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import type { Verdict } from '../../model/expectation.js'
import type { HealthComparison, HealthGate } from '../../model/results/analysis.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { hasCanary, weightOf } from '../../rollout/stage/stage.js'
import type { OperationContext } from '../context.js'
import type { Prover } from './verify-stage.js'
import { watchRevision } from '../change/revision-watch.js'

export interface StageToCompare {
  app: string
  namespace: string
  stage: Stage
  revision: Revision
  /** Number of the newest revision, where a failed one came after the one deployed. */
  newest?: number
  durationMs: number
  signal?: AbortSignal
}

/** How long Prometheus may take over one query. */
const METRICS_TIMEOUT_MS = 10_000

/**
 * Compares the canary's health with the primary's: by pairs of probes through the header route, which takes no user to
 * the canary, and by the metrics of the values. Resolves with the comparison whatever its verdict.
 */
export async function compareStage(
  context: OperationContext,
  prover: Prover,
  {
    app,
    namespace,
    stage,
    revision,
    newest = revision.revision,
    durationMs,
    signal = context.signal,
  }: StageToCompare,
): Promise<HealthComparison> {
  const { primary, canary, headers } = requireBoth(app, stage)
  const weight = weightOf(stage)
  const expectations = [{ kind: 'marked' as const, paths: [`/${app}`], headers, primary, canary, share: 1 }]
  const { probes, settings } = await prover.probeRequest({
    app,
    namespace,
    revision,
    expectations,
    metrics: true,
  })
  const { health, prometheus, metrics, paths = [`/${app}`] } = settings
  context.emit({ type: 'comparing', primary, canary, durationMs })
  const started = Date.now()
  const watch = watchRevision(context, { app, namespace, revision, newest })
  const compared = await context.verifier
    .compare(
      { ...probes, primary, canary, headers, paths, share: weight / 100, limits: health, durationMs },
      {
        progress: (pairs, primaryErrors, canaryErrors) =>
          context.emit({ type: 'compare-progress', pairs, primaryErrors, canaryErrors }),
      },
      AbortSignal.any([signal, watch.signal]),
    )
    .finally(() => watch.close())
  const seconds = String(Math.max(1, Math.round((Date.now() - started) / 1000)))
  const variables = { app, namespace, primary, canary, weight: String(weight), seconds }
  const asked =
    prometheus === undefined || metrics.length === 0 || compared.verdict === 'fail'
      ? []
      : await context.verifier.metrics(
          { url: prometheus, gates: metrics, variables, timeoutMs: METRICS_TIMEOUT_MS },
          signal,
        )
  const gates = [...compared.gates, ...asked]
  const comparison = { ...compared, gates, verdict: worst(compared.verdict, asked) }
  context.emit({ type: 'compared', comparison })
  return comparison
}

/** Throws unless the canary is as healthy as asked for: exit 3 where it is not, 4 where too little is known. */
export function requireHealthy(
  { verdict, gates, ...comparison }: HealthComparison,
  stage: Stage,
  details: { state: string; nextSteps: string[] },
): void {
  if (verdict === 'pass') return
  const reasons = gates
    .filter((gate) => gate.verdict === verdict)
    .map(({ name, reason }) => `${name}: ${reason}`)
  const said =
    verdict === 'fail'
      ? 'The canary is less healthy than asked for'
      : 'The canary could not be shown to be healthy'
  throw new CanaryError(
    verdict === 'fail' ? 'failed' : 'inconclusive',
    `${said} in the stage "${describeStage(stage)}": ${reasons.join('; ') || 'too little was seen'}.`,
    { ...details, evidence: { comparison: { verdict, gates, ...comparison } } },
  )
}

/** The stage with a way to both versions. Throws ConflictError where there is none. */
export function requireBoth(
  app: string,
  stage: Stage,
): { primary: string; canary: string; headers: Record<string, string> } {
  if (hasCanary(stage) && weightOf(stage) < 100) return stage
  const why = hasCanary(stage) ? 'no request reaches the primary any more' : 'no request reaches a canary'
  throw new ConflictError(`There is nothing to compare: ${app} is ${describeStage(stage)}, ${why}.`, {
    state: 'Nothing was changed.',
    nextSteps: hasCanary(stage)
      ? [`canary shift ${app} 50    (a share for both)`]
      : [`canary start ${app} VERSION    (a canary that only marked requests reach)`],
  })
}

function worst(verdict: Verdict, gates: HealthGate[]): Verdict {
  const verdicts = [verdict, ...gates.map((gate) => gate.verdict)]
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}
