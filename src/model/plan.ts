import type { Expectation } from './verify/expectation.js'
import type { Stage } from './stage.js'
import type { UpgradeChanges } from './results/upgrade-changes.js'
import type { JsonObject } from './values.js'

export type StepName =
  | 'install'
  | 'deploy'
  | 'shadow'
  | 'header'
  | 'scale'
  | 'weight'
  | 'decommission'
  | 'route-back'
  | 'remove-canary'
  | 'upgrade'

/** One upgrade of the release and its conditions before and after it. */
export interface Step {
  name: StepName
  /** One line for people: `send 50 % of the regular requests to v2`. */
  title: string
  /** The stage the step leads to. */
  to: Stage
  /** The complete values the upgrade applies. */
  values: JsonObject
  /** Versions whose pods must all be ready before the upgrade (their share rises; safety rule 6). */
  readyBefore: string[]
  /** Versions whose pods must all become ready after the upgrade, before probing. */
  readyAfter: string[]
  /** How many pods of a version must be ready after the upgrade, if an autoscaler makes them: it takes its time. */
  leastReady?: { version: string; count: number }
  /** Versions whose pods must be gone after the upgrade. */
  goneAfter: string[]
  /** Expectations of the traffic after the upgrade. */
  expectations: Expectation[]
  /** Its changes of objects: for step `upgrade`, which may restart pods, and for every step in a dry run. */
  changes?: UpgradeChanges
}

/** A list of steps from an observed stage to a target. Without steps the target is reached and only has to be verified. */
export interface Plan {
  app: string
  namespace: string
  from: Stage
  to: Stage
  /** The values before the first step; undefined for an install. */
  before?: JsonObject
  steps: Step[]
  /** canary cannot explain the values before, and the caller leaves them anyway (`abort --force`). */
  forced?: true
  /** Expectations of the traffic before the first step (empty for an install); without steps the only ones. */
  expectations: Expectation[]
}
