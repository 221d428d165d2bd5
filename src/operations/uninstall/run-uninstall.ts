import type { AppLock } from '../../cluster/ports/locks.js'
import { commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import type { IdleProof, UninstallResult } from '../../model/results/uninstall.js'
import type { JsonObject } from '../../model/values.js'
import { lacksRoutes } from '../../rollout/stage/stage-in-values.js'
import { applyStep } from '../change/run/apply-step.js'
import { requireNewest } from '../change/run/step-guards.js'
import type { OperationContext } from '../context.js'
import { providerOf } from '../observe/provider.js'
import { StageVerifier } from '../verification/verify-stage.js'
import { type Found, takesRequests, unchanged, withoutProof } from './found-release.js'
import { Idle } from './idle.js'
import { resultOf, routeDescription } from './result.js'
import { routesRemoved } from './routes-removed.js'
import type { UninstallRequest } from './uninstall.js'

/** One uninstall, under the app's lock. */
export class Uninstalling {
  /** The newest revision; newer than that of `found` once the routes are removed. */
  private revision: Revision
  private readonly stop: AbortSignal[]
  /** The command that continues an uninstall that stopped. */
  private readonly repeat: string

  constructor(
    private readonly context: OperationContext,
    private readonly request: UninstallRequest,
    private readonly found: Found,
    private readonly lock: AppLock,
  ) {
    this.revision = found.revision
    this.stop = [context.signal, lock.lost]
    this.repeat = commented(context.again, 'continues from here')
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
    const { app, namespace, stage } = found
    const provider = providerOf(context, found.revision)
    const { backend } = provider.description.texts
    if (!takesRequests(found, provider.description.texts)) {
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
          this.repeat,
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
      nextSteps: [...new Set([this.repeat, ...nextSteps])],
      cause,
    })
  }

  private failedState(): { state: string; nextSteps: string[] } {
    const { found, revision } = this
    const { app, namespace } = found
    if (revision.revision === found.revision.revision) return unchanged(found)
    return {
      state: `Revision ${revision.revision} of ${app} has no routes; its pods still run.`,
      nextSteps: [
        this.repeat,
        commented(helmCommand(['rollback', app, found.revision.revision], namespace), 'restores the routes'),
        withoutProof(found),
      ],
    }
  }
}
