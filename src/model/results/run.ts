import type { OperationResult } from './change.js'
import type { RunApp, RunStepName } from '../events/run-events.js'
import type { Outcome } from '../exit-codes.js'
import type { Stage } from '../stage.js'

/** Successful ends of an app's steps: all done, or done up to --until. */
export interface AppEnd {
  isWhole: boolean
  /** How many steps this run did, and how many were met before. */
  steps: { done: number; met: number; of: number }
  stage: Stage
  revision?: number
  /** The command that reverts it: abort or undo. */
  undo?: string
}

/** The outcome for one app. */
export interface AppResult extends RunApp, Partial<AppEnd> {
  /** `left out`: not started, because another app failed or waits. */
  outcome: Outcome | 'left out'
  /** The step that it ended in, unless that was the last one. */
  step?: RunStepName & { number: number }
  message?: string
}

/** The result of a run. */
export interface RunResult {
  run: string
  runId: string
  apps: AppResult[]
  /** The command that continues, if --until stopped the run before its end. */
  next?: string
}

/** What a run would do for one app. */
export interface AppPlan extends RunApp {
  wave: string
  /** Undefined if the app could not be read. */
  stage?: Stage
  revision?: number
  /** Met: the cluster has reached the step, or a later one. */
  steps: PlannedStep[]
  /** Milliseconds that the remaining pauses take at least. */
  pausesMs: number
  /** The newest revision, if a failed or killed helm left it: recovered first. */
  unfinished?: { revision: number; status: string }
  /** The next step that changes the app, fully planned. */
  ahead?: OperationResult
  /** Another operator who holds the app: their command, a clause. */
  holder?: string
  /** Why the run cannot start it, a sentence. */
  conflict?: string
  /** What a run that refuses the app exits with. */
  refusal?: Extract<Outcome, 'conflict' | 'usage'>
}

export interface PlannedStep extends RunStepName {
  met: boolean
  /** True for a step after the last one to do. */
  beyond?: true
  /** `window office`; absent for a step without a window. */
  when?: string
}
