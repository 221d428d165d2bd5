import type { Clock } from '../lib/clock.js'
import type { Cluster } from '../cluster/port.js'
import type { Emit } from '../model/events/events.js'
import type { ProbeSettings } from '../model/verify/verify-settings.js'
import type { Routing } from '../routing/provider.js'
import type { ScaleMode } from '../rollout/plan/capacity/capacity.js'
import type { Verifier } from '../verification/probing/verifier.js'

/** What the caller decides about an operation, by flags, the environment and files. */
export interface OperationSettings {
  probes: ProbeSettings
  /** How long pods may take to become ready or to terminate. */
  podTimeoutMs: number
  /** Plan only: change nothing. */
  dryRun: boolean
  /** First recover a release that a failed or killed helm left behind. */
  recover: boolean
  /** Overwrite drift. */
  takeOver: boolean
  /** Warn about overlaps with other apps' routes instead of refusing. */
  allowOverlap: boolean
  /** How long to wait for another operator of the app, milliseconds; 0 fails at once. */
  waitForLockMs: number
  /** What to do if the canary has too few pods for its share; undefined: as the app's values say. */
  scale?: ScaleMode
  /** What follows a step that failed: nothing, `abort`, or a question, where a person can be asked. */
  onFailure: FailurePolicy
}

export type FailurePolicy = 'stop' | 'abort' | 'ask'

/** What every operation works with; the CLI wires it. */
export interface OperationContext extends OperationSettings {
  cluster: Cluster
  /** Chooses the routing provider of an app. */
  routing: Routing
  verifier: Verifier
  clock: Clock
  emit: Emit
  /** Aborted by the first Ctrl-C: the running step's Helm call ends, then the operation stops. */
  signal: AbortSignal
  /** False-alarm bound for everything this operation verifies, if it is one of several. */
  alpha?: number
  /** Who runs this, `user@host`: for Helm's description and the Lease. */
  operator: string
  /** The runbook's run and step, also for Helm's description and the Lease. */
  run?: { id: string; step: string }
  /** The command line that this is part of, to be pasted once more. */
  again: string
  /** Asks a person; undefined without a terminal. Always yes with `--yes`. */
  confirm?: (question: string) => Promise<boolean>
  /** The same for decisions that have their own flag (`--recover`, `--take-over`): `--yes` does not answer these. */
  decide?: (question: string) => Promise<boolean>
}

/** Which app, and where; without a namespace, the only release of that name. */
export interface AppRequest {
  app: string
  namespace?: string
}
