import type { LockHolder } from '../../model/results/runs.js'
import type { RecordedProof } from './proofs.js'

export interface LockRequest {
  app: string
  namespace: string
  /** The command as typed, told to others who want the app: `shift echo 50`. */
  command: string
  /** Who runs it, `user@host`. */
  who: string
  /** The run of a runbook that it belongs to. */
  runId?: string
  /** Aborted by Ctrl-C: the waiting ends, with CanaryError `interrupted` or `terminated`. */
  signal?: AbortSignal
  /** How long to wait for another operator, milliseconds; 0 tells at once that it is busy. */
  waitMs: number
  /** Ask a holder that lives to stop before its next upgrade, and wait until it did (`abort`). */
  preempt: boolean
  /** Take the app at once, whoever holds it and however alive they are (`abort --break-lock`). */
  breaks?: boolean
  /** Called when there is somebody to wait for. */
  waiting: (holder: LockHolder) => void
}

/** The one operator's hold on an app. */
export interface AppLock {
  /**
   * Why there is no Lease though the app was taken (the user may not write Leases), a sentence; undefined while one is
   * held, or where there can't be one (the namespace is still to come).
   */
  readonly unavailable?: string
  /** Whether the holder before this one was on this host and died: a helm that it started may still run. */
  readonly tookOverFromDead: boolean
  /** From whom it was taken although they lived; they learn of it before their next upgrade. */
  readonly brokenFrom?: LockHolder
  /** Aborted when the hold was lost, or an `abort` asked for it; the reason is the CanaryError to throw. */
  readonly lost: AbortSignal
  /** Compare-and-swap right before an upgrade: throws the error of `lost` where the hold is no longer ours. */
  confirm(): Promise<void>
  /** Keeps what a revision's proof came to with the Lease, written when next it is. */
  record(proof: RecordedProof): void
  /** Gives the app back, whatever happened; never throws. */
  release(): Promise<void>
  /**
   * Gives the app back and deletes its Lease with all notes, once the app is gone; never throws. Resolves with whether no
   * Lease is left: without the permission to delete it, it stays, held by nobody.
   */
  remove(): Promise<boolean>
}

/** Who may change an app: one operator at a time. */
export interface Locks {
  /** Takes the app for one operator. Throws CanaryError `busy` (exit 10), naming the holder, when `waitMs` is over. */
  lock(request: LockRequest): Promise<AppLock>

  /** Who holds the app, or held it and died; undefined where nobody does, or the Lease may not be read. */
  lockHolder(app: string, namespace: string): Promise<LockHolder | undefined>
}
