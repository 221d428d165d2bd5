import type { Observation } from '../../operations/observe/observe.js'
import { parseDescription } from '../../rollout/history/description.js'
import { concerns, type Runbook, type RunbookCluster, type RunbookStep } from '../runbook.js'
import { forTarget } from '../file/variables.js'

/** The steps of an app, with its name and its cluster's put in. */
export function stepsOf({ steps }: Runbook, app: string, { name: cluster }: RunbookCluster): RunbookStep[] {
  return steps.filter((step) => concerns(step, app, cluster)).map((step) => forTarget(step, { app, cluster }))
}

/**
 * How many of an app's steps come no later in the file than the step of this id, which may be one of other apps; undefined:
 * all.
 */
export function countUntil({ steps }: Runbook, own: RunbookStep[], until: string | undefined): number {
  if (until === undefined) return own.length
  const last = steps.findIndex(({ id }) => id === until)
  const before = new Set(steps.slice(0, last + 1).map(({ id }) => id))
  return own.filter(({ id }) => before.has(id)).length
}

/** The step of this run that made the deployed revision; undefined if another run or a person did. */
export function notedStep({ deployed }: Pick<Observation, 'deployed'>, runId: string): string | undefined {
  const run = deployed && parseDescription(deployed.description)?.run
  return run?.id === runId ? run.step : undefined
}
