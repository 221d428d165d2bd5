import type { Expectation } from './expectation.js'
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

/** One upgrade of the release and what must be true before and after it. */
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
  /** How many pods of a version must be ready after the upgrade, where an autoscaler makes them: it takes its time. */
  leastReady?: { version: string; count: number }
  /** Versions whose pods must be gone after the upgrade. */
  goneAfter: string[]
  /** What traffic must show after the upgrade. */
  expectations: Expectation[]
  /** What it changes in the objects: of step `upgrade`, which may restart pods, and of every step in a dry run. */
  changes?: UpgradeChanges
}

/** A list of steps from an observed stage to a target. Empty steps: the target is reached, only its proof is owed. */
export interface Plan {
  app: string
  namespace: string
  from: Stage
  to: Stage
  /** The values before the first step; undefined for an install. */
  before?: JsonObject
  steps: Step[]
  /** The values before can't be explained, and somebody said to leave them all the same (`abort --force`). */
  forced?: true
  /** What traffic must show before the first step (empty for an install), and all there is to prove without steps. */
  expectations: Expectation[]
}
