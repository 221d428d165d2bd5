import type { OperationResult } from '../../model/results/change.js'
import type { VersionPods } from '../../model/events/events.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import { isTransient, UnfinishedError } from './run/apply-step.js'
import type { AppRequest, OperationContext } from '../context.js'
import { observe, type Observation, unfinishedRevision } from '../observe/observe.js'
import { holdingsOf, warnOfNeighbours } from '../ownership/holdings.js'
import { removeOrphans } from '../ownership/orphans.js'
import { agreeToRecover, recover } from './recover.js'
import type { PlanToRun } from './run/plan-to-run.js'
import { runPlan } from './run/run-plan.js'
import { requireNoDrift } from '../drift/require-no-drift.js'
import { isFinding, isHeld, noteHolder, takeLock } from './take-lock.js'

/** What an operation changes, and how it is allowed to. */
export interface Change {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /**
   * The plan for the app as found; throws if there is none. Called twice, before the lock and under it, and again after a
   * recovery: a plan made of what was seen before the lock may no longer be right. `recovered` in a change that recovered
   * the release first.
   */
  plan: (found: Observation, recovered: boolean) => Promise<PlanToRun>
  /** `abort` always proceeds: it recovers without asking, stops another operator, and overwrites drift. */
  isAbort?: boolean
  /** Takes the lock from a live holder at once (`abort --break-lock`). */
  breaks?: boolean
  /** Whether to remove orphans at the end (`abort`, `finish`). */
  removesOrphans?: boolean
  /** Whether the release may have another chart than canary's (`import`). */
  anyChart?: boolean
  /** Asks for confirmation of the plan; throws on a no. */
  agree?: (run: PlanToRun, orphans: VersionPods[]) => Promise<void>
}

/** How often a change restarts after helm failed halfway, if recovery was agreed to. */
const MOST_ROUNDS = 5
/** Delay before a restart, milliseconds, multiplied by the number of rounds so far. */
const ROUND_PAUSE_MS = 500

/**
 * Observes the release, takes the lock, plans again and runs the plan: what runs is planned while nobody else can
 * change the app. A dry run and a target already reached take no lock and change nothing. Throws CanaryError `busy` if
 * another operator holds the app, ConflictError if the release is unfinished and nobody agreed to recover it.
 */
export async function changeApp(
  context: OperationContext,
  request: AppRequest,
  change: Change,
): Promise<OperationResult> {
  const found = await observe(context, request, change)
  const held = { app: request.app, namespace: found.namespace ?? request.app }
  if (context.dryRun) await noteHolder(context, held)
  const first = await firstLook(context, held, found, change)
  if ('result' in first) return first.result
  const lock = await takeLock(context, held, change)
  try {
    return await changeHeld({ ...context, takeOver: first.takeOver }, held, change, lock, first)
  } finally {
    await lock.release()
  }
}

/** The outcome of the look before the lock: done, or what was agreed to. */
type FirstLook =
  | { result: OperationResult }
  | {
      takeOver: boolean
      /** Whether the plan was shown and agreed to; otherwise that follows under the lock. */
      agreed: boolean
      /** Whether recovery was agreed to: no further question. */
      recovers: boolean
    }

/**
 * Plans before the lock, so that a command with nothing to do, or one that is refused, takes no lock. While another
 * operator holds the app its state is transitional: findings do not count, and the command proceeds to the lock.
 */
async function firstLook(
  context: OperationContext,
  held: Required<AppRequest>,
  found: Observation,
  change: Change,
): Promise<FirstLook> {
  const holdings = await holdingsOf(context, found)
  warnOfNeighbours(context, found.app, holdings)
  const orphans = change.removesOrphans ? holdings.orphans : []
  const unfinished = unfinishedRevision(found.history ?? {})
  const isBusy = () => !context.dryRun && isHeld(context, held)
  const recovers = context.recover || change.isAbort === true
  const firstLook: FirstLook = { takeOver: context.takeOver, agreed: false, recovers }
  if (unfinished) {
    if (!change.isAbort || context.dryRun) {
      if (await isBusy()) return firstLook
      await agreeToRecover(context, found, unfinished, change.command)
    }
    return { takeOver: context.takeOver, agreed: true, recovers: true }
  }
  let run: PlanToRun
  let touches: boolean
  let { takeOver } = context
  try {
    run = await change.plan(found, false)
    touches = run.plan.steps.length > 0 || takeOver
    if (touches) ({ takeOver } = await withoutDrift(context, found, change))
  } catch (error) {
    if (isFinding(error) && (await isBusy())) return firstLook
    throw error
  }
  if (!touches && orphans.length === 0)
    return (await isBusy()) ? firstLook : { result: await runPlan(context, run) }
  if (context.dryRun) return { result: await runPlan(context, run) }
  await change.agree?.(run, orphans)
  return { takeOver, agreed: true, recovers }
}

async function changeHeld(
  context: OperationContext,
  request: Required<AppRequest>,
  change: Change,
  lock: AppLock,
  { recovers, agreed }: { recovers: boolean; agreed: boolean },
): Promise<OperationResult> {
  // Kept over all rounds: a rollback that succeeded although helm failed leaves no trace for the next round.
  let recovered = false
  let isAgreed = agreed
  for (let round = 1; ; round += 1) {
    try {
      let found = await observe(context, request, change)
      const unfinished = unfinishedRevision(found.history ?? {})
      if (unfinished) {
        if (!recovers) await agreeToRecover(context, found, unfinished, change.command)
        recovered = true
        found = await recover(context, found, {
          lock,
          command: change.command,
          towardsPrimary: change.isAbort === true,
          anyChart: change.anyChart,
        })
      }
      const run = await change.plan(found, recovered)
      const touches = run.plan.steps.length > 0 || context.takeOver
      const { takeOver } = touches ? await withoutDrift(context, found, change, lock) : run
      if (!isAgreed) {
        const orphans = change.removesOrphans ? (await holdingsOf(context, found)).orphans : []
        if (touches || orphans.length > 0) await change.agree?.(run, orphans)
        isAgreed = true
      }
      const verifyFirst = run.verifyFirst === true || recovered
      const held = { ...run, takeOver: run.takeOver || takeOver, verifyFirst }
      const result = await runPlan(context, held, lock)
      if (change.removesOrphans) await removeOrphans(context, request, lock)
      return result
    } catch (error) {
      const again = recovers && round < MOST_ROUNDS && !context.signal.aborted && !lock.lost.aborted
      if (!again || !(error instanceof UnfinishedError) || !isTransient(error)) throw error
      context.emit({ type: 'warning', message: `${error.message} Recovering, then once more.` })
      await context.clock.sleep(ROUND_PAUSE_MS * round, context.signal, lock.lost)
    }
  }
}

/** Whether drift is to be overwritten; throws if there is drift and nobody agreed. */
async function withoutDrift(
  context: OperationContext,
  { app, namespace, deployed }: Observation,
  { command, isAbort }: Change,
  lock?: AppLock,
): Promise<{ takeOver: boolean }> {
  if (!namespace || !deployed) return { takeOver: context.takeOver }
  return requireNoDrift(context, { app, namespace, deployed }, { command, isAbort, lock })
}
