import type { AppLock } from '../../cluster/ports/locks.js'
import { CanaryError } from '../../model/errors.js'
import type { OperationContext } from '../context.js'
import { driftLines, driftRefusal, namespaceIsGoing } from './describe-drift.js'
import { type Deployed, readDrift, type AppDrift } from './read-drift.js'
import { restore } from './restore.js'

export interface DriftCheck {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /** `abort`: overwrites drift without asking, so that it always works. */
  isAbort?: boolean
  /** With the lock, drift that the first step depends on is written back. */
  lock?: AppLock
}

/**
 * Requires that the cluster's objects match the deployed revision. Throws ConflictError with each difference and its
 * author unless they may be overwritten: by `--take-over`, by a person's yes, or for an abort. Resolves with whether
 * they are overwritten; a dry run only reports.
 */
export async function requireNoDrift(
  context: OperationContext,
  released: Deployed,
  { command, isAbort: isAbort = false, lock }: DriftCheck,
): Promise<{ takeOver: boolean }> {
  const { takeOver, dryRun, emit } = context
  const drift = await look(context, released, isAbort)
  if (!drift) return { takeOver: isAbort || takeOver }
  if (drift.namespaceIsGoing) throw namespaceIsGoing(released)
  const lines = driftLines(drift)
  if (lines.length === 0) return { takeOver }
  const agreed = takeOver || isAbort
  const report = () => lines.forEach((line) => emit({ type: 'warning', message: line }))
  if (dryRun) {
    report()
    return { takeOver }
  }
  if (!agreed) {
    const refusal = driftRefusal(released, drift, command)
    if (!context.decide) throw refusal
    report()
    if (!(await context.decide(`${refusal.message} Overwrite these changes and continue?`))) throw refusal
  }
  if (lock) {
    if (agreed) report()
    emit({ type: 'note', message: 'overwriting drift' })
    await restore(context, released, drift, { isAbort, lock })
  }
  return { takeOver: true }
}

/** Reads the drift; an abort continues if that fails. */
async function look(
  context: OperationContext,
  released: Deployed,
  isAbort: boolean,
): Promise<AppDrift | undefined> {
  try {
    return await readDrift(context, released)
  } catch (error) {
    if (!isAbort || !(error instanceof CanaryError)) throw error
    const message = `${error.message} Whether somebody changed ${released.app} by hand is not known.`
    context.emit({ type: 'warning', message })
    return undefined
  }
}
