import { type AppPlace, canaryCommand, commented } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import type { Verdict } from '../../model/verify/expectation.js'
import type { Analysis, AnalysisGate } from '../../model/results/analysis.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { hasCanary, weightOf } from '../../rollout/stage/stage.js'
import type { OperationContext } from '../context.js'
import type { StageVerifier } from './verify-stage.js'
import { watchRevision } from '../change/run/revision-watch.js'

export interface StageToAnalyze {
  app: string
  namespace: string
  stage: Stage
  revision: Revision
  /** Number of the newest revision, if one failed after the deployed one. */
  newest?: number
  durationMs: number
  signal?: AbortSignal
}

/** How long Prometheus may take for one query. */
const METRICS_TIMEOUT_MS = 10_000

/**
 * Analyzes the canary against the primary: by pairs of probes through the header route, which sends no user to the
 * canary, and by the metrics of the values. Resolves with the analysis whatever its verdict.
 */
export async function analyzeStage(
  context: OperationContext,
  stageVerifier: StageVerifier,
  {
    app,
    namespace,
    stage,
    revision,
    newest = revision.revision,
    durationMs,
    signal = context.signal,
  }: StageToAnalyze,
): Promise<Analysis> {
  const { primary, canary, headers } = requireBothVersions({ app, namespace }, stage)
  const weight = weightOf(stage)
  const expectations = [{ kind: 'canary' as const, paths: [`/${app}`], headers, primary, canary, share: 1 }]
  const { probes, settings } = await stageVerifier.probeRequest({
    app,
    namespace,
    revision,
    expectations,
    metrics: true,
  })
  const { analysisLimits: health, prometheus, metrics, paths = [`/${app}`] } = settings
  context.emit({ type: 'analyzing', primary, canary, durationMs })
  const started = context.clock.now()
  const watch = watchRevision(context, { app, namespace, revision, newest })
  const analyzed = await context.verifier
    .analyze(
      { ...probes, primary, canary, headers, paths, share: weight / 100, limits: health, durationMs },
      {
        progress: (pairs, primaryErrors, canaryErrors) =>
          context.emit({ type: 'analysis-progress', pairs, primaryErrors, canaryErrors }),
      },
      AbortSignal.any([signal, watch.signal]),
    )
    .finally(() => watch.close())
  const seconds = String(Math.max(1, Math.round((context.clock.now() - started) / 1000)))
  const variables = { app, namespace, primary, canary, weight: String(weight), seconds }
  const asked =
    prometheus === undefined || metrics.length === 0 || analyzed.verdict === 'fail'
      ? []
      : await context.verifier.metrics(
          { url: prometheus, gates: metrics, variables, timeoutMs: METRICS_TIMEOUT_MS },
          signal,
        )
  const gates = [...analyzed.gates, ...asked]
  const analysis = { ...analyzed, gates, verdict: worst(analyzed.verdict, asked) }
  context.emit({ type: 'analyzed', analysis })
  return analysis
}

/** Throws unless the analysis passed: exit 3 for a fail, 4 for an inconclusive one. */
export function requireSound(
  { verdict, gates, ...analysis }: Analysis,
  stage: Stage,
  details: { state: string; nextSteps: string[] },
): void {
  if (verdict === 'pass') return
  const reasons = gates
    .filter((gate) => gate.verdict === verdict)
    .map(({ name, reason }) => `${name}: ${reason}`)
  const said = verdict === 'fail' ? 'The canary failed the analysis' : 'The analysis was inconclusive'
  throw new CanaryError(
    verdict === 'fail' ? 'failed' : 'inconclusive',
    `${said} in the stage "${describeStage(stage)}": ${reasons.join('; ') || 'too little was seen'}.`,
    { ...details, evidence: { analysis: { verdict, gates, ...analysis } } },
  )
}

/** The stage, if requests reach both versions. Throws ConflictError otherwise. */
export function requireBothVersions(
  place: Required<AppPlace>,
  stage: Stage,
): { primary: string; canary: string; headers: Record<string, string> } {
  if (hasCanary(stage) && weightOf(stage) < 100) return stage
  const why = hasCanary(stage) ? 'no request reaches the primary any more' : 'no request reaches a canary'
  throw new ConflictError(`Nothing to analyze: ${place.app} is ${describeStage(stage)}, ${why}.`, {
    state: 'Nothing was changed.',
    nextSteps: hasCanary(stage)
      ? [commented(canaryCommand(['shift', place.app, 50], place), 'gives both versions a share')]
      : [
          commented(
            canaryCommand(['start', place.app, 'VERSION'], place),
            'deploys a canary for canary requests only',
          ),
        ],
  })
}

function worst(verdict: Verdict, gates: AnalysisGate[]): Verdict {
  const verdicts = [verdict, ...gates.map((gate) => gate.verdict)]
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}
