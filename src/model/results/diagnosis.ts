import type { DomainConflict, RouteOverlap } from './overlaps.js'
import type { Neighbour } from './ownership.js'

/** How sure a cause is: `certain` is proven by what was looked at, `likely` and `possible` are told from answers. */
export type Certainty = 'certain' | 'likely' | 'possible'

/** Why a check did not pass. */
export interface Cause {
  /** Stays the same over releases: for scripts. */
  id: string
  /** One clause: `connections to the proxy fail at http://localhost:8080`. */
  title: string
  /** What shows it, a line each. */
  evidence: string[]
  /** What to do about it, a line each; commands where there are some. */
  remedy: string[]
  certainty: Certainty
}

export interface ObjectRef {
  namespace: string
  name: string
}

export interface SnapshotRoute {
  /** How the path is matched, and what it has to be. */
  match: 'prefix' | 'exact' | 'regex'
  path: string
  /** Headers that a request must carry besides. */
  headers: { name: string; value: string; regex: boolean }[]
  /** Versions it leads to; empty where it answers by itself, redirects or delegates. */
  destinations: SnapshotDestination[]
  hasAction: boolean
}

export interface SnapshotDestination {
  backend: ObjectRef
  version?: string
  /** Undefined where it is the only destination. */
  weight?: number
}

/** The object with an app's routes. */
export interface SnapshotRoutes extends ObjectRef {
  kind: string
  routes: SnapshotRoute[]
}

/** Other versions answer for one that has no ready pod: what shows it, and how to switch it off. */
export interface SnapshotFallback {
  evidence: string
  remedy: string
}

/** A version's pods, and which of them the Service's endpoints have. */
export interface SnapshotVersion {
  version: string
  ready: number
  wanted: number
  problems: string[]
  /** Addresses in the Service's Endpoints; undefined where they could not be looked at. */
  endpoints?: { ready: number; notReady: number }
}

export interface SnapshotProxy {
  pod: string
  ready: boolean
  /** What its admin interface tells; undefined where that could not be reached. */
  admin?: ProxyAdmin
}

export interface ProxyCounters {
  /** Configurations that it would not take. */
  routesRejected: number
  /** Requests of the app that another version answered than the one chosen, and requests that were retried. */
  fallbacks: number
  retries: number
}

/** Counters since the proxy started, and the configuration it has now. */
export interface ProxyAdmin extends ProxyCounters {
  /** How far the counters went on while the proxy was looked at: what they count besides may be long past. */
  meanwhile: ProxyCounters
  /** Weights by version of the app's weighted routes; empty where it has none. */
  weights: Record<string, number>
  /** Values of the response headers on the app's routes: the fingerprint is among them where it has those routes. */
  headerValues: string[]
}

/** What was looked at around an app, plain data; undefined fields could not be, `couldNotLook` says why. */
export interface Snapshot extends ObjectRef {
  /** What the deployed revision wants. */
  release?: SnapshotRelease
  /** The app's own. */
  versions?: SnapshotVersion[]
  /** Others whose pods carry the app's labels: they are selected, too. */
  neighbours?: Neighbour[]
  /** The app's routes; null if there are none. */
  routes?: SnapshotRoutes | null
  fallback?: SnapshotFallback
  /** Routes of the app and of others that can take the same request. */
  overlaps?: RouteOverlap[]
  /** Domains claimed by several attachments, one of them the app's. */
  domainConflicts?: DomainConflict[]
  proxies?: SnapshotProxy[]
  couldNotLook: string[]
}

export interface SnapshotRelease {
  revision: number
  /** Names of the canary headers. */
  headers: string[]
  /** Fingerprint of the wanted routes. */
  fingerprint?: string
}
