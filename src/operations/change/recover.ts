import { canaryAgain, canaryCommand, commented, helmCommand } from '../../model/command-line.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError, ConflictError, ExternalError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import { rollbackTarget } from '../../rollout/history/rollback-target.js'
import { UnfinishedError } from './run/apply-step.js'
import type { OperationContext } from '../context.js'
import { leavePodsAlone } from './run/keep-pods.js'
import { readDrift } from '../drift/read-drift.js'
import { parseManifest } from '../observe/manifest.js'
import { observe, type Observation, unfinishedRevision } from '../observe/observe.js'
import { requireOwnObjects } from '../ownership/own-objects.js'
import { restore } from '../drift/restore.js'

/** How long to wait for a pending revision, milliseconds, if its helm cannot be observed. */
const GRACE_MS = 15_000
const LOOK_EVERY_MS = 500
const LONGEST_CAUSE = 160

export interface Recovery {
  lock: AppLock
  /** The command as typed, without `canary`: for `history`, since Helm accepts no description for a rollback. */
  command: string
  /** Roll back to a revision that routes everything to the primary, if the history has one: `abort` leads there anyway. */
  towardsPrimary: boolean
  /** Whether the release may have another chart than canary's. */
  anyChart?: boolean
}

/**
 * Asks whether to recover unless that is already decided. Throws ConflictError that explains the revision and names
 * `--recover`: Helm refuses to upgrade a pending revision and forgets what a failed one added, so canary builds on
 * neither.
 */
export async function agreeToRecover(
  context: OperationContext,
  observation: Observation,
  unfinished: Revision,
  command: string,
): Promise<void> {
  const { app, namespace, deployed, stage } = observation
  const what = explain(app, unfinished)
  const where = deployed
    ? `The last deployed revision is ${deployed.revision}: ${describeStage(stage)}.`
    : 'No revision was ever deployed.'
  const remedy = deployed ? `back to revision ${deployed.revision}` : 'remove the remains'
  if (context.recover && !context.dryRun) return
  if (!context.dryRun && (await context.decide?.(`${what} ${where} Recover first (${remedy})?`))) return
  throw new ConflictError(what, {
    state: where,
    nextSteps: [
      commented(canaryAgain(command, { app, namespace }, '--recover'), `${remedy}, then goes on`),
      deployed
        ? commented(
            canaryCommand(['abort', app], { app, namespace }),
            `${remedy}, then aborts to the primary`,
          )
        : commented(canaryCommand(['uninstall', app], { app, namespace }), 'only removes the remains'),
    ],
    evidence: {
      revision: unfinished.revision,
      status: unfinished.status,
      description: unfinished.description,
    },
  })
}

/**
 * Returns the release to a deployed revision: waits for a helm that still runs, else rolls back, which also removes
 * what the unfinished revision added. Without a deployed revision, uninstalls the remains. Resolves with the
 * observation afterwards.
 */
export async function recover(
  context: OperationContext,
  found: Observation,
  { lock, command, towardsPrimary, anyChart }: Recovery,
): Promise<Observation> {
  const { app } = found
  const namespace = found.namespace ?? app
  const observation = await waitForHelm(context, { ...found, namespace }, lock, anyChart)
  const unfinished = unfinishedRevision(observation.history ?? {})
  if (!unfinished) return observation
  const { deployed, history } = observation
  const { cluster, emit, takeOver } = context
  emit({ type: 'note', message: explain(app, unfinished) })
  await lock.confirm()
  const remains = (error: unknown) => stillUnfinished(context, error, namespace, unfinished)
  const left = { app, namespace, before: parseManifest(unfinished.manifest), coming: 'all' as const }
  const state = `Nothing was changed: revision ${unfinished.revision} of ${app} is ${unfinished.status}.`
  if (!deployed) {
    const what = `Uninstalling the remains of ${app}`
    await requireOwnObjects(context, { ...left, after: [], what, state, isUninstall: true })
    await cluster.uninstall(app, namespace).catch(remains)
    emit({
      type: 'note',
      message: `recovered: uninstalled the remains of revision ${unfinished.revision}`,
    })
    return observe(context, { app, namespace })
  }
  const pods = towardsPrimary ? await cluster.versionPods(app, namespace) : []
  const ready = new Set(pods.filter((entry) => entry.ready > 0).map((entry) => entry.version))
  const revision = rollbackTarget(history?.revisions ?? [], deployed, unfinished, ready)
  const target = await cluster.findRevision(app, namespace, revision)
  if (target) {
    const what = `Helm's rollback to revision ${revision}`
    await requireOwnObjects(context, { ...left, after: parseManifest(target.manifest), what, state })
    await leavePodsAlone(context, unfinished, target.manifest)
  }
  const rollback = () => cluster.rollback({ app, namespace, revision, takeOver: takeOver || towardsPrimary })
  let fromRollback = isRollback(unfinished)
  await rollback().catch(async (error: unknown) => {
    if (!lacksOriginal(error)) remains(error)
    fromRollback = true
    await lock.confirm()
    await rollback().catch(remains)
  })
  const recovered = await observe(context, { app, namespace }, { anyChart })
  const still = unfinishedRevision(recovered.history ?? {})
  if (still) return stillUnfinished(context, undefined, namespace, still)
  if (recovered.deployed) {
    const rollback = { revision: recovered.deployed.revision, command, who: context.operator }
    const at = new Date(context.clock.now()).toISOString()
    await cluster.keepRollback(app, namespace, { ...rollback, at }).catch(() => undefined)
  }
  if (fromRollback && recovered.deployed) {
    const released = { app, namespace, deployed: recovered.deployed }
    const drift = await readDrift(context, released)
    await restore(context, released, drift, { isAbort: towardsPrimary, lock })
  }
  emit({ type: 'note', message: `recovered: ${app} is ${describeStage(recovered.stage)}` })
  return recovered
}

