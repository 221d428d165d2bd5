import { commandText } from '../../model/command-text.js'
import { canaryCommand, commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import { providerOf } from '../observe/provider.js'
import { stepCommand } from '../change/step-command.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { IdleProof, UninstallResult } from '../../model/results/uninstall.js'
import type { JsonObject } from '../../model/values.js'
import { describeStep } from '../../rollout/history/description.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import { lacksRoutes } from '../../rollout/stage/stage-in-values.js'
import { applyStep } from '../change/apply-step.js'
import type { AppRequest, OperationContext } from '../context.js'
import { observe, type Observation, unfinishedRevision } from '../observe/observe.js'
import { StageVerifier } from '../verification/verify-stage.js'
import { agreeToRecover, recover } from '../change/recover.js'
import { requireNewest } from '../change/step-guards.js'
import { lookPastOthers, noteHolder, takeLock } from '../change/take-lock.js'
import { Idle, pathsToProbe } from './idle.js'
import { findRemoval, type ToRemove } from './removal.js'
import { routesRemoved } from './routes-removed.js'

export interface UninstallRequest extends AppRequest {
  /** How long no request may reach the app before anything is removed, milliseconds. */
  idleMs: number
  /** Reason to remove it without a proof. */
  unverified?: string
}

/** The app and what would be removed with it. */
interface Found {
  app: string
  namespace: string
  stage: Stage
  /** The last deployed revision; the newest if none was ever deployed. */
  revision: Revision
  wasDeployed: boolean
  removal: ToRemove
}

/**
 * any → absent: verifies that the app gets no requests, removes its routes, verifies that no request can reach it, and
 * removes its release, pods and Lease. Done if there is no release. Throws CanaryError `failed` if requests reach it,
 * `inconclusive` if that is unknown, ConflictError if its manifest names an object of another owner.
 */
export async function uninstall(
  context: OperationContext,
  request: UninstallRequest,
): Promise<UninstallResult> {
  const { app } = request
  const command = commandText.uninstall(request)
  let held = { app, namespace: request.namespace ?? app }
  const look = async () => {
    const observation = await observe(context, request)
    held = { app, namespace: observation.namespace ?? app }
    await requireFinished(context, observation, command)
    return find(context, observation)
  }
  const found = await lookPastOthers(context, () => held, command, look)
  if (!found) return absent(context, held)
  if (request.unverified === undefined) requireProvable(context, found)
  if (context.dryRun) {
    await noteHolder(context, held)
    const values = found.wasDeployed ? await routesRemoved(context, found.revision) : undefined
    return resultOf(context, request, found, { hasRouteStep: values !== undefined })
  }
  await agree(context, found)
  const lock = await takeLock(context, held, { command })
  let isGone = false
  try {
    const now = await find(context, await recovered(context, held, lock))
    if (!now) return absent(context, held)
    const result = await new Uninstalling(context, request, now, lock).run()
    isGone = true
    return result
  } finally {
    if (!isGone) await lock.release()
    else if (!(await lock.remove())) {
      const message = `The Lease canary-${app} in namespace ${held.namespace} could not be deleted; nobody holds it.`
      context.emit({ type: 'warning', message })
    }
  }
}

/** Recovers an unfinished revision first: Helm would forget objects that only the deployed one has. */
async function requireFinished(
  context: OperationContext,
  observation: Observation,
  command: string,
): Promise<void> {
  const unfinished = observation.deployed && unfinishedRevision(observation.history ?? {})
  if (unfinished) await agreeToRecover(context, observation, unfinished, command)
}

async function recovered(
  context: OperationContext,
  held: Required<AppRequest>,
  lock: AppLock,
): Promise<Observation> {
  const found = await observe(context, held)
  if (!found.deployed || !unfinishedRevision(found.history ?? {})) return found
  return recover(context, found, { lock, command: commandText.uninstall(held), towardsPrimary: true })
}

/** The release and what would be removed with it; undefined if there is none. */
async function find(
  context: OperationContext,
  { app, namespace = app, stage, deployed, history }: Observation,
): Promise<Found | undefined> {
  const revision = deployed ?? history?.newest
  if (!revision || revision.status === 'uninstalled') return undefined
  const removal = await findRemoval(context, { app, namespace, revision })
  return { app, namespace, stage, revision, wasDeployed: deployed !== undefined, removal }
}

/** Throws UsageError for probes that could not be sent, before anything is touched. */
function requireProvable(context: OperationContext, { app, stage, revision }: Found): void {
  const values = effectiveValues(revision.chart.values, revision.config)
  new StageVerifier(context, [], context.routing.of(values)).check(app, values, pathsToProbe(app, stage))
}

async function agree(context: OperationContext, found: Found): Promise<void> {
  if (!context.confirm) return
  const { app, namespace, removal } = found
  const names =
    removal.objects.map(({ kind, name }) => `${kind} ${name}`).join(', ') || 'nothing but its record'
  const question = `Uninstall ${app} (${standsAs(found)})? Removed from namespace ${namespace}: ${names}.`
  if (await context.confirm(question)) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: `Nothing was changed: ${app} is ${standsAs(found)}.`,
    nextSteps: [
      commented(canaryCommand(['uninstall', app, '--yes'], { app, namespace }), 'without the question'),
    ],
  })
}

