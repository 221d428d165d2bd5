import type { Stage } from '../stage.js'
import type { AppNeighbour } from './ownership.js'
import type { Autoscaled, Autoscaler, Controller, Difference } from './drift.js'
import type { LockHolder, RunWait } from './runs.js'
import type { VersionPods } from '../events/events.js'

/** The stage of one app, read without sending a probe. */
export interface AppStatus {
  app: string
  namespace: string
  stage: Stage
  revision?: number
  /** ISO time of the deployed revision. */
  updated?: string
  description?: string
  chart?: string
  /** A failed or pending revision newer than the deployed one. */
  unfinished?: { revision: number; status: string; description: string }
  versions: VersionPods[]
  /** Whether anything but canary made the deployed revision. */
  byHand: boolean
  /** Drift of that revision's objects. */
  differences: Difference[]
  /** Autoscalers of the app's Deployments, and those that have set another number of pods than the release. */
  autoscalers: Autoscaler[]
  autoscaled: Autoscaled[]
  /** Controllers that apply the release by themselves, and would revert each step. */
  controller?: Controller
  /** Orphans: Deployments of the release that a failed helm left; its values do not name their versions. */
  orphans: string[]
  /** Workloads of others whose pods carry the app's labels. */
  neighbours: AppNeighbour[]
  /** Whether the namespace is being deleted. */
  namespaceIsGoing: boolean
  /** What a run waits for before it continues. */
  waiting?: RunWait
  /** Another operator who works on the app right now. */
  holder?: LockHolder
  next: string[]
  undo?: string
}

/** One line of the list of apps. */
export interface AppSummary {
  app: string
  namespace: string
  stage: Stage
  revision?: number
  updated?: string
  unfinished?: { revision: number; status: string; description: string }
}
