import { describeStage } from '../model/describe-stage.js'
import type { Stage } from '../model/stage.js'
import { hasCanary, weightOf } from '../rollout/stage.js'
import type { AbortStep, FinishStep, InstallStep, RunbookStep, ShiftStep, StartStep } from './runbook.js'

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
 * may have waited or asked for is past.
 */
export function positionOf(steps: RunbookStep[], stage: Stage): Progress {
  if (stage.name === 'unknown') return { conflict: describeStage(stage) }
  const target = targetOf(steps)
  const underWay = hasCanary(stage) ? stage.canary : stage.name === 'deployed' ? stage.candidate : undefined
  if (target !== undefined && underWay !== undefined && underWay !== target) {
    return { conflict: `a rollout of ${underWay} is under way, not of ${target} (${describeStage(stage)})` }
  }
  if (target === undefined && underWay !== undefined) {
    return {
      conflict: `a rollout of ${underWay} is under way, of which no step knows (${describeStage(stage)})`,
    }
  }
  const furthest = steps.findLastIndex((step) => isMoving(step) && isMet(step, stage, target))
  return { next: furthest + 1 }
}

/** The version that the steps bring in. */
export function targetOf(steps: RunbookStep[]): string | undefined {
  return steps.flatMap((step) => (step.type === 'start' ? [step.version] : []))[0]
}

/** Whether the stage is what the step leads to, or further on the same way. */
function isMet(step: MovingStep, stage: Stage, target: string | undefined): boolean {
  if (stage.name === 'absent' || stage.name === 'unknown') return false
  const isFinished = stage.name === 'stable' && stage.primary === target
  switch (step.type) {
    case 'install':
      // Whichever version is the primary now: there is an app.
      return true
    case 'start':
      return isFinished || hasCanary(stage) || (step.deployOnly && stage.name === 'deployed')
    case 'shift':
      return isFinished || (hasCanary(stage) && weightOf(stage) >= step.weight)
    case 'finish':
      return isFinished
    case 'abort':
      // Where it leads back to is where a rollout begins, too: only what comes before tells, and that is not known.
      return false
  }
}
