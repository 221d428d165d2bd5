import { commandText } from '../../model/command-text.js'
import { canaryCommand, commented } from '../../model/command-line.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import { CanaryError } from '../../model/errors.js'
import type { UninstallResult } from '../../model/results/uninstall.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import type { AppRequest, OperationContext } from '../context.js'
import { type Observation, observe, unfinishedRevision } from '../observe/observe.js'
import { providerOf } from '../observe/provider.js'
import { StageVerifier } from '../verification/verify-stage.js'
import { agreeToRecover, recover } from '../change/recover.js'
import { lookPastOthers, noteHolder, takeLock } from '../change/take-lock.js'
import { pathsToProbe } from './idle.js'
import { routesRemoved } from './routes-removed.js'
import { describeFound, find, type Found } from './found-release.js'
import { requireCounters } from './require-counters.js'
import { absent, resultOf } from './result.js'
import { Uninstalling } from './run-uninstall.js'

export interface UninstallRequest extends AppRequest {
  /** How long no request may reach the app before anything is removed, milliseconds. */
  idleMs: number
  /** Reason to remove it without a proof. */
  unverified?: string
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
    if (request.unverified === undefined) await requireCounters(context, found, request.idleMs)
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

/** Throws UsageError for probes that could not be sent, before anything is touched. */
function requireProvable(context: OperationContext, { app, stage, revision }: Found): void {
  const values = effectiveValues(revision.chart.values, revision.config)
  new StageVerifier(context, [], providerOf(context, revision)).check(app, values, pathsToProbe(app, stage))
}

async function agree(context: OperationContext, found: Found): Promise<void> {
  if (!context.confirm) return
  const { app, namespace, removal } = found
  const names =
    removal.objects.map(({ kind, name }) => `${kind} ${name}`).join(', ') || 'nothing but its record'
  const question = `Uninstall ${app} (${describeFound(found)})? Removed from namespace ${namespace}: ${names}.`
  if (await context.confirm(question)) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: `Nothing was changed: ${app} is ${describeFound(found)}.`,
    nextSteps: [
      commented(canaryCommand(['uninstall', app, '--yes'], { app, namespace }), 'without the question'),
    ],
  })
}
