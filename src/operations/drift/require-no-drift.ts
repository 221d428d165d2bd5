import type { AppLock } from '../../cluster/ports/locks.js'
import { CanaryError } from '../../model/errors.js'
import type { OperationContext } from '../context.js'
import { driftLines, driftRefusal, namespaceIsGoing } from './describe-drift.js'
import { type Deployed, readDrift, type AppDrift } from './read-drift.js'
import { restore } from './restore.js'

export interface DriftCheck {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /** `abort`: what others changed is taken over without asking, so that the way back always works. */
  isAbort?: boolean
  /** Held: what has to be as deployed before the first step is written back. */
  lock?: AppLock
}

/**
 * Sees to it that a plan starts from what was deployed: compares the cluster's objects with that. Where they differ it
 * throws ConflictError that shows each difference and who made it, unless they are to be overwritten: by `--take-over`,
 * by a person asked, or on the way back. Resolves with whether they are; a dry run only tells.
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
    if (!(await context.decide(`${refusal.message} Take over, and go on?`))) throw refusal
  }
  if (lock) {
    if (agreed) report()
    emit({ type: 'note', message: 'taking over what others changed' })
    await restore(context, released, drift, { isAbort, lock })
  }
  return { takeOver: true }
}

/** On the way back, what can't be looked at stops nobody. */
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
