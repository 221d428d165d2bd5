import type { CanaryEvent } from './events.js'
import type { Outcome } from './exit-codes.js'
import type { Stage } from './stage.js'

/** Which app of a run, and where. */
export interface RunApp {
  app: string
  /** Name of its cluster, where the runbook names some. */
  cluster?: string
}

/** A step of a runbook as it is told of. */
export interface RunStepName {
  id: string
  /** As a person would say it: `shift 25`. */
  title: string
  /** Where it stands in the file. */
  line?: number
}

interface OfStep extends RunApp {
  step: RunStepName
  /** From 0. */
  index: number
  of: number
}

/** Everything a run tells, beside what its operations do. */
export type RunEvent =
  | { type: 'wave-started'; wave: string; apps: string[]; cluster?: string }
  /** `met`: the steps that the cluster meets already, or is past. */
  | (RunApp & { type: 'app-started'; stage: Stage; met: RunStepName[]; of: number })
  | (OfStep & { type: 'run-step' })
  | (OfStep & { type: 'run-step-done' })
  /** The cluster came to be there, or further on, while the run was busy. */
  | (OfStep & { type: 'step-met' })
  /** `watches`: the stage is proven meanwhile. */
  | (RunApp & { type: 'waiting'; step: RunStepName; for: string; until?: string; watches?: true })
  /** How often the stage was proven during a wait, and by how many probes. */
  | (RunApp & { type: 'watched'; step: RunStepName; proofs: number; probes: number })
  | (RunApp & { type: 'approved'; step: RunStepName; who: string; identity?: string; why: string })
  /** What a command of the runbook printed. */
  | (RunApp & { type: 'command-line'; text: string })
  | (RunApp & {
      type: 'app-ended'
      outcome: Outcome
      message?: string
      stage?: Stage
      revision?: number
      /** How many steps this run did, and how many were met already. */
      steps?: { done: number; met: number; of: number }
    })
  | (RunApp & { type: 'app-left-out'; why: string })
  | (RunApp & { type: 'operation'; event: CanaryEvent })

export type EmitRun = (event: RunEvent) => void
