import type { Stage } from '../stage.js'
import type { Plan } from '../plan.js'
import type { Analysis } from './analysis.js'
import type { StageProof } from '../verify/expectation.js'

export interface VerifiedStage {
  /** The step that the proof belongs to; undefined for the proof of the observed stage. */
  step?: string
  stage: Stage
  proof: StageProof
}

/** The result of a changing command. */
export interface OperationResult {
  app: string
  namespace: string
  dryRun: boolean
  /** Whether any upgrade was made (or would be, in a dry run). */
  changed: boolean
  /** The stage now (in a dry run: the unchanged one). */
  stage: Stage
  revision?: number
  plan: Plan
  /** Helm's command lines, one per step, values on stdin. */
  commands: string[]
  proofs: VerifiedStage[]
  /** The analysis before the first step (--analyze). */
  analysis?: Analysis
  /** Commands that continue from here. */
  next: string[]
  /** The command that reverts it: abort or undo. */
  undo?: string
}
