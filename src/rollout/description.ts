import type { Step } from '../model/plan.js'

/** Text of Helm's --description: the command as typed, what this step of it did, and who ran it (`user@host`). */
export function describeStep(command: string, step: Step, who?: string): string {
  return `canary ${command}: ${step.title}${who ? ` (by ${who})` : ''}`
}
