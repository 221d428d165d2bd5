/** Who holds an app, as its Lease says. */
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
  /** Its process is gone, or it gave no sign of life for a minute by this host's clock. Whoever takes the app looks closer. */
  isDead?: boolean
}

/** Somebody's yes to go on with a run: it holds for one step, and only as long as the release stays as it was. */
export interface Approval {
  run: string
  step: string
  /** The release's revision that was looked at. */
  revision: number
  /** `user@host`, as that host says. */
  who: string
  /** Name of the approver that the API server gave; absent where it gave none. */
  identity?: string
  why: string
  /** ISO time. */
  at: string
}

/** What a run waits for before it goes on with an app, kept with the app's Lease until it does. */
export interface RunWait {
  /** Id of the run, and what it is called. */
  run: string
  name: string
  /** The command that goes on: `canary run rollout.yaml --var to=v2`. */
  command: string
  /** Id of the step, and what it does. */
  step: string
  title: string
  kind: 'approval' | 'pause' | 'window'
  /** What is asked, or which window: `Does it work?`, `the window office (2026-11-23 09:00 Europe/Berlin)`. */
  message: string
  /** ISO times; `until`: when it goes on by itself, or nobody may approve any more. */
  since: string
  until?: string
  /** The release's revision meanwhile: once there is another, nobody waits any more. */
  revision: number
  /** The approver has to be another than who started the run. */
  by?: 'other'
}

/** Who started a run, kept with the app's Lease where a step of it wants another to approve. */
export interface RunStart {
  run: string
  /** `user@host`, and the name that the API server gave. */
  who: string
  identity?: string
  /** ISO time. */
  at: string
}

/** An app that a run is at work on, or waits before. */
export interface WaitingRun {
  app: string
  namespace: string
  waiting?: RunWait
  started?: RunStart
  /** Whoever holds the app right now. */
  holder?: LockHolder
}

export interface ApproveResult {
  approved: (Approval & { app: string; namespace: string })[]
  /** Commands that go on. */
  next: string[]
}
