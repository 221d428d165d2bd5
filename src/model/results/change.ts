import type { Stage } from '../stage.js'
import type { Plan } from '../plan.js'
import type { Analysis } from './analysis.js'
import type { StageProof } from '../expectation.js'

export interface VerifiedStage {
  /** The step the proof belongs to; undefined for the proof of the stage that was found. */
  step?: string
  stage: Stage
  proof: StageProof
}

/** What a changing command came to. */
export interface OperationResult {
  app: string
  namespace: string
  dryRun: boolean
  /** Whether any upgrade was made (or would be, in a dry run). */
  changed: boolean
  /** Where the rollout stands now (in a dry run: where it stands, unchanged). */
  stage: Stage
  revision?: number
  plan: Plan
  /** Helm's command lines, one a step, values on stdin. */
  commands: string[]
  proofs: VerifiedStage[]
  /** The canary's health against the primary's before the first step, where that was asked for. */
  analysis?: Analysis
  /** Commands that would go on from here. */
  next: string[]
  /** The command that goes back from here. */
  undo?: string
}
