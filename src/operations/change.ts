import type { AppLock, VersionPods } from '../cluster/cluster.js'
import { CanaryError } from '../model/errors.js'
import { isTransient, UnfinishedError } from './apply-step.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import {
  observe,
  type Observation,
  type ReleasedApp,
  requireReleased,
  unfinishedRevision,
} from './observe.js'
import { orphansOf, removeOrphans } from './orphans.js'
import { agreeToRecover, recover } from './recover.js'
import { pause } from './pause.js'
import { type PlanToRun, runPlan } from './run-plan.js'
import { requireUndisturbed } from './surroundings.js'

export interface Change {
  /** The command as typed, without `canary`: `start echo v2`. */
  command: string
  /**
   * `abort`: the way back is never in doubt. It recovers without asking, makes another operator stop, and takes over
   * what others changed by hand.
   */
  isWayBack?: boolean
  /** Whether Deployments that the values don't name are removed at the end (`abort`, `finish`). */
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
const LOOK_EVERY_MS = 200

/** Changes an app that is there: like `changeRelease`, with what is found in a stage that canary can explain. */
export function changeApp(
  context: OperationContext,
  request: AppRequest,
  change: Change | string,
  plan: (released: ReleasedApp) => PlanToRun | Promise<PlanToRun>,
): Promise<OperationResult> {
  const asked = typeof change === 'string' ? { command: change } : change
  return changeRelease(context, request, asked, (found) => plan(requireReleased(found)))
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
  const unfinished = unfinishedRevision(found.history ?? {})
  let { takeOver } = context
  if (unfinished) {
    if (!change.isWayBack || context.dryRun) await agreeToRecover(context, found, unfinished, change.command)
  } else {
    const run = await plan(found, false)
    const orphans = change.removesOrphans ? await orphansOf(context, found) : []
    const touches = run.plan.steps.length > 0 || takeOver
    if (!touches && orphans.length === 0) return runPlan(context, run)
    if (touches) ({ takeOver } = await undisturbed(context, found, change))
    if (context.dryRun) return runPlan(context, run)
    await change.agree?.(run, orphans)
  }
  const namespace = found.namespace ?? request.app
  const lock = await takeLock(context, request.app, namespace, change)
  try {
    return await changeHeld({ ...context, takeOver }, { app: request.app, namespace }, change, plan, lock, {
      // Agreed to already: by the flag, by a person, or by the nature of the command.
      recovers: unfinished !== undefined || context.recover || change.isWayBack === true,
    })
  } finally {
    await lock.release()
  }
}

async function changeHeld(
  context: OperationContext,
  request: Required<AppRequest>,
  change: Change,
  plan: (found: Observation, recovered: boolean) => PlanToRun | Promise<PlanToRun>,
  lock: AppLock,
  { recovers }: { recovers: boolean },
): Promise<OperationResult> {
  // In any round: a rollback that was done although helm failed leaves nothing for the next one to see.
  let recovered = false
  for (let round = 1; ; round += 1) {
    try {
      let found = await observe(context, request, change)
      const unfinished = unfinishedRevision(found.history ?? {})
      if (unfinished) {
        if (!recovers) await agreeToRecover(context, found, unfinished, change.command)
        recovered = true
        found = await recover(context, found, {
          lock,
          towardsPrimary: change.isWayBack === true,
          anyChart: change.anyChart,
        })
      }
      const run = await plan(found, recovered)
      const touches = run.plan.steps.length > 0 || context.takeOver
      const { takeOver } = touches ? await undisturbed(context, found, change, lock) : run
      const proveFirst = run.proveFirst === true || recovered
      const held = { ...run, takeOver: run.takeOver || takeOver, proveFirst }
      const result = await runPlan(context, held, lock)
      if (change.removesOrphans) await removeOrphans(context, request, lock)
      return result
    } catch (error) {
      const again = recovers && round < MOST_ROUNDS && !context.signal.aborted && !lock.lost.aborted
      if (!again || !(error instanceof UnfinishedError) || !isTransient(error)) throw error
      context.emit({ type: 'warning', message: `${error.message} Recovering, then once more.` })
      await pause(ROUND_PAUSE_MS * round, [context.signal, lock.lost])
    }
  }
}

/** Whether what others changed by hand is overwritten; throws where it is there and nobody said so. */
async function undisturbed(
  context: OperationContext,
  { app, namespace, deployed }: Observation,
  { command, isWayBack }: Change,
  lock?: AppLock,
): Promise<{ takeOver: boolean }> {
  if (!namespace || !deployed) return { takeOver: context.takeOver }
  return requireUndisturbed(context, { app, namespace, deployed }, { command, isWayBack, lock })
}

async function takeLock(
  context: OperationContext,
  app: string,
  namespace: string,
  { command, isWayBack }: Change,
): Promise<AppLock> {
  const lock = await context.cluster.lock({
    app,
    namespace,
    command,
    who: context.operator,
    runId: context.run?.id,
    signal: context.signal,
    waitMs: context.waitForLockMs,
    preempt: isWayBack === true,
    waiting: ({ who, command: theirs, since }) =>
      context.emit({
        type: 'note',
        message: isWayBack
          ? `${who} runs "canary ${theirs}" since ${since}: asked to stop before its next upgrade`
          : `waiting for ${who}, who runs "canary ${theirs}" since ${since}`,
      }),
  })
  if (lock.unavailable) {
    context.emit({
      type: 'warning',
      message: `${lock.unavailable} Nothing keeps two operators apart but the check of the revision.`,
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

/** The helm of a canary that was killed goes on by itself: it may not even have made its revision yet. */
async function helmEnded(context: OperationContext, app: string, namespace: string): Promise<void> {
  const { cluster, podTimeoutMs, signal, emit } = context
  const deadline = Date.now() + podTimeoutMs
  for (let told = false; !signal.aborted && Date.now() < deadline; told = true) {
    if (!(await cluster.helmRuns(app, namespace))) return
    if (!told) emit({ type: 'note', message: 'waiting for the helm of a canary that was killed' })
    await pause(LOOK_EVERY_MS, [signal])
  }
}
