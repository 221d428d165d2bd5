import type { Verdict } from '../../model/verify/expectation.js'

/** The verdict of one revision's verification, kept in the app's Lease. */
export interface RecordedProof {
  revision: number
  verdict: Verdict
  /** ISO time. */
  at: string
  /** Who ran it: `user@host`. */
  who: string
}

/** Who ran a rollback, kept in the app's Lease: Helm accepts no description for one. */
export interface RecordedRollback {
  /** The revision that the rollback made. */
  revision: number
  /** The command as typed: `shift echo 50`. */
  command: string
  /** `user@host`. */
  who: string
  /** ISO time. */
  at: string
}

/** What an app's Lease keeps about its revisions: proofs and rollbacks. */
export interface Proofs {
  /** Proofs kept in the app's Lease, by revision; empty if there are none, or they may not be read. */
  recordedProofs(app: string, namespace: string): Promise<RecordedProof[]>

  /** Records a proof in the app's Lease, whoever holds it. Throws if Leases may not be written. */
  keepProof(app: string, namespace: string, proof: RecordedProof): Promise<void>

  /** Rollbacks kept in the app's Lease; empty if there are none, or they may not be read. */
  recordedRollbacks(app: string, namespace: string): Promise<RecordedRollback[]>

  /** Records who ran a rollback in the app's Lease, whoever holds it. Throws if Leases may not be written. */
  keepRollback(app: string, namespace: string, rollback: RecordedRollback): Promise<void>
}
