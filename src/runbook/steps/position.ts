import { describeStage } from '../../model/describe-stage.js'
import type { Stage } from '../../model/stage.js'
import { hasCanary, weightOf } from '../../rollout/stage/stage.js'
import type { AbortStep, FinishStep, InstallStep, RunbookStep, ShiftStep, StartStep } from '../runbook.js'

/** Steps that change the stage. */
export type MovingStep = InstallStep | StartStep | ShiftStep | FinishStep | AbortStep

export function isMoving(step: RunbookStep): step is MovingStep {
  return ['install', 'start', 'shift', 'finish', 'abort'].includes(step.type)
}

/** Where an app is in the steps of a runbook. */
export type Progress =
  /** Index of the first step that is still to be done; the number of steps if none is. */
  | { next: number }
  /** Why the app is in no state that these steps lead through: a clause. */
  | { conflict: string }

/**
 * Where the steps continue for an app in this stage: after the furthest step whose target the cluster meets. Earlier steps
 * count as met: nothing is done twice, no weight is lowered, no approval or pause is repeated. `noted` is the step of this
 * run that made the deployed revision, if its description names one: it distinguishes two rollouts of one version, and a
 * rollout that was rolled back from one that never began.
 */
export function positionOf(steps: RunbookStep[], stage: Stage, noted?: string): Progress {
  if (stage.name === 'unknown') return { conflict: describeStage(stage) }
  if (stage.name === 'absent') {
    const first = steps.find(isMoving)
    if (first && first.type !== 'install')
      return { conflict: `it is not installed, and no install step comes before ${first.type}` }
  }
  const targets = targetsOf(steps)
  const underWay = 'canary' in stage ? stage.canary : undefined
  const known = new Set(targets)
  known.delete(undefined)
  if (underWay !== undefined && !known.has(underWay)) {
    const why = known.size > 0 ? `not of ${[...known].join(' or ')}` : 'which no step starts'
    return { conflict: `a rollout of ${underWay} is under way, ${why} (${describeStage(stage)})` }
  }
  const met = steps.map((step, index) => isMoving(step) && isMet(step, stage, targets[index]))
  const madeBy = steps.findIndex(({ id }) => id === noted)
  if (madeBy >= 0) {
    // After its last step, abort, a run of the whole rollout starts over.
    if (steps[madeBy]!.type === 'abort' && steps.slice(madeBy + 1).some(isMoving) && underWay === undefined) {
      return { next: madeBy + 1 }
    }
    const end = steps.findIndex((step, index) => index >= madeBy && endsRollout(step))
    const within = met.slice(0, end === -1 ? undefined : end + 1).lastIndexOf(true)
    if (within >= madeBy) return { next: within + 1 }
  }
  return { next: met.lastIndexOf(true) + 1 }
}

function endsRollout({ type }: RunbookStep): boolean {
  return type === 'finish' || type === 'abort'
}

/** The version whose rollout each step belongs to; undefined outside of any. */
function targetsOf(steps: RunbookStep[]): (string | undefined)[] {
  let target: string | undefined
  return steps.map((step) => {
    if (step.type === 'start') target = step.version
    const own = target
    if (endsRollout(step)) target = undefined
    return own
  })
}

/** Whether the stage is the step's target, or past it in the same rollout. */
function isMet(step: MovingStep, stage: Stage, target: string | undefined): boolean {
  if (stage.name === 'absent' || stage.name === 'unknown') return false
  const isFinished = stage.name === 'stable' && stage.primary === target
  const isRouted = hasCanary(stage) && stage.canary === target
  switch (step.type) {
    case 'install':
      // Any primary will do: the app is installed.
      return true
    case 'start': {
      const isDeployed = stage.name === 'deployed' && stage.canary === target
      return isFinished || isRouted || (step.deployOnly && isDeployed)
    }
    case 'shift':
      return isFinished || (isRouted && weightOf(stage) >= step.weight)
    case 'finish':
      return isFinished
    case 'abort':
      // Its target, stable, is also where a rollout starts.
      return false
  }
}
