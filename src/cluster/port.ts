import type { Checks } from './ports/checks.js'
import type { Locks } from './ports/locks.js'
import type { Objects } from './ports/objects.js'
import type { Proofs } from './ports/proofs.js'
import type { Releases } from './ports/releases.js'
import type { Runs } from './ports/runs.js'
import type { Workloads } from './ports/workloads.js'

/**
 * The cluster as the operations see it: the seam at which tests put a fake. Every method throws ExternalError with the
 * command or request that failed; reads are safe to repeat.
 */
export interface Cluster extends Releases, Locks, Workloads, Objects, Checks, Runs, Proofs {
  /** Ends child processes and connections. */
  close(): Promise<void>
}
