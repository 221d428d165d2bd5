import type { Verdict } from '../expectation.js'
import type { ReleaseStatus } from '../release.js'
import type { Stage } from '../stage.js'

/** One revision of a release as an event of a rollout. */
export interface HistoryEntry {
  revision: number
  /** ISO time. */
  when: string
  status: ReleaseStatus
  /** The stage that its values stand for; absent where the record can't be read. */
  stage?: Stage
  /** Percent of the regular requests that go to the canary; absent without a canary route. */
  weight?: number
  /** What happened, one line. */
  what: string
  /** Canary's own revisions: the command as typed, without `canary`, and what this step of it did. */
  command?: string
  step?: string
  /** `user@host`; absent where the record doesn't say. */
  who?: string
  /** The run of a runbook that made it, and the id of its step. */
  run?: { id: string; step: string }
  /** What the proof of the revision came to: `unverified` where somebody went on without one, and said why. */
  proof: Verdict | 'unverified' | 'not recorded'
  /** Absent where it can't be told: Helm writes its own text over the description of a revision that failed. */
  byCanary?: boolean
}

/** Revisions that Helm keeps no more, both ends included. */
export interface HistoryGap {
  from: number
  to: number
}

/** A release's revisions, oldest first, and which of them are gone. */
export interface RolloutHistory {
  entries: HistoryEntry[]
  gaps: HistoryGap[]
}

/** The newest revisions of a release as events, oldest first. */
export interface AppHistory extends RolloutHistory {
  app: string
  namespace: string
  /** How many older revisions there are that were not asked for. */
  older: number
}