function standsAs({ stage, revision, wasDeployed }: Found): string {
  return wasDeployed
    ? describeStage(stage)
    : `never deployed: revision ${revision.revision} is ${revision.status}`
}

const REPEAT = 'the same command again    (continues from here)'

/** One uninstall, under the app's lock. */
class Uninstalling {
  /** The newest revision; newer than that of `found` once the routes are removed. */
  private revision: Revision
  private readonly stop: AbortSignal[]

  constructor(
    private readonly context: OperationContext,
    private readonly request: UninstallRequest,
    private readonly found: Found,
    private readonly lock: AppLock,
  ) {
    this.revision = found.revision
    this.stop = [context.signal, lock.lost]
  }

  async run(): Promise<UninstallResult> {
    const { context, request, found } = this
    const { app, stage } = found
    context.emit({
      type: 'observed',
      app,
      namespace: found.namespace,
      stage,
      revision: this.revision.revision,
    })
    const values = found.wasDeployed ? await routesRemoved(context, found.revision) : undefined
    let proof: IdleProof | undefined
    if (request.unverified !== undefined) {
      context.emit({
        type: 'warning',
        message: `not verified, as requested: that nobody sends ${app} requests`,
      })
      if (values) await this.removeRoutes(values)
    } else {
      proof = await this.prove(values)
    }
    await this.remove()
    return resultOf(context, request, found, { hasRouteStep: values !== undefined, proof })
  }

  /** Watches users' requests, removes the routes, and probes for any other route to the app. */
  private async prove(values: JsonObject | undefined): Promise<IdleProof | undefined> {
    const { context, found, request, stop } = this
    const { app, namespace, removal, stage } = found
    const provider = providerOf(context, found.revision)
    const { backend } = provider.description.texts
    if (!removal.objects.some(({ kind }) => kind === backend)) {
      context.emit({ type: 'note', message: `no requests reach ${app}: it has no ${backend}` })
      if (values) await this.removeRoutes(values)
      return undefined
    }
    const failedState = () => this.failedState()
    const idle = await Idle.open(context, provider, {
      app,
      namespace,
      idleMs: request.idleMs,
      stop,
      failedState,
    })
    const stageVerifier = new StageVerifier(context, [], provider)
    try {
      const watched = await idle.watch()
      this.stopIfAsked()
      if (values) await this.removeRoutes(values)
      else if (found.wasDeployed && !lacksRoutes(found.revision.config)) {
        const message = `the chart of ${app} cannot remove its routes separately: they go with the release`
        context.emit({ type: 'note', message })
        return watched
      }
      if (!found.wasDeployed) return watched
      const probes = await idle.unreachable(stageVerifier, found.revision, stage)
      context.emit({
        type: 'note',
        message: `no request reaches ${app}: none of ${probes} probes was answered by its ${backend}`,
      })
      return { ...watched, probes }
    } catch (error) {
      this.stopIfAsked(error)
      throw error
    } finally {
      await Promise.all([stageVerifier.close(), idle.close()])
    }
  }

  private async removeRoutes(values: JsonObject): Promise<void> {
    const { context, request, found, lock } = this
    const { app, namespace, revision } = found
    await this.requireUnchanged()
    const started = context.clock.now()
    this.revision = await applyStep(
      context,
      lock,
      {
        app,
        namespace,
        chart: { record: revision.chart },
        values,
        description: routeDescription(context, request),
        takeOver: true,
      },
      revision,
    )
    const seconds = ((context.clock.now() - started) / 1000).toFixed(1)
    context.emit({
      type: 'note',
      message: `helm upgrade: revision ${this.revision.revision}, without routes (${seconds} s)`,
    })
    this.stopIfAsked()
  }

