import type { AppLock } from '../../../cluster/ports/locks.js'
import type { ChartSource, UpgradeRequest } from '../../../cluster/ports/releases.js'
import type { Plan, Step } from '../../../model/plan.js'
import type { Revision } from '../../../model/release.js'
import type { JsonObject } from '../../../model/values.js'

/** A plan, and how it is to be run. */
export interface PlanToRun {
  plan: Plan
  /** The command as typed, for Helm's --description: `start echo v2`. */
  command: string
  /** The revision that the plan starts from; undefined for an install. */
  revision?: Revision
  /** The chart to apply; by default the release's own. */
  chart?: ChartSource
  /**
   * Called with the request before the first step of an install: creates a revision that must precede it, and resolves
   * with it.
   */
  prepare?: (request: UpgradeRequest, lock?: AppLock) => Promise<Revision>
  /** The attachment to a gateway that an install creates after its upgrade. */
  creates?: JsonObject
  /** Called after each upgrade, before its verification (install creates the attachment here). */
  afterUpgrade?: (step: Step) => Promise<void>
  /** Continue without a pass; the command records why (`abort --unverified`). */
  unverified?: boolean
  /** Overwrite drift. */
  takeOver?: boolean
  /**
   * Verify the current stage before the first step (some plans always do): it was just recovered, or all of it is about
   * to change.
   */
  verifyFirst?: boolean
  /** Analyze the canary that long before the first step, and continue only on a pass. */
  analyzeMs?: number
  /** The command that reverts the plan after its first upgrade, if the stage has none. */
  revertCommand?: string
  /** The previous primary, if the current stage came from a finished rollout. */
  versionBefore?: string
}
