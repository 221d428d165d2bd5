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
}

/** Everything a run tells, beside what its operations do. */
export type RunEvent =
  | { type: 'wave-started'; wave: string; apps: string[]; cluster?: string }
  /** `next`: how many of the steps are met already. */
  | (RunApp & { type: 'app-started'; stage: Stage; next: number; of: number })
  | (RunApp & { type: 'run-step'; step: RunStepName; index: number; of: number })
  | (RunApp & { type: 'step-met'; step: RunStepName; index: number; of: number })
  | (RunApp & { type: 'waiting'; step: RunStepName; for: string; until?: string })
  | (RunApp & { type: 'approved'; step: RunStepName; who: string; why: string })
  /** What a command of the runbook printed. */
  | (RunApp & { type: 'command-line'; text: string })
  | (RunApp & { type: 'app-ended'; outcome: Outcome; message?: string })
  | (RunApp & { type: 'app-left-out'; why: string })
  | (RunApp & { type: 'operation'; event: CanaryEvent })

export type EmitRun = (event: RunEvent) => void
