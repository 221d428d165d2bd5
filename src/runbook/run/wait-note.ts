import type { RunWait } from '../../model/results/runs.js'
import { CanaryError } from '../../model/errors.js'
import type { AppContext } from './app-context.js'
import type { RunbookStep } from '../runbook.js'
import { nameOf } from '../steps/step-text.js'

/** An app, and the revision it waits at. */
export interface WaitingApp {
  app: string
  namespace: string
  revision: number
}

/**
 * Notes in the app's Lease what a run waits for while `work` lasts, for `status` and `runs`. If that throws (exit 8, Ctrl-C)
 * the note stays: the run has yet to continue. Without permission for Leases nothing is noted.
 */
export async function whileNoted<T>(
  world: AppContext,
  { app, namespace, revision }: WaitingApp,
  step: RunbookStep,
  wait: Pick<RunWait, 'kind' | 'message' | 'by'> & { until?: Date },
  work: () => Promise<T>,
): Promise<T> {
  const { context, run } = world
  const { until, ...what } = wait
  const { id, title } = nameOf(step)
  const noted: RunWait = {
    run: run.id,
    name: run.name,
    command: run.command,
    step: id,
    title,
    ...what,
    since: new Date(context.clock.now()).toISOString(),
    ...(until ? { until: until.toISOString() } : {}),
    revision,
  }
  await tolerant(context.cluster.noteWait(app, namespace, noted))
  const result = await work()
  await clearNote(world, { app, namespace })
  return result
}

/** Removes the note: the run continues. */
export async function clearNote(
  { context, run }: AppContext,
  { app, namespace }: Pick<WaitingApp, 'app' | 'namespace'>,
): Promise<void> {
  await tolerant(context.cluster.clearWait(app, namespace, run.id))
}

/** Notes in the app's Lease that this user started the rollout. */
export async function noteStart(
  { context, run }: AppContext,
  { app, namespace }: Pick<WaitingApp, 'app' | 'namespace'>,
): Promise<void> {
  const { cluster, operator: who } = context
  const identity = await cluster.identity()
  const at = new Date(context.clock.now()).toISOString()
  const start = { run: run.id, who, ...(identity === undefined ? {} : { identity }), at }
  await tolerant(cluster.noteStart(app, namespace, start))
}

/** A note that cannot be written fails nothing. */
async function tolerant(writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
  }
}
