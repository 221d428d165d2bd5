import type { AppLock } from '../../cluster/port.js'
import { CanaryError } from '../../model/errors.js'
import type { OperationContext } from '../context.js'
import { disturbanceLines, disturbed, namespaceIsGoing } from './describe-drift.js'
import { type Deployed, lookAround, type Surroundings } from './read-drift.js'
import { restore } from './restore.js'

export interface Undisturbed {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /** `abort`: what others changed is taken over without asking, so that the way back always works. */
  isWayBack?: boolean
  /** Held: what has to be as deployed before the first step is written back. */
  lock?: AppLock
}

/**
 * Sees to it that a plan starts from what was deployed: compares the cluster's objects with that. Where they differ it
 * throws ConflictError that shows each difference and who made it, unless they are to be overwritten: by `--take-over`,
 * by a person asked, or on the way back. Resolves with whether they are; a dry run only tells.
 */
export async function requireUndisturbed(
  context: OperationContext,
  released: Deployed,
  { command, isWayBack = false, lock }: Undisturbed,
): Promise<{ takeOver: boolean }> {
  const { takeOver, dryRun, emit } = context
  const surroundings = await look(context, released, isWayBack)
  if (!surroundings) return { takeOver: isWayBack || takeOver }
  if (surroundings.namespaceIsGoing) throw namespaceIsGoing(released)
  const lines = disturbanceLines(surroundings)
  if (lines.length === 0) return { takeOver }
  const agreed = takeOver || isWayBack
  const tell = () => lines.forEach((line) => emit({ type: 'warning', message: line }))
  if (dryRun) {
    tell()
    return { takeOver }
  }
  if (!agreed) {
    const refusal = disturbed(released, surroundings, command)
    if (!context.decide) throw refusal
    tell()
    if (!(await context.decide(`${refusal.message} Take over, and go on?`))) throw refusal
  }
  if (lock) {
    if (agreed) tell()
    emit({ type: 'note', message: 'taking over what others changed' })
    await restore(context, released, surroundings, { isWayBack, lock })
  }
  return { takeOver: true }
}

/** On the way back, what can't be looked at stops nobody. */
async function look(
  context: OperationContext,
  released: Deployed,
  isWayBack: boolean,
): Promise<Surroundings | undefined> {
  try {
    return await lookAround(context, released)
  } catch (error) {
    if (!isWayBack || !(error instanceof CanaryError)) throw error
    const message = `${error.message} Whether somebody changed ${released.app} by hand is not known.`
    context.emit({ type: 'warning', message })
    return undefined
  }
}