/**
 * A rollback that failed: Helm 3 compares custom resources with the failed rollback's manifest, which equals the
 * target's, so a second rollback to the same revision would leave them unchanged.
 */
function isRollback({ status, description }: Revision): boolean {
  return status === 'pending-rollback' || description.startsWith('Rollback ')
}

/**
 * Helm 3 fails to roll back from a revision that should have removed an object but had not yet: it looks for the object
 * in that revision, not in the cluster. The failed rollback's revision names the object, so a second try works.
 */
function lacksOriginal(error: unknown): boolean {
  return error instanceof ExternalError && /no \S+ with the name ".*" found/.test(error.stderr ?? '')
}

/** Helm could not recover the release: the next try starts from its state then. */
function stillUnfinished(
  { again }: OperationContext,
  error: unknown,
  namespace: string,
  left: Revision,
): never {
  if (error !== undefined && !(error instanceof ExternalError)) throw error as Error
  const { name: app, revision, status } = left
  throw new UnfinishedError(
    `Recovery of ${app} failed: ${error?.message ?? 'helm succeeded, but the newest revision is not deployed.'}`,
    {
      command: error?.command,
      code: error?.code,
      stderr: error?.stderr,
      state: `Revision ${revision} of ${app} is ${status}.`,
      nextSteps: [
        ...(error?.nextSteps ?? []),
        commented(again, 'continues from here'),
        helmCommand(['history', app], namespace),
      ],
      cause: error,
    },
  )
}

/** Throws if the command was interrupted, or another operator took the app, before recovery began. */
function stopIfAsked({ signal, again }: OperationContext, lock: AppLock, left: Revision): void {
  if (lock.lost.aborted) throw lock.lost.reason as CanaryError
  if (!signal.aborted) return
  throw new CanaryError(signal.reason === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
    state: `Nothing was changed: revision ${left.revision} of ${left.name} is ${left.status}.`,
    nextSteps: [commented(withRecover(again), 'continues from here')],
  })
}

function withRecover(command: string): string {
  return command.split(' ').includes('--recover') ? command : `${command} --recover`
}

/** What was left behind and what it means, one sentence. */
function explain(app: string, { revision, status, description }: Revision): string {
  const cause = description ? ` (${shortened(description)})` : ''
  const meaning =
    status.startsWith('pending') || status === 'uninstalling'
      ? 'a helm command is still running, or was killed in the middle.'
      : 'what it added may still be there, and no later upgrade would remove it.'
  return `Revision ${revision} of ${app} is ${status}${cause}: ${meaning}`
}

/** Helm keeps whole error texts as descriptions; `canary history` shows them in full. */
function shortened(text: string): string {
  return text.length <= LONGEST_CAUSE ? text : `${text.slice(0, LONGEST_CAUSE - 1)}…`
}

/**
 * While a revision is pending its helm may still run: waits for it, or for a grace period if it cannot be observed,
 * since two concurrent helms would undo each other.
 */
async function waitForHelm(
  context: OperationContext,
  found: Observation & { namespace: string },
  lock: AppLock,
  anyChart?: boolean,
): Promise<Observation> {
  const { cluster, clock, emit, podTimeoutMs } = context
  const { app, namespace } = found
  const started = clock.now()
  let observation: Observation = found
  for (let reported = false; ; reported = true) {
    const unfinished = unfinishedRevision(observation.history ?? {})
    if (!unfinished || unfinished.status === 'failed') return observation
    const waited = clock.now() - started
    const runs = await cluster.helmRuns(app, namespace)
    const ended = !runs && (lock.tookOverFromDead || waited >= GRACE_MS)
    if (ended || waited >= podTimeoutMs) return observation
    if (!reported) {
      emit({
        type: 'note',
        message: `revision ${unfinished.revision} is ${unfinished.status}: waiting for a helm that may still be running`,
      })
    }
    await clock.sleep(LOOK_EVERY_MS, context.signal, lock.lost)
    stopIfAsked(context, lock, unfinished)
    observation = await observe(context, { app, namespace }, { anyChart })
  }
}
