import type { LockHolder } from '../../model/results/runs.js'
import type { AppLock, Locks } from '../../cluster/ports/locks.js'
import { CanaryError } from '../../model/errors.js'
import type { AppRequest, OperationContext } from '../context.js'

/** Who takes an app, for what. */
export interface Taking {
  /** The command as typed, without `canary`. */
  command: string
  /** `abort`: makes another operator stop. */
  isAbort?: boolean
  /** `--break-lock`: takes it from a holder who lives, at once. */
  breaks?: boolean
}

/** How a command may end without a look at the app: these stand whoever holds it. */
const NOT_FOUND_IN_THE_APP = ['usage', 'bug', 'busy', 'interrupted', 'terminated']
const LOOK_EVERY_MS = 200

/**
 * Takes the app for one operator; where the holder before died, waits for the helm it left. Throws CanaryError `busy`
 * where another operator holds it for longer than `--wait-for-lock` allows.
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
 * Looks at the app. A finding while another operator holds it is not reported: that operator is waited for (CanaryError
 * `busy` where that is not wanted), and the look repeated while the app is held. `where` is asked after the look failed.
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

/** Whether an error says something of the app as it was found, rather than of the command line. */
export function isFinding(error: unknown): boolean {
  return error instanceof CanaryError && !NOT_FOUND_IN_THE_APP.includes(error.outcome)
}

/** Whether a Lease names a holder. Whether that one lives shows only when the app is taken: a dead one is passed over. */
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

/** Who holds the app and lives, as far as that can be told at once: `ann@host runs "canary shift echo 50" since …`. */
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

/** The helm of a canary that was killed goes on by itself: it may not even have made its revision yet. */
async function helmEnded(context: OperationContext, app: string, namespace: string): Promise<void> {
  const { cluster, clock, podTimeoutMs, signal, emit } = context
  const deadline = clock.now() + podTimeoutMs
  for (let reported = false; !signal.aborted && clock.now() < deadline; reported = true) {
    if (!(await cluster.helmRuns(app, namespace))) return
    if (!reported) emit({ type: 'note', message: 'waiting for the helm of a killed canary' })
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
}
