import { describeStage } from '../../model/describe-stage.js'
import type { Stage } from '../../model/stage.js'
import { hasCanary, weightOf } from '../../rollout/stage/stage.js'
import type { AbortStep, FinishStep, InstallStep, RunbookStep, ShiftStep, StartStep } from '../runbook.js'

/** Steps that lead to another stage. */
export type MovingStep = InstallStep | StartStep | ShiftStep | FinishStep | AbortStep

export function isMoving(step: RunbookStep): step is MovingStep {
  return ['install', 'start', 'shift', 'finish', 'abort'].includes(step.type)
}

/** Where an app is in the steps of a runbook. */
export type Progress =
  /** Index of the first step that is still to be done; the number of steps where none is. */
  | { next: number }
  /** The app is somewhere that these steps don't lead through, one sentence. */
  | { conflict: string }

/**
 * Where the steps go on for an app in this stage: after the furthest step whose target the cluster meets. Earlier ones are
 * met too, or passed: nothing is done twice, and no weight is lowered that is further on than a step says. What a step before
 * may have waited or asked for is past. `noted` is the step of this very run that made the deployed revision, where its
 * description says so: it tells two rollouts of one version apart, and a rollout that was gone back from from one that
 * never began.
 */
export function positionOf(steps: RunbookStep[], stage: Stage, noted?: string): Progress {
  if (stage.name === 'unknown') return { conflict: describeStage(stage) }
  if (stage.name === 'absent') {
    const first = steps.find(isMoving)
    if (first && first.type !== 'install')
      return { conflict: `there is no release of it, and no step installs it before ${first.type}` }
  }
  const targets = targetsOf(steps)
  const underWay = 'canary' in stage ? stage.canary : undefined
  const known = new Set(targets)
  known.delete(undefined)
  if (underWay !== undefined && !known.has(underWay)) {
    const why = known.size > 0 ? `not of ${[...known].join(' or ')}` : 'of which no step knows'
    return { conflict: `a rollout of ${underWay} is under way, ${why} (${describeStage(stage)})` }
  }
  const met = steps.map((step, index) => isMoving(step) && isMet(step, stage, targets[index]))
  const madeBy = steps.findIndex(({ id }) => id === noted)
  if (madeBy >= 0) {
    // Where a rollout ends with going back, a run of all of it begins anew.
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

/** Of each step the version whose rollout it belongs to; undefined outside of any. */
function targetsOf(steps: RunbookStep[]): (string | undefined)[] {
  let target: string | undefined
  return steps.map((step) => {
    if (step.type === 'start') target = step.version
    const own = target
    if (endsRollout(step)) target = undefined
    return own
  })
}

/** Whether the stage is what the step leads to, or further on the same way. */
function isMet(step: MovingStep, stage: Stage, target: string | undefined): boolean {
  if (stage.name === 'absent' || stage.name === 'unknown') return false
  const isFinished = stage.name === 'stable' && stage.primary === target
  const isRouted = hasCanary(stage) && stage.canary === target
  switch (step.type) {
    case 'install':
      // Whichever version is the primary now: there is an app.
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
      // Where it leads back to is where a rollout begins, too.
      return false
  }
}
