/** Who holds an app, according to its Lease. */
export interface LockHolder {
  /** `user@host`. */
  who: string
  pid: number
  /** The command as typed: `shift echo 50`. */
  command: string
  /** ISO time, by the holder's clock. */
  since: string
  /** The run of a runbook that it belongs to. */
  runId?: string
  /** Its process is gone, or the Lease was not renewed for a minute by this host's clock. Taking the app checks more closely. */
  isDead?: boolean
}

/** Somebody's approval of a run: for one step, and only while the release keeps its revision. */
export interface Approval {
  run: string
  step: string
  /** The release's revision at the approval. */
  revision: number
  /** `user@host`, according to that host. */
  who: string
  /** Name of the approver according to the API server; absent without one. */
  identity?: string
  why: string
  /** ISO time. */
  at: string
}

/** What a run waits for before it continues with an app, kept in the app's Lease meanwhile. */
export interface RunWait {
  /** Id and name of the run. */
  run: string
  name: string
  /** The command that continues: `canary run rollout.yaml --var to=v2`. */
  command: string
  /** Id and title of the step. */
  step: string
  title: string
  kind: 'approval' | 'pause' | 'window'
  /** The question, or the window: `Does it work?`, `the window office (2026-11-23 09:00 Europe/Berlin)`. */
  message: string
  /** ISO times; `until`: when it continues by itself, or approval ends. */
  since: string
  until?: string
  /** The release's revision during the wait: another one ends the wait. */
  revision: number
  /** The approver must not be the person who started the run. */
  by?: 'other'
}

/** Who started a run, kept in the app's Lease if a step must be approved by another person. */
export interface RunStart {
  run: string
  /** `user@host`, and the name according to the API server. */
  who: string
  identity?: string
  /** ISO time. */
  at: string
}

/** An app that a run works on, or waits for. */
export interface WaitingRun {
  app: string
  namespace: string
  waiting?: RunWait
  started?: RunStart
  /** Who holds the app right now. */
  holder?: LockHolder
}

/** The same in a list, with the commands that continue it. */
export interface ListedRun extends WaitingRun {
  next: string[]
}

export interface ApproveResult {
  approved: (Approval & { app: string; namespace: string })[]
  /** Commands that continue. */
  next: string[]
}
