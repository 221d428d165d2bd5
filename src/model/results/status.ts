import type { Stage } from '../stage.js'
import type { AppNeighbour } from './ownership.js'
import type { Autoscaled, Autoscaler, Controller, Difference } from './drift.js'
import type { LockHolder, RunWait } from './runs.js'
import type { VersionPods } from '../events.js'

/** Where one app stands, read without sending a probe. */
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
  /** Whether the deployed revision was made by other means than canary. */
  byHand: boolean
  /** What others changed of the objects that revision deployed. */
  differences: Difference[]
  /** Autoscalers of the app's Deployments, and those that have set another number than was deployed. */
  autoscalers: Autoscaler[]
  autoscaled: Autoscaled[]
  /** What applies the release by itself, and would undo what canary does. */
  controller?: Controller
  /** The release's Deployments that a failed helm left behind: its values do not name their versions. */
  orphans: string[]
  /** Workloads of others whose pods carry the app's labels. */
  neighbours: AppNeighbour[]
  /** Whether the namespace is being deleted. */
  namespaceIsGoing: boolean
  /** What a run waits for before it goes on from here. */
  waiting?: RunWait
  /** Another operator at work on the app right now. */
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
