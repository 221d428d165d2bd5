import { canaryCommand } from '../../model/command-line.js'
import type { Plan } from '../../model/plan.js'
import { hasCanary, weightOf } from '../stage/stage.js'
import { conflict, planOf, read } from './plan.js'
import { type Found, weightStep } from './steps.js'

/** header, weighted, shifted → the same with another weight, in one step. */
export function planShift(found: Found, weight: number): Plan {
  const { stage, values } = read(found)
  const { app } = found
  const { canary, primary } = values
  if (!hasCanary(stage) || !canary) {
    throw conflict(found, stage, `${app} has no canary route to shift`, [
      canaryCommand(['start', app, stage.name === 'deployed' ? stage.canary : 'VERSION'], found),
    ])
  }
  if (weightOf(stage) === weight) return planOf(found, stage, [])
  const rises = weight > weightOf(stage)
  return planOf(found, stage, [weightStep(found, values, weight, [rises ? canary.version : primary])])
}
