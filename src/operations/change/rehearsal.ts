import type { UpgradeRequest, Releases } from '../../cluster/ports/releases.js'
import { ExternalError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { JsonObject } from '../../model/values.js'
import { manifestChanges } from '../../rollout/plan/manifest-changes.js'
import { withoutHooks } from '../../rollout/plan/safety/objects.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { requireFree } from '../ownership/own-objects.js'
import { requireRecordFits } from './record-size.js'
import type { PlanToRun } from './run/plan-to-run.js'
import { requireOwnChanges } from './run/step-guards.js'

/**
 * A plan with the objects that each step changes, rendered with the real chart and values. Throws what the run would:
 * ExternalError (`usage`) for values that the chart refuses, ConflictError for a step that breaks safety rule 5 or 9.
 */
export async function rehearsed(
  context: OperationContext,
  { plan, revision, chart = revision && { record: revision.chart } }: PlanToRun,
): Promise<Plan> {
  const { app, namespace } = plan
  let found = {
    app,
    namespace,
    stage: plan.from,
    config: revision?.config,
    before: revision ? parseManifest(revision.manifest) : [],
  }
  const steps: Step[] = []
  for (const step of plan.steps) {
    if (!chart) throw new Error('an install needs a chart')
    const request = { app, namespace, chart, values: step.values }
    const manifest = await renderedUnchanged(context, request)
    const after = parseManifest(manifest)
    await requireOwnChanges(context, { ...found, step }, after)
    if (step.name !== 'route-back') requireRecordFits({ ...request, manifest }, 'Nothing was changed.')
    const objects = manifestChanges(found.before, after)
    steps.push(step.changes ? step : { ...step, changes: { objects, restarts: [] } })
    found = { ...found, stage: step.to, config: step.values, before: withoutHooks(after) }
  }
  return { ...plan, steps }
}

/** Throws ConflictError if an install would create objects that exist already, before any check of routes. */
export async function requireNothingThere(
  context: OperationContext,
  { plan, revision, chart }: PlanToRun,
): Promise<void> {
  const { app, namespace, steps } = plan
  const [step] = steps
  if (revision || !chart || !step) return
  const after = await renderUnchanged(context, { app, namespace, chart, values: step.values })
  const [what, state] = [`Step "${step.title}"`, 'Nothing was changed.']
  await requireFree(context, { app, namespace, before: [], after, coming: 'all', what, state })
}

/** Renders a chart's objects before anything is changed; errors state that. */
export async function renderUnchanged(
  context: OperationContext,
  request: Omit<UpgradeRequest, 'description'>,
): Promise<JsonObject[]> {
  return parseManifest(await renderedUnchanged(context, request))
}

async function renderedUnchanged(
  { cluster }: { cluster: Releases },
  request: Omit<UpgradeRequest, 'description'>,
): Promise<string> {
  try {
    return await cluster.render(request)
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error
    const { message, command, code, stderr, details, nextSteps } = error
    const outcome = error.outcome === 'usage' ? 'usage' : 'external'
    const state = 'Nothing was changed.'
    const known = { outcome, command, code, stderr, details, nextSteps, state } as const
    throw new ExternalError(message, { ...known, cause: error })
  }
}
