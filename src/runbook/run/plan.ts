import { withNamedCluster } from '../../model/command-line.js'
import type { AppPlan, PlannedStep } from '../../model/results/run.js'
import { CanaryError } from '../../model/errors.js'
import type { Outcome } from '../../model/exit-codes.js'
import { observe, unfinishedRevision } from '../../operations/observe/observe.js'
import { holderText, waitForOthers } from '../../operations/change/take-lock.js'
import { countUntil, notedStep, stepsOf } from '../steps/app-steps.js'
import { type AppContext, lockCommand } from './app-context.js'
import { contextOf, runStepOperation } from './step-operation.js'
import { isMoving, positionOf } from '../steps/position.js'
import type { Runbook, RunbookCluster } from '../runbook.js'
import { conditionText, nameOf } from '../steps/step-text.js'

type Refusal = NonNullable<AppPlan['refusal']>

function isRefusal(outcome: Outcome): outcome is Refusal {
  return outcome === 'conflict' || outcome === 'usage'
}

/** What a run of these plans would refuse to start with; undefined if it would start. */
export function refusalOf(plans: AppPlan[]): Refusal | undefined {
  return plans.some(({ refusal }) => refusal === 'conflict')
    ? 'conflict'
    : plans.find(({ refusal }) => refusal)?.refusal
}

async function planApp(
  runbook: Runbook,
  cluster: RunbookCluster,
  wave: string,
  app: string,
  world: AppContext,
  inFull: boolean,
): Promise<AppPlan> {
  const { context, namespace, run, until } = world
  const steps = stepsOf(runbook, app, cluster)
  const end = countUntil(runbook, steps, until)
  const at = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }), wave }
  const planned = (next: number) => ({
    steps: steps.map((step, index): PlannedStep => {
      const when = conditionText(step)
      const beyond = index >= Math.max(end, next) ? { beyond: true as const } : {}
      return { ...nameOf(step), met: index < next, ...beyond, ...(when ? { when } : {}) }
    }),
    pausesMs: steps
      .slice(next, end)
      .reduce((sum, step) => sum + (step.type === 'pause' ? step.durationMs : 0), 0),
  })
  try {
    const look = async () => {
      const found = await observe(context, { app, namespace })
      return { found, position: positionOf(steps, found.stage, notedStep(found, run.id)) }
    }
    let { found, position } = await look()
    const held = { app, namespace: found.namespace ?? app }
    const stuck = 'conflict' in position
    if (stuck && !inFull && (await waitForOthers(context, held, lockCommand(run)))) {
      ;({ found, position } = await look())
    }
    const holder = inFull ? await holderText(context, held) : undefined
    const there = {
      ...at,
      stage: found.stage,
      revision: found.deployed?.revision,
      ...(holder === undefined ? {} : { holder }),
    }
    if ('conflict' in position) {
      return { ...there, ...planned(0), conflict: position.conflict, refusal: 'conflict' }
    }
    const left = unfinishedRevision(found.history ?? {})
    const unfinished = left ? { unfinished: { revision: left.revision, status: left.status } } : {}
    const whole = { ...there, ...planned(position.next), ...unfinished }
    const change = steps.slice(position.next, end).find(isMoving)
    if (!change || left || !inFull) return whole
    const dry = { ...contextOf(change, world, false), dryRun: true, emit: () => undefined }
    return { ...whole, ahead: await runStepOperation(dry, { app, namespace }, change, world) }
  } catch (error) {
    if (!(error instanceof CanaryError) || !isRefusal(error.outcome)) throw error
    return { ...at, ...planned(0), conflict: error.message, refusal: error.outcome }
  }
}

/** How many apps are read side by side. */
const AT_ONCE = 8

/** Where all apps of a run are, in the order of the file; `inFull` plans the next change of each as well. */
export async function planRun(
  runbook: Runbook,
  {
    of,
    only,
    inFull,
  }: {
    of: (app: string, cluster: RunbookCluster) => AppContext
    only?: string[]
    inFull: boolean
  },
): Promise<AppPlan[]> {
  const places = runbook.clusters.flatMap((cluster) =>
    runbook.waves.flatMap((wave) =>
      wave.apps
        .filter(({ name }) => only?.includes(name) ?? true)
        .map(({ name }) => ({ cluster, wave: wave.name, app: name })),
    ),
  )
  const plans: AppPlan[] = []
  const waiting = [...places.entries()]
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const [index, { cluster, wave, app }] = one
      const world = of(app, cluster)
      plans[index] = await withNamedCluster(world.cluster, () =>
        planApp(runbook, cluster, wave, app, world, inFull),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
  return plans
}
