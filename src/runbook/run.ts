import { CanaryError } from '../model/errors.js'
import type { Outcome } from '../model/exit-codes.js'
import type { EmitRun, RunApp } from '../model/run-events.js'
import { AppRun, type AppSurroundings } from './app-run.js'
import type { Runbook, RunbookCluster, RunbookWave } from './runbook.js'

/** What a run needs of the world. */
export interface RunSurroundings {
  emit: EmitRun
  signal: AbortSignal
  /** The surroundings of one app in one cluster. */
  of: (app: string, cluster: RunbookCluster) => Promise<AppSurroundings>
  /** The only apps to be taken up; undefined: all. */
  only?: ReadonlySet<string>
}

/** How it ended for one app. */
export interface AppOutcome extends RunApp {
  /** `left out`: not begun, as another failed or waits. */
  outcome: Outcome | 'left out'
  message?: string
  error?: CanaryError
}

/**
 * Runs a runbook: cluster by cluster, wave by wave, the apps of a wave side by side. Where an app fails or waits for
 * somebody, no further wave begins; with `failFast` no further app of its wave either, and those under way end their step.
 * Resolves with how each app ended; throws only what is a bug.
 */
export async function run(runbook: Runbook, world: RunSurroundings): Promise<AppOutcome[]> {
  const outcomes: AppOutcome[] = []
  for (const cluster of runbook.clusters) {
    for (const wave of runbook.waves) {
      const apps = wave.apps.map(({ name }) => name).filter((app) => world.only?.has(app) ?? true)
      if (apps.length === 0) continue
      if (world.signal.aborted || outcomes.some(({ outcome }) => outcome !== 'done')) {
        const why = 'an app before it did not get to its end'
        for (const app of apps) outcomes.push(leftOut(cluster, app, world, why))
        continue
      }
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
  world: RunSurroundings,
): Promise<AppOutcome[]> {
  world.emit({ type: 'wave-started', wave: name, apps, ...named(cluster) })
  const outcomes = new Map<string, AppOutcome>()
  const waiting = [...apps]
  let isStopping = false
  const next = async (): Promise<void> => {
    for (let app = waiting.shift(); app !== undefined; app = waiting.shift()) {
      if (isStopping || world.signal.aborted) {
        outcomes.set(app, leftOut(cluster, app, world, 'another app of the wave failed'))
        continue
      }
      const outcome = await runApp(runbook, cluster, app, world, () => isStopping)
      outcomes.set(app, outcome)
      isStopping ||= failFast && outcome.outcome !== 'done'
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, apps.length) }, next))
  return apps.map((app) => outcomes.get(app)!)
}

async function runApp(
  runbook: Runbook,
  cluster: RunbookCluster,
  app: string,
  world: RunSurroundings,
  isStopping: () => boolean,
): Promise<AppOutcome> {
  const where = { app, ...named(cluster) }
  let error: CanaryError | undefined
  try {
    const surroundings = await world.of(app, cluster)
    await new AppRun(runbook, cluster, app, { ...surroundings, isStopping }).run()
  } catch (thrown) {
    error = world.signal.aborted ? interrupted(thrown) : thrown instanceof CanaryError ? thrown : undefined
    if (!error) throw thrown
  }
  const outcome = error?.outcome ?? 'done'
  const message = error?.message
  world.emit({ ...where, type: 'app-ended', outcome, ...(message === undefined ? {} : { message }) })
  return { ...where, outcome, ...(error ? { message, error } : {}) }
}

function leftOut(cluster: RunbookCluster, app: string, { emit }: RunSurroundings, why: string): AppOutcome {
  const where = { app, ...named(cluster) }
  emit({ ...where, type: 'app-left-out', why })
  return { ...where, outcome: 'left out', message: why }
}

function named({ name }: RunbookCluster): { cluster?: string } {
  return name === undefined ? {} : { cluster: name }
}

function interrupted(thrown: unknown): CanaryError {
  if (thrown instanceof CanaryError && thrown.outcome !== 'external') return thrown
  return new CanaryError('interrupted', 'Interrupted.', {
    state: thrown instanceof CanaryError ? thrown.state : undefined,
    nextSteps: ['run the runbook again: it goes on where each app is'],
    cause: thrown,
  })
}
