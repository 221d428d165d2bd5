import { canaryCommand, commented, helmCommand, kubectlCommand } from '../../../model/command-line.js'
import type { ChartSource, Releases } from '../../../cluster/ports/releases.js'
import { describeStage } from '../../../model/describe-stage.js'
import { ConflictError, ExternalError } from '../../../model/errors.js'
import type { Step } from '../../../model/plan.js'
import type { Revision } from '../../../model/release.js'
import type { Stage } from '../../../model/stage.js'
import type { JsonObject } from '../../../model/values.js'
import { type Coming, comingWith, foreignObjects } from '../../../rollout/plan/safety/objects.js'
import { changedPodTemplates } from '../../../rollout/plan/safety/safety.js'
import { ROUTING_KINDS } from '../../../routing/select.js'
import { objectName } from '../../../rollout/stage/version.js'
import { differences } from './apply-step.js'
import type { OperationContext } from '../../context.js'
import { parseManifest } from '../../observe/manifest.js'
import { requireOwnObjects } from '../../ownership/own-objects.js'
import { requireRecordFits } from '../record-size.js'

/** A step about to run, for the checks before it. */
export interface GuardedStep {
  app: string
  namespace: string
  step: Step
  stage: Stage
  revision?: Revision
  chart: ChartSource
}

const LOOK_EVERY_MS = 500

/** Safety rule 6: a version whose share rises needs its pods ready; routing back needs one ready pod. */
export async function requireReady(
  context: OperationContext,
  { app, namespace, step }: GuardedStep,
  stop: AbortSignal[],
): Promise<void> {
  const { cluster, clock, podTimeoutMs, emit } = context
  if (step.readyBefore.length === 0) return
  if (step.name !== 'route-back') {
    return cluster.waitForPods(app, namespace, step.readyBefore, podTimeoutMs, (progress) =>
      emit({ type: 'pods', progress }),
    )
  }
  const deadline = clock.now() + podTimeoutMs
  for (;;) {
    const pods = await cluster.versionPods(app, namespace)
    const missing = step.readyBefore.filter(
      (version) => !pods.some((entry) => entry.version === version && entry.ready > 0),
    )
    if (missing.length === 0 || stop.some(({ aborted }) => aborted)) return
    const waited = pods.filter(({ version }) => missing.includes(version))
    emit({ type: 'pods', progress: waited })
    if (
      clock.now() >= deadline ||
      waited.length < missing.length ||
      waited.some(({ wanted }) => wanted === 0)
    ) {
      throw new ExternalError(`No pod of ${missing.join(', ')} is ready: requests cannot be routed to it.`, {
        nextSteps: [
          kubectlCommand(['get', 'pods', '-l', `app=${app},version=${missing[0]}`], namespace),
          kubectlCommand(
            ['rollout', 'restart', 'deployment', '-l', `app.kubernetes.io/version=${missing[0]}`],
            namespace,
          ),
        ],
        evidence: { pods },
      })
    }
    await clock.sleep(LOOK_EVERY_MS, ...stop)
  }
}

/** Waits until a version has `count` ready pods. Throws ExternalError on timeout. */
export async function requireCount(
  { cluster, clock, podTimeoutMs, emit }: OperationContext,
  { app, namespace, step }: GuardedStep,
  stop: AbortSignal[],
): Promise<void> {
  const { leastReady } = step
  if (!leastReady) return
  const { version, count } = leastReady
  const deadline = clock.now() + podTimeoutMs
  for (;;) {
    const pods = (await cluster.versionPods(app, namespace)).filter((entry) => entry.version === version)
    const ready = pods.reduce((sum, entry) => sum + entry.ready, 0)
    if (ready >= count || stop.some(({ aborted }) => aborted)) return
    emit({
      type: 'pods',
      progress: pods.map((entry) => ({ ...entry, wanted: Math.max(entry.wanted, count) })),
    })
    if (clock.now() >= deadline) {
      throw new ExternalError(`Only ${ready} of ${count} required pods of ${version} are ready.`, {
        nextSteps: [
          kubectlCommand(['get', 'pods,hpa', '-l', `app=${app}`], namespace),
          kubectlCommand(
            ['describe', 'deployment', pods[0]?.deployment ?? objectName(app, version)],
            namespace,
          ),
        ],
        evidence: { pods },
      })
    }
    await clock.sleep(LOOK_EVERY_MS, ...stop)
  }
}

/**
 * Safety rules 5 and 9, as rendered: pod templates of serving versions stay the same unless their restart was
 * announced, and only objects of the release are added, removed or changed. Resolves with the step's manifest.
 */
