import type { Approval, LockHolder, RunStart, RunWait } from '../../model/results/runs.js'

/** What the app's Lease says of who is at work on it. */
export interface RunNotes {
  holder?: LockHolder
  waiting?: RunWait
  started?: RunStart
}

/** What an app's Lease keeps of runs of runbooks: who started one, what it waits for, and who approved. */
export interface Runs {
  /** What the app's Lease says of runs; empty where there is none, or it may not be read. */
  runNotes(app: string, namespace: string): Promise<RunNotes>

  /** The same of every app, or of those of one namespace. Throws ExternalError where Leases may not be listed. */
  allRunNotes(namespace?: string): Promise<(RunNotes & { app: string; namespace: string })[]>

  /** Keeps what a run waits for with the app's Lease; of one wait the time it began. Throws where Leases may not be written. */
  noteWait(app: string, namespace: string, wait: RunWait): Promise<void>

  /** Removes what the run of this id waits for. Throws where Leases may not be written. */
  clearWait(app: string, namespace: string, run: string): Promise<void>

  /** Keeps who started a run with the app's Lease. Throws where Leases may not be written. */
  noteStart(app: string, namespace: string, start: RunStart): Promise<void>

  /** The user's name as the API server gives it (SelfSubjectReview); undefined where it gives none. */
  identity(): Promise<string | undefined>

  /** Approvals kept with the app's Lease; empty where there are none, or they may not be read. */
  approvals(app: string, namespace: string): Promise<Approval[]>

  /** Keeps an approval with the app's Lease. Throws ExternalError where Leases may not be written. */
  approve(app: string, namespace: string, approval: Approval): Promise<void>
}
