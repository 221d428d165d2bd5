import type { Step } from '../model/plan.js'

/** Text of Helm's --description: the command as typed, and what this step of it did. */
export function describeStep(command: string, step: Step): string {
  return `canary ${command}: ${step.title}`
}
