import type { Stage } from '../stage.js'
import type { ObjectName } from './drift.js'

/** What uninstalling an app removes, and what it leaves. */
export interface Removal {
  /** In the app's namespace, with the marks of its Helm release. */
  objects: ObjectName[]
  /** What stays, a phrase each with the reason. */
  stays: string[]
}

/** Requests to an app over a while, by the counters that the proxies keep for it. */
export interface IdleProof {
  /** How long the counters were watched, milliseconds. */
  watchedMs: number
  /** Requests that reached the app meanwhile: 0 is the proof. */
  requests: number
  /** Probes sent once the routes were gone, none of which reached the app. */
  probes: number
}

export interface UninstallResult extends Removal {
  app: string
  namespace: string
  dryRun: boolean
  changed: boolean
  /** Where the app stood. */
  from: Stage
  /** The stage now. */
  stage: Stage
  /** Helm's command lines. */
  commands: string[]
  /** That nobody sends it requests; absent in a dry run, and without the proof. */
  proof?: IdleProof
  unverified?: string
  next: string[]
}
