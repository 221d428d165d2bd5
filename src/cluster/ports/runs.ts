import type { Approval, LockHolder, RunStart, RunWait } from '../../model/results/runs.js'

/** Notes about runs in the app's Lease. */
export interface RunNotes {
  holder?: LockHolder
  waiting?: RunWait
  started?: RunStart
}

/** What an app's Lease keeps about runs of runbooks: who started one, what it waits for, and who approved. */
export interface Runs {
  /** Notes about runs in the app's Lease; empty without one, or if it may not be read. */
  runNotes(app: string, namespace: string): Promise<RunNotes>

  /** The same for every app, or those of one namespace. Throws ExternalError if Leases may not be listed. */
  allRunNotes(namespace?: string): Promise<(RunNotes & { app: string; namespace: string })[]>

  /**
   * Records what a run waits for in the app's Lease; an unchanged wait keeps its start. Throws if Leases may not be
   * written.
   */
  noteWait(app: string, namespace: string, wait: RunWait): Promise<void>

  /** Removes the wait of this run. Throws if Leases may not be written. */
  clearWait(app: string, namespace: string, run: string): Promise<void>

  /** Records who started a run in the app's Lease. Throws if Leases may not be written. */
  noteStart(app: string, namespace: string, start: RunStart): Promise<void>

  /** The user's name according to the API server (SelfSubjectReview); undefined if it has none. */
  identity(): Promise<string | undefined>

  /** Approvals kept in the app's Lease; empty if there are none, or they may not be read. */
  approvals(app: string, namespace: string): Promise<Approval[]>

  /** Records an approval in the app's Lease. Throws ExternalError if Leases may not be written. */
  approve(app: string, namespace: string, approval: Approval): Promise<void>
}
