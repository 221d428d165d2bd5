import type { Verdict } from '../verify/expectation.js'
import type { ReleaseStatus } from '../release.js'
import type { Stage } from '../stage.js'

/** One revision of a release as an event of a rollout. */
export interface HistoryEntry {
  revision: number
  /** ISO time. */
  when: string
  status: ReleaseStatus
  /** The stage of its values; absent if the record is unreadable. */
  stage?: Stage
  /** Percent of the regular requests that go to the canary; absent without a canary route. */
  weight?: number
  /** What happened, one line. */
  what: string
  /** Canary's own revisions: the command as typed, without `canary`, and what this step of it did. */
  command?: string
  step?: string
  /** `user@host`; absent if the record does not name them. */
  who?: string
  /** The run of a runbook that made it, and the id of its step. */
  run?: { id: string; step: string }
  /** Verdict of the revision's proof; `unverified` if somebody continued without one, with a reason. */
  proof: Verdict | 'unverified' | 'not recorded'
  /** Absent if unknown: Helm overwrites the description of a failed revision. */
  byCanary?: boolean
}

/** Revisions that Helm no longer keeps, both ends included. */
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
  /** Number of older revisions beyond the limit. */
  older: number
}
