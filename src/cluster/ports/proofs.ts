import type { Verdict } from '../../model/expectation.js'

/** What the proof of one revision came to, kept with the app's Lease. */
export interface RecordedProof {
  revision: number
  verdict: Verdict
  /** ISO time. */
  at: string
  /** Who ran it: `user@host`. */
  who: string
}

/** Who had Helm roll back, kept with the app's Lease: Helm takes no description of a rollback. */
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

/** What an app's Lease keeps of its revisions: proofs and rollbacks. */
export interface Proofs {
  /** Proofs kept with the app's Lease, by revision; empty where there are none, or they may not be read. */
  recordedProofs(app: string, namespace: string): Promise<RecordedProof[]>

  /** Keeps what a proof came to with the app's Lease, whoever holds it. Throws where Leases may not be written. */
  keepProof(app: string, namespace: string, proof: RecordedProof): Promise<void>

  /** Rollbacks kept with the app's Lease; empty where there are none, or they may not be read. */
  recordedRollbacks(app: string, namespace: string): Promise<RecordedRollback[]>

  /** Keeps who had Helm roll back with the app's Lease, whoever holds it. Throws where Leases may not be written. */
  keepRollback(app: string, namespace: string, rollback: RecordedRollback): Promise<void>
}
