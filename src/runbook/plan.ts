import type { RunApp } from '../model/run-events.js'
import type { Stage } from '../model/stage.js'
import { observe } from '../operations/observe.js'
import type { OperationContext } from '../operations/context.js'
import { nameOf } from './describe-step.js'
import { positionOf } from './position.js'
import { concerns, type Runbook, type RunbookCluster } from './runbook.js'

/** What a run would do for one app. */
export interface AppPlan extends RunApp {
  wave: string
  stage: Stage
  /** Met: the cluster is there already, or past it. */
  steps: { id: string; title: string; met: boolean }[]
  /** Why it can't be taken up, a sentence. */
  conflict?: string
}

/** Looks where an app is in the steps of a runbook, changing nothing. */
export async function planApp(
  runbook: Runbook,
  cluster: RunbookCluster,
  wave: string,
  request: { app: string; namespace?: string },
  context: OperationContext,
): Promise<AppPlan> {
  const { app } = request
  const steps = runbook.steps.filter((step) => concerns(step, app, cluster.name))
  const { stage } = await observe(context, request)
  const position = positionOf(steps, stage)
  const next = 'next' in position ? position.next : 0
  return {
    app,
    ...(cluster.name === undefined ? {} : { cluster: cluster.name }),
    wave,
    stage,
    steps: steps.map((step, index) => ({ ...nameOf(step), met: index < next })),
    ...('conflict' in position ? { conflict: position.conflict } : {}),
  }
}