  private async remove(): Promise<void> {
    const { context, found, lock } = this
    const { cluster, emit, podTimeoutMs } = context
    const { app, namespace, removal } = found
    this.stopIfAsked()
    await this.requireUnchanged()
    await lock.confirm()
    try {
      await cluster.uninstall(app, namespace)
      emit({
        type: 'note',
        message: helmCommand(['uninstall:', app, 'is', 'gone', 'from', 'namespace', namespace]),
      })
      for (const { deployment, version } of removal.orphans) {
        emit({ type: 'note', message: `removing Deployment ${deployment} (${version}): no values name it` })
        await cluster.removeDeployment(deployment, { app, namespace })
      }
      const started = context.clock.now()
      await cluster.waitForPodsGone(app, namespace, removal.versions, podTimeoutMs)
      if (removal.versions.length > 0)
        emit({ type: 'pods-gone', versions: removal.versions, elapsedMs: context.clock.now() - started })
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error
      throw new ExternalError(error.message, {
        command: error.command,
        code: error.code,
        stderr: error.stderr,
        details: error.details,
        state: `Removing ${app} is incomplete.`,
        nextSteps: [
          ...error.nextSteps,
          REPEAT,
          commented(kubectlCommand(['get', 'all', '-l', `app=${app}`], namespace), 'what is left'),
        ],
        cause: error,
      })
    }
  }

  private async requireUnchanged(): Promise<void> {
    const { context, found } = this
    const { app, namespace } = found
    const { state } = this.failedState()
    await requireNewest(context, { app, namespace, revision: this.revision, wanted: {}, state })
  }

  private stopIfAsked(cause?: unknown): void {
    const { context, lock } = this
    const { state, nextSteps } = this.failedState()
    if (lock.lost.aborted) throw lock.lost.reason as Error
    if (!context.signal.aborted) return
    const outcome = context.signal.reason === 'SIGINT' ? 'interrupted' : 'terminated'
    throw new CanaryError(outcome, 'Interrupted.', {
      state,
      nextSteps: [...new Set([REPEAT, ...nextSteps])],
      cause,
    })
  }

  private failedState(): { state: string; nextSteps: string[] } {
    const { found, revision } = this
    const { app, namespace } = found
    const unverified = commented(
      canaryCommand(['uninstall', app, '--unverified', 'REASON'], { app, namespace }),
      'removes it without a verification',
    )
    if (revision.revision === found.revision.revision) {
      return {
        state: `Nothing was changed: ${app} is ${standsAs(found)}.`,
        nextSteps: [canaryCommand(['status', app], { app, namespace }), unverified],
      }
    }
    return {
      state: `Revision ${revision.revision} of ${app} has no routes; its pods still run.`,
      nextSteps: [
        REPEAT,
        commented(helmCommand(['rollback', app, found.revision.revision], namespace), 'restores the routes'),
        unverified,
      ],
    }
  }
}

/** The result without a release. */
function absent(
  { dryRun, emit }: OperationContext,
  { app, namespace }: Required<AppRequest>,
): UninstallResult {
  emit({ type: 'observed', app, namespace, stage: { name: 'absent' } })
  return {
    app,
    namespace,
    dryRun,
    changed: false,
    from: { name: 'absent' },
    stage: { name: 'absent' },
    objects: [],
    stays: [],
    commands: [],
    next: [installCommand(app, namespace)],
  }
}

function resultOf(
  context: OperationContext,
  request: UninstallRequest,
  { app, namespace, stage, removal }: Found,
  { hasRouteStep, proof }: { hasRouteStep: boolean; proof?: IdleProof },
): UninstallResult {
  const { dryRun } = context
  const description = routeDescription(context, request)
  const upgrade = stepCommand({ verb: 'upgrade', app, namespace, description })
  return {
    app,
    namespace,
    dryRun,
    changed: true,
    from: stage,
    stage: dryRun ? stage : { name: 'absent' },
    objects: removal.objects,
    stays: removal.stays,
    commands: [...(hasRouteStep ? [upgrade] : []), helmCommand(['uninstall', app, '--namespace', namespace])],
    ...(proof ? { proof } : {}),
    ...(request.unverified === undefined ? {} : { unverified: request.unverified }),
    next: dryRun ? [] : [installCommand(app, namespace)],
  }
}

function installCommand(app: string, namespace: string): string {
  return canaryCommand(['install', app, 'VERSION'], { app, namespace })
}

/** Helm's description of the revision without routes. */
function routeDescription(
  { operator, run }: OperationContext,
  { app, unverified }: UninstallRequest,
): string {
  const typed = commandText.uninstall({ app })
  const command = unverified === undefined ? typed : `${typed} (unverified: ${unverified})`
  return describeStep(command, { title: 'remove the routes' }, { who: operator, run })
}
