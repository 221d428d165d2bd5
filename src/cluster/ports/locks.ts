import type { LockHolder } from '../../model/results/runs.js'
import type { RecordedProof } from './proofs.js'

export interface LockRequest {
  app: string
  namespace: string
  /** The command as typed, shown to others who want the app: `shift echo 50`. */
  command: string
  /** Who runs it, `user@host`. */
  who: string
  /** The run of a runbook that it belongs to. */
  runId?: string
  /** Aborted by Ctrl-C: the waiting ends, with CanaryError `interrupted` or `terminated`. */
  signal?: AbortSignal
  /** How long to wait for another operator, milliseconds; with 0, a busy app is reported at once. */
  waitMs: number
  /** Ask a live holder to stop before its next upgrade, and wait until it did (`abort`). */
  preempt: boolean
  /** Take the app at once, even from a live holder (`abort --break-lock`). */
  breaks?: boolean
  /** Called when there is somebody to wait for. */
  waiting: (holder: LockHolder) => void
}

/** The one operator's hold on an app. */
export interface AppLock {
  /**
   * Why there is no Lease although the app was taken (the user may not write Leases), a sentence; undefined while one
   * is held, or if the namespace does not exist yet.
   */
  readonly unavailable?: string
  /** Whether the holder before this one ran on this host and died: its helm may still run. */
  readonly tookOverFromDead: boolean
  /** The live holder it was taken from; they notice before their next upgrade. */
  readonly brokenFrom?: LockHolder
  /** Aborted when the hold is lost, or claimed by an `abort`; the reason is the CanaryError to throw. */
  readonly lost: AbortSignal
  /** Compare-and-swap right before an upgrade: throws the error of `lost` if the hold is no longer ours. */
  confirm(): Promise<void>
  /** Records the verdict of a revision's verification in the Lease, at its next write. */
  record(proof: RecordedProof): void
  /** Releases the app, whatever happened; never throws. */
  release(): Promise<void>
  /**
   * Releases the app and deletes its Lease with all notes, once the app is gone; never throws. Resolves with whether no
   * Lease is left: without the permission to delete it, it stays without a holder.
   */
  remove(): Promise<boolean>
}

/** Who may change an app: one operator at a time. */
export interface Locks {
  /** Takes the app for one operator. Throws CanaryError `busy` (exit 10), naming the holder, after `waitMs`. */
  lock(request: LockRequest): Promise<AppLock>

  /** The app's holder, alive or dead; undefined if there is none, or the Lease may not be read. */
  lockHolder(app: string, namespace: string): Promise<LockHolder | undefined>
}
