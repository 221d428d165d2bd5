import type { AppEnd } from '../../model/results/run.js'
import { withNamedCluster } from '../../model/command-line.js'
import { CanaryError } from '../../model/errors.js'
import type { EmitRun, RunApp } from '../../model/events/run-events.js'
import { AppRun } from './app-run.js'
import type { AppContext } from './app-context.js'
import type { AppOutcome } from './run-result.js'
import type { Runbook, RunbookCluster, RunbookWave } from '../runbook.js'

/** What a run needs. */
export interface RunContext {
  emit: EmitRun
  /** Its reason is the name of the operating system's signal. */
  signal: AbortSignal
  /** The context of one app in one cluster. */
  of: (app: string, cluster: RunbookCluster) => AppContext
  /** The only apps to run; undefined: all. */
  only?: ReadonlySet<string>
}

/**
 * Runs a runbook: independent clusters side by side, in each wave by wave, up to `parallel` apps of a wave at a time. If an
 * app fails, waits for somebody or stops at `until`, no further wave starts in its cluster, nor a cluster after it; with
 * `failFast` no further app of its wave either, and those under way finish their step. Resolves with how each app ended, in
 * the order of the file; throws only bugs.
 */
export async function run(runbook: Runbook, world: RunContext): Promise<AppOutcome[]> {
  const ends = new Map<string | undefined, Promise<AppOutcome[]>>()
  const begun: Promise<AppOutcome[]>[] = []
  for (const cluster of runbook.clusters) {
    const before = cluster.after.map((name) => ends.get(name) ?? Promise.resolve([]))
    const outcomes = Promise.all(before).then((all) => runCluster(runbook, cluster, world, all.flat()))
    ends.set(cluster.name, outcomes)
    begun.push(outcomes)
  }
  // A bug in one cluster does not cut the steps of others short.
  const settled = await Promise.allSettled(begun)
  return settled.flatMap((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

async function runCluster(
  runbook: Runbook,
  cluster: RunbookCluster,
  world: RunContext,
  before: AppOutcome[],
): Promise<AppOutcome[]> {
  const outcomes: AppOutcome[] = []
  for (const wave of runbook.waves) {
    const apps = wave.apps.map(({ name }) => name).filter((app) => world.only?.has(app) ?? true)
    if (apps.length === 0) continue
    const open = [...before, ...outcomes].find((one) => one.outcome !== 'done' || one.isWhole === false)
    if (world.signal.aborted || open) {
      const why = open ? `${nameOf(open)} is not done` : 'the run was interrupted'
      for (const app of apps) outcomes.push(leftOut(cluster, app, world, why))
    } else {
      outcomes.push(...(await runWave(runbook, cluster, wave, apps, world)))
    }
  }
  return outcomes
}

async function runWave(
  runbook: Runbook,
  cluster: RunbookCluster,
  { name, parallel, failFast }: RunbookWave,
  apps: string[],
  world: RunContext,
): Promise<AppOutcome[]> {
  world.emit({ type: 'wave-started', wave: name, apps, ...named(cluster) })
  const outcomes = new Map<string, AppOutcome>()
  const waiting = [...apps]
  let failed: AppOutcome | undefined
  const stopping = new AbortController()
  const next = async (): Promise<void> => {
    for (let app = waiting.shift(); app !== undefined; app = waiting.shift()) {
      if (failed || world.signal.aborted) {
        const why = failed ? `${nameOf(failed)} failed` : 'the run was interrupted'
        outcomes.set(app, leftOut(cluster, app, world, why))
        continue
      }
      const outcome = await runApp(runbook, cluster, app, world, stopping.signal)
      outcomes.set(app, outcome)
      // Others continue to the step that waits for a person: they are approved together.
      if (!failFast || ['done', 'waiting'].includes(outcome.outcome)) continue
      failed ??= outcome
      stopping.abort()
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, apps.length) }, next))
  return apps.map((app) => outcomes.get(app)!)
}

async function runApp(
  runbook: Runbook,
  cluster: RunbookCluster,
  app: string,
  world: RunContext,
  stopping: AbortSignal,
): Promise<AppOutcome> {
  const where = { app, ...named(cluster) }
  let appRun: AppRun | undefined
  let end: Partial<AppEnd> | undefined
  let step: AppOutcome['step']
  let error: CanaryError | undefined
  try {
    const surroundings = world.of(app, cluster)
    const running = new AppRun(runbook, cluster, app, { ...surroundings, stopping })
    appRun = running
    end = await withNamedCluster(surroundings.cluster, () => running.run())
  } catch (thrown) {
    error = world.signal.aborted ? interrupted(thrown, world.signal, appRun?.standing) : asExpected(thrown)
    ;({ step, ...end } = (await appRun?.whereabouts()) ?? {})
  }
  const outcome = error?.outcome ?? 'done'
  const message = error === undefined ? {} : { message: error.message }
  world.emit({ ...where, type: 'app-ended', outcome, ...end, ...message })
  return { ...where, outcome, ...end, ...(step ? { step } : {}), ...message, ...(error ? { error } : {}) }
}

/** A bug is reported together with how the other apps ended. */
function asExpected(thrown: unknown): CanaryError {
  if (thrown instanceof CanaryError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CanaryError('bug', message, { cause: thrown })
}

function leftOut(cluster: RunbookCluster, app: string, { emit }: RunContext, why: string): AppOutcome {
  const where = { app, ...named(cluster) }
  emit({ ...where, type: 'app-left-out', why })
  return { ...where, outcome: 'left out', message: why }
}

function named({ name }: RunbookCluster): { cluster?: string } {
  return name === undefined ? {} : { cluster: name }
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${app} in ${cluster}`
}

function interrupted(thrown: unknown, { reason }: AbortSignal, standing: string | undefined): CanaryError {
  if (thrown instanceof CanaryError && thrown.outcome !== 'external') return thrown
  return new CanaryError(reason === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
    state: (thrown instanceof CanaryError && thrown.state) || standing,
    cause: thrown,
  })
}
