import type { CheckResult, Expectation, ShadowCheck, StageProof } from '../verify/expectation.js'
import type { Analysis } from '../results/analysis.js'
import type { Plan, Step } from '../plan.js'
import type { Stage } from '../stage.js'

/** State of one version's pods while a step waits for them. */
export interface PodProgress {
  version: string
  ready: number
  wanted: number
  /** Why pods are not ready, e.g. `ImagePullBackOff: Back-off pulling image "echo:nope"`; empty while they just start. */
  problems: string[]
}

/** Progress of one check, emitted a few times a second. */
export interface CheckProgress {
  expectation: Expectation
  sent: number
  byVersion: Record<string, number>
  /** Anytime-valid confidence interval of the canary's share so far, 0..1. */
  interval: [number, number]
  errors: number
}

/** Everything that an operation reports while it runs; it becomes lines, JSON or a journal. */
export type CanaryEvent =
  | { type: 'observed'; app: string; namespace: string; stage: Stage; revision?: number }
  | { type: 'planned'; plan: Plan }
  | { type: 'step-started'; step: Step; index: number; of: number }
  | { type: 'upgraded'; step: Step; revision: number; elapsedMs: number }
  | { type: 'pods'; progress: PodProgress[] }
  | { type: 'pods-ready'; versions: string[]; elapsedMs: number }
  | { type: 'pods-gone'; versions: string[]; elapsedMs: number }
  | { type: 'verifying'; stage: Stage; url: string; expectations: Expectation[] }
  | { type: 'converged'; elapsedMs: number }
  | { type: 'check-progress'; checks: CheckProgress[] }
  | { type: 'check'; check: CheckResult }
  | { type: 'shadow-check'; shadow: ShadowCheck }
  | { type: 'analyzing'; primary: string; canary: string; durationMs: number }
  | { type: 'analysis-progress'; pairs: number; primaryErrors: number; canaryErrors: number }
  | { type: 'analyzed'; analysis: Analysis }
  | { type: 'verified'; stage: Stage; proof: StageProof }
  | { type: 'step-done'; step: Step; index: number; of: number; elapsedMs: number }
  | { type: 'warning'; message: string }
  | { type: 'note'; message: string }

export type Emit = (event: CanaryEvent) => void

/** A Deployment of the app with the state of its pods. */
export interface VersionPods extends PodProgress {
  deployment: string
  image: string
}
