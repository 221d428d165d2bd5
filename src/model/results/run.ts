import type { OperationResult } from './change.js'
import type { RunApp, RunStepName } from '../run-events.js'
import type { Outcome } from '../exit-codes.js'
import type { Stage } from '../stage.js'

/** How an app's steps ended well: all done, or as far as they were to go. */
export interface AppEnd {
  isWhole: boolean
  /** How many steps this run did, and how many were met already. */
  steps: { done: number; met: number; of: number }
  stage: Stage
  revision?: number
  /** The command that goes back from there. */
  undo?: string
}

/** How it ended for one app. */
export interface AppResult extends RunApp, Partial<AppEnd> {
  /** `left out`: not begun, as another failed or waits. */
  outcome: Outcome | 'left out'
  /** The step that it ended in, where that was not the last one. */
  step?: RunStepName & { number: number }
  message?: string
}

/** What a run came to. */
export interface RunResult {
  run: string
  runId: string
  apps: AppResult[]
  /** The command that goes on, where the run stopped before its end as it was told to. */
  next?: string
}

/** What a run would do for one app. */
export interface AppPlan extends RunApp {
  wave: string
  /** Undefined where the app could not be read. */
  stage?: Stage
  revision?: number
  /** Met: the cluster is there already, or past it. */
  steps: PlannedStep[]
  /** Milliseconds that its pauses take at least from here on. */
  pausesMs: number
  /** The newest revision, where a helm that failed or was killed left it: brought back first. */
  unfinished?: { revision: number; status: string }
  /** The next step that changes the app, planned to its end. */
  ahead?: OperationResult
  /** Another operator who holds the app, in a plan in full: what they run, a clause. */
  holder?: string
  /** Why it can't be taken up, a sentence. */
  conflict?: string
}

export interface PlannedStep extends RunStepName {
  met: boolean
  /** True for a step that comes after the last one that is to be done. */
  beyond?: true
  /** `window office`; absent for a step of all, at any time. */
  when?: string
}
