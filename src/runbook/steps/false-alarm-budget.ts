import { PLAN_FALSE_ALARM_RATE } from '../../operations/verification/verify-stage.js'
import { isMoving } from './position.js'
import type { Runbook, RunbookStep } from '../runbook.js'

/** How likely the verifications of one app in a run may fail a stage whose traffic is right. */
export interface FalseAlarmBudget {
  /** Of each proof: of the stage that is found, and of each step. */
  proof: number
  /** Of the proof of this number, counted from 1, while one pause or window is waited for. */
  watch: (number: number) => number
}

/**
 * Spends the bound on false alarms over a whole run: all its apps in all clusters, half of it on the steps' proofs, half on
 * those made while it waits. However long that is: 1/(k (k + 1)) of it for the k-th adds up to 1. A proof that passes takes no
 * more answers for that; what is far off is found as soon, what is a little off takes some more.
 */
export function falseAlarmBudget({ clusters, waves }: Runbook, steps: RunbookStep[]): FalseAlarmBudget {
  const places = clusters.length * waves.flatMap(({ apps }) => apps).length
  const half = PLAN_FALSE_ALARM_RATE / places / 2
  const proofs = 1 + steps.filter((step) => isMoving(step) || step.type === 'verify').length
  const waits = steps.filter(({ type, when }) => type === 'pause' || when.window !== undefined).length
  return { proof: half / proofs, watch: (number) => half / waits / (number * (number + 1)) }
}
