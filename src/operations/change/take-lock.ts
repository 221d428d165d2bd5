import type { LockHolder } from '../../model/results/runs.js'
import type { AppLock, Locks } from '../../cluster/ports/locks.js'
import { CanaryError } from '../../model/errors.js'
import type { AppRequest, OperationContext } from '../context.js'

/** Who takes the lock, for which command. */
export interface Taking {
  /** The command as typed, without `canary`. */
  command: string
  /** `abort`: asks another operator to stop. */
  isAbort?: boolean
  /** `--break-lock`: takes the lock from a live holder at once. */
  breaks?: boolean
}

/** Outcomes that do not depend on the app's state: valid whoever holds the lock. */
const NOT_FOUND_IN_THE_APP = ['usage', 'bug', 'busy', 'interrupted', 'terminated']
const LOOK_EVERY_MS = 200

/**
 * Takes the app's lock; if the previous holder died, waits for the helm it left. Throws CanaryError `busy` if another
 * operator holds it longer than `--wait-for-lock`.
 */
export async function takeLock(
  context: OperationContext,
  { app, namespace }: Required<AppRequest>,
  { command, isAbort, breaks }: Taking,
): Promise<AppLock> {
  const lock = await context.cluster.lock({
    app,
    namespace,
    command,
    who: context.operator,
    runId: context.run?.id,
    signal: context.signal,
    waitMs: context.waitForLockMs,
    preempt: isAbort === true,
    breaks,
    waiting: (holder) =>
      context.emit({
        type: 'note',
        message: isAbort
          ? `${describeHolder(holder)}: asked to stop before its next upgrade`
          : `waiting: ${describeHolder(holder)}`,
      }),
  })
  if (lock.brokenFrom) {
    const message = `The lock on ${app} was broken: ${describeHolder(lock.brokenFrom)}. Their helm may still be running.`
    context.emit({ type: 'warning', message })
  }
  if (lock.unavailable) {
    context.emit({
      type: 'warning',
      message: `${lock.unavailable} Only the revision check guards against concurrent changes.`,
    })
  }
  if (lock.tookOverFromDead) await helmEnded(context, app, namespace)
  if (context.signal.aborted) {
    await lock.release()
    throw new CanaryError(context.signal.reason === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
      state: 'Nothing was changed.',
    })
  }
  return lock
}

/**
 * Looks at the app. A finding while another operator holds it is not reported: waits for that operator (or throws
 * CanaryError `busy`) and looks again under the lock. `where` is called after the look failed.
 */
export async function lookPastOthers<T>(
  context: OperationContext,
  where: () => Required<AppRequest>,
  command: string,
  look: () => Promise<T>,
): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (!isFinding(error) || !(await isHeld(context, where()))) throw error
    const lock = await takeLock(context, where(), { command })
    try {
      return await look()
    } finally {
      await lock.release()
    }
  }
}

/** Waits for an operator who holds the app; resolves with whether there was one. Throws CanaryError `busy`. */
export async function waitForOthers(
  context: OperationContext,
  held: Required<AppRequest>,
  command: string,
): Promise<boolean> {
  if (!(await isHeld(context, held))) return false
  await (await takeLock(context, held, { command })).release()
  return true
}

/** Whether an error is about the app's state rather than the command line. */
export function isFinding(error: unknown): boolean {
  return error instanceof CanaryError && !NOT_FOUND_IN_THE_APP.includes(error.outcome)
}

/** Whether a Lease names a holder. Only taking the lock shows whether the holder is alive. */
export async function isHeld(
  { cluster }: { cluster: Locks },
  { app, namespace }: Required<AppRequest>,
): Promise<boolean> {
  return (await cluster.lockHolder(app, namespace).catch(() => undefined)) !== undefined
}

/** A dry run takes no lock; it reports who holds the app. */
export async function noteHolder(context: OperationContext, held: Required<AppRequest>): Promise<void> {
  const text = await holderText(context, held)
  if (text !== undefined) {
    context.emit({ type: 'note', message: `${text}: this plan starts from the stage in between` })
  }
}

/** The app's live holder, as far as known at once: `ann@host runs "canary shift echo 50" since …`. */
export async function holderText(
  { cluster }: { cluster: Locks },
  { app, namespace }: Required<AppRequest>,
): Promise<string | undefined> {
  const holder = await cluster.lockHolder(app, namespace)
  return holder && !holder.isDead ? describeHolder(holder) : undefined
}

function describeHolder({ who, command, since }: LockHolder): string {
  return `${who} runs "canary ${command}" since ${since}`
}

/** The helm of a killed canary runs on: it may not even have created its revision yet. */
async function helmEnded(context: OperationContext, app: string, namespace: string): Promise<void> {
  const { cluster, clock, podTimeoutMs, signal, emit } = context
  const deadline = clock.now() + podTimeoutMs
  for (let reported = false; !signal.aborted && clock.now() < deadline; reported = true) {
    if (!(await cluster.helmRuns(app, namespace))) return
    if (!reported) emit({ type: 'note', message: 'waiting for the helm of a killed canary' })
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
}
