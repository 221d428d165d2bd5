import type { OperationResult } from '../../model/results/change.js'
import type { VersionPods } from '../../model/events.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import { isTransient, UnfinishedError } from './apply-step.js'
import type { AppRequest, OperationContext } from '../context.js'
import {
  observe,
  type Observation,
  type ReleasedApp,
  requireReleased,
  unfinishedRevision,
} from '../observe/observe.js'
import { holdingsOf, warnOfNeighbours } from '../ownership/holdings.js'
import { removeOrphans } from '../ownership/orphans.js'
import { agreeToRecover, recover } from './recover.js'
import { type PlanToRun, runPlan } from './run-plan.js'
import { requireNoDrift } from '../drift/require-no-drift.js'
import { isFinding, isHeld, noteHolder, takeLock } from './take-lock.js'

export interface Change {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /**
   * `abort`: the way back is never in doubt. It recovers without asking, makes another operator stop, and takes over
   * what others changed by hand.
   */
  isAbort?: boolean
  /** Takes the app from a holder who lives, at once (`abort --break-lock`). */
  breaks?: boolean
  /** Whether Deployments that a failed helm left behind are removed at the end (`abort`, `finish`). */
  removesOrphans?: boolean
  /** Whether the release may be of another chart than canary's (`import`). */
  anyChart?: boolean
  /** Asks a person once it is known what is to be done; throws where they say no. */
  agree?: (run: PlanToRun, orphans: VersionPods[]) => Promise<void>
}

/** How often a change is begun anew after a helm that failed in the middle, where recovering was agreed to. */
const MOST_ROUNDS = 5
/** Pause before it is begun anew, times the rounds there were, milliseconds. */
const ROUND_PAUSE_MS = 500

/** Changes an app that is there: like `changeRelease`, with what is found in a stage that canary can explain. */
export function changeApp(
  context: OperationContext,
  request: AppRequest,
  change: Change,
  plan: (released: ReleasedApp) => PlanToRun | Promise<PlanToRun>,
): Promise<OperationResult> {
  return changeRelease(context, request, change, async (found) => plan(await requireReleased(context, found)))
}

/**
 * Observes the release, plans, and runs the plan as the one operator of the app: what runs is planned from what is there
 * once nobody else can change it. A dry run and a target that is reached already take no lock and change nothing.
 * Throws CanaryError `busy` where another operator holds the app, ConflictError where the release is unfinished and
 * nobody agreed to recover it.
 */
export async function changeRelease(
  context: OperationContext,
  request: AppRequest,
  change: Change,
  plan: (found: Observation, recovered: boolean) => PlanToRun | Promise<PlanToRun>,
): Promise<OperationResult> {
  const found = await observe(context, request, change)
  const held = { app: request.app, namespace: found.namespace ?? request.app }
  if (context.dryRun) await noteHolder(context, held)
  const first = await firstLook(context, held, found, change, plan)
  if ('result' in first) return first.result
  const lock = await takeLock(context, held, change)
  try {
    return await changeHeld({ ...context, takeOver: first.takeOver }, held, change, plan, lock, first)
  } finally {
    await lock.release()
  }
}

/** What is settled before the app is taken: the end, where nothing is to be changed, or what was agreed to. */
type FirstLook =
  | { result: OperationResult }
  | {
      takeOver: boolean
      /** The plan was shown and agreed to; otherwise that comes once the app is held. */
      agreed: boolean
      /** An unfinished revision may be brought back without another question. */
      recovers: boolean
    }

/**
 * Plans from what is there before the app is taken, so that a command that has nothing to do, or can't do it, takes no
 * lock. While another operator holds the app, what is there is only on its way: no finding from it counts, and the command
 * goes on to the lock.
 */
async function firstLook(
  context: OperationContext,
  held: Required<AppRequest>,
  found: Observation,
  change: Change,
  plan: (found: Observation, recovered: boolean) => PlanToRun | Promise<PlanToRun>,
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
    run = await plan(found, false)
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
  plan: (found: Observation, recovered: boolean) => PlanToRun | Promise<PlanToRun>,
  lock: AppLock,
  { recovers, agreed }: { recovers: boolean; agreed: boolean },
): Promise<OperationResult> {
  // In any round: a rollback that was done although helm failed leaves nothing for the next one to see.
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
      const run = await plan(found, recovered)
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

/** Whether what others changed by hand is overwritten; throws where it is there and nobody said so. */
async function withoutDrift(
  context: OperationContext,
  { app, namespace, deployed }: Observation,
  { command, isAbort }: Change,
  lock?: AppLock,
): Promise<{ takeOver: boolean }> {
  if (!namespace || !deployed) return { takeOver: context.takeOver }
  return requireNoDrift(context, { app, namespace, deployed }, { command, isAbort, lock })
}