export async function compareObjects(context: OperationContext, guarded: GuardedStep): Promise<string> {
  const { app, namespace, chart, step } = guarded
  const rendered = await context.cluster.render({ app, namespace, chart, values: step.values })
  await requireOwnChanges(context, foundBy(guarded), parseManifest(rendered))
  if (step.name !== 'route-back') {
    const state = `This step was not applied. ${app}: ${describeStage(guarded.stage)}.`
    requireRecordFits({ app, namespace, chart, values: step.values, manifest: rendered }, state)
  }
  return rendered
}

/**
 * Safety rule 9, after the upgrade: a template that reads the cluster (`lookup`) may render differently than before.
 * Throws ConflictError naming what Helm touched.
 */
export function requireOwnResult(guarded: GuardedStep, rendered: string, made: Revision): void {
  const { app, namespace, step } = guarded
  const found = foundBy(guarded)
  const foreignIn = (after: JsonObject[]) =>
    foreignObjects({
      app,
      namespace,
      before: found.before,
      after,
      coming: comingOf(found),
      routing: ROUTING_KINDS,
    })
  // Already checked before the upgrade: Helm leaves them alone, or they are gone.
  const known = new Set(foreignIn(parseManifest(rendered)).map(({ object }) => object))
  const foreign = foreignIn(parseManifest(made.manifest)).filter(({ object }) => !known.has(object))
  if (foreign.length === 0) return
  throw new ConflictError(`Step "${step.title}" touched objects that the chart did not render before.`, {
    state: `Helm has applied revision ${made.revision} of ${app}.`,
    details: foreign.map(({ object, why }) => `${object}: ${why}`),
    nextSteps: [
      commented(helmCommand(['get', 'manifest', app], namespace), 'what Helm applied: look at these objects'),
    ],
    evidence: { objects: foreign },
  })
}

function foundBy({ app, namespace, step, stage, revision }: GuardedStep): FoundByStep {
  const before = revision ? parseManifest(revision.manifest) : []
  return { app, namespace, step, stage, config: revision?.config, before }
}

/** An install adds everything, an upgrade of a stable app what its values define. */
function comingOf({ step, config }: FoundByStep): Coming {
  return !config || step.name === 'upgrade' ? 'all' : comingWith(config, step.values)
}

/** The values and objects before a step; neither for an install. */
export interface FoundByStep extends Pick<GuardedStep, 'app' | 'namespace' | 'step' | 'stage'> {
  config?: JsonObject
  before: JsonObject[]
}

/** Throws ConflictError if a step that renders these objects breaks safety rule 5 or 9. */
export async function requireOwnChanges(
  context: OperationContext,
  found: FoundByStep,
  after: JsonObject[],
): Promise<void> {
  const { app, namespace, step, stage, before } = found
  const state = `This step was not applied. ${app}: ${describeStage(stage)}.`
  const what = `Step "${step.title}"`
  await requireOwnObjects(context, {
    app,
    namespace,
    before,
    after,
    coming: comingOf(found),
    what,
    state,
    brings: true,
  })
  const changed = changedPodTemplates(before, after, [...step.goneAfter, ...(step.changes?.restarts ?? [])])
  if (changed.length === 0) return
  throw new ConflictError(
    `${what} would change the pods of ${changed.join(' and ')}, which serve requests.`,
    {
      state,
      nextSteps: [commented(helmCommand(['get', 'manifest', app], namespace), 'what is deployed now')],
    },
  )
}

/** Safety rule 8, before the upgrade: the newest revision is still the one that the plan starts from. */
export async function requireUnchanged(
  context: OperationContext,
  { app, namespace, step, revision }: GuardedStep,
): Promise<void> {
  const state = 'This step was not applied.'
  await requireNewest(context, { app, namespace, revision, wanted: step.values, state })
}

/**
 * Throws ConflictError, with what changed, if the release's newest revision is another; `wanted` are the values to
 * apply, `state` says what became of them.
 */
export async function requireNewest(
  { cluster }: { cluster: Releases },
  {
    app,
    namespace,
    revision,
    wanted,
    state,
  }: { app: string; namespace: string; revision?: Revision; wanted: JsonObject; state: string },
): Promise<void> {
  const [history] = await cluster.findReleases(app, namespace)
  const found = history?.newest
  if (found?.revision === revision?.revision) return
  throw new ConflictError(
    `Release ${app} was changed by somebody else: expected revision ${revision?.revision ?? 'none'}, ` +
      `found ${found ? `${found.revision} (${found.status}: ${found.description})` : 'none'}.`,
    {
      state,
      details: differences(revision?.config ?? {}, found?.config, wanted),
      nextSteps: [
        canaryCommand(['status', app], { app, namespace }),
        canaryCommand(['history', app], { app, namespace }),
      ],
      evidence: { expected: revision?.config ?? null, found: found?.config ?? null, ours: wanted },
    },
  )
}
