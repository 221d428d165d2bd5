import type { CanaryEvent } from './events.js'
import type { Outcome } from '../exit-codes.js'
import type { Stage } from '../stage.js'

/** An app of a run, and its cluster. */
export interface RunApp {
  app: string
  /** Name of its cluster, if the runbook names clusters. */
  cluster?: string
}

/** A step of a runbook, for events. */
export interface RunStepName {
  id: string
  /** For people: `shift 25`. */
  title: string
  /** Its line in the file. */
  line?: number
}

interface OfStep extends RunApp {
  step: RunStepName
  /** From 0. */
  index: number
  of: number
}

/** Everything that a run reports in addition to its operations' events. */
export type RunEvent =
  | { type: 'wave-started'; wave: string; apps: string[]; cluster?: string }
  /** `met`: the steps that the cluster has reached already. */
  | (RunApp & { type: 'app-started'; stage: Stage; met: RunStepName[]; of: number })
  | (OfStep & { type: 'run-step' })
  | (OfStep & { type: 'run-step-done' })
  /** Somebody else brought the cluster there, or further, while the run was busy. */
  | (OfStep & { type: 'step-met' })
  /** `watches`: the stage is verified meanwhile. */
  | (RunApp & { type: 'waiting'; step: RunStepName; for: string; until?: string; watches?: true })
  /** How often the stage was verified during a wait, and by how many probes. */
  | (RunApp & { type: 'watched'; step: RunStepName; proofs: number; probes: number })
  | (RunApp & { type: 'approved'; step: RunStepName; who: string; identity?: string; why: string })
  /** A line of a runbook command's output. */
  | (RunApp & { type: 'command-line'; text: string })
  | (RunApp & {
      type: 'app-ended'
      outcome: Outcome
      message?: string
      stage?: Stage
      revision?: number
      /** How many steps this run did, and how many were met before. */
      steps?: { done: number; met: number; of: number }
    })
  | (RunApp & { type: 'app-left-out'; why: string })
  | (RunApp & { type: 'operation'; event: CanaryEvent })

export type EmitRun = (event: RunEvent) => void
