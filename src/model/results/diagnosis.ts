import type { DomainConflict, RouteOverlap } from './overlaps.js'
import type { Neighbour } from './ownership.js'

/** How sure a cause is: `certain` is proven by what was looked at, `likely` and `possible` are told from answers. */
export type Certainty = 'certain' | 'likely' | 'possible'

/** Why a check did not pass. */
export interface Cause {
  /** Stays the same over releases: for scripts. */
  id: string
  /** One clause: `the Upstream's servicePort 8080 is not a port of Service echo`. */
  title: string
  /** What shows it, a line each. */
  evidence: string[]
  /** What to do about it, a line each; commands where there are some. */
  remedy: string[]
  certainty: Certainty
}

export type GlooState = 'Pending' | 'Accepted' | 'Rejected' | 'Warning'

/** What Gloo says of one object. */
export interface GlooStatus {
  state: GlooState
  reason: string
  /** What it says of the proxy's configuration: it is shared, so another team's fault shows here, too. */
  proxy?: { state: GlooState; reason: string }
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
  upstream: ObjectRef
  /** The version of its subset. */
  version?: string
  /** Undefined where it is the only destination. */
  weight?: number
}

export interface SnapshotTable extends ObjectRef {
  /** Gloo sorts by it, the lowest first. */
  weight: number
  routes: SnapshotRoute[]
  status: GlooStatus
}

/** A VirtualService's route that delegates. */
export interface SnapshotDelegation {
  virtualService: ObjectRef
  domains: string[]
  /** Prefix of the paths it delegates. */
  prefix: string
  /** The tables it selects. */
  tables: ObjectRef[]
}

export interface SnapshotUpstream extends ObjectRef {
  /** False where a route leads to it and it is not there. */
  exists: boolean
  service?: ObjectRef
  servicePort?: number
  /** Ports of that Service; undefined where there is no such Service, or it could not be looked at. */
  servicePorts?: number[]
  serviceExists?: boolean
  /** Keys of its subsets, each sorted; empty where it has none. */
  subsetKeys: string[][]
  /** `ANY_ENDPOINT` unless said otherwise. */
  fallbackPolicy: string
  status: GlooStatus
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
  /** Requests of the app's Upstream that another subset answered, and those that were sent anew. */
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
  /** Others whose pods carry the app's labels: Service and Upstream select them, too. */
  neighbours?: Neighbour[]
  /** The app's RouteTable; null where it is not there. */
  table?: SnapshotTable | null
  /** The RouteTables of everybody else. */
  otherTables?: SnapshotTable[]
  delegations?: SnapshotDelegation[]
  /** Routes of the app and of others that can take the same request. */
  overlaps?: RouteOverlap[]
  /** Domains that several VirtualServices have, one of them the app's. */
  domainConflicts?: DomainConflict[]
  upstreams?: SnapshotUpstream[]
  proxies?: SnapshotProxy[]
  couldNotLook: string[]
}

export interface SnapshotRelease {
  revision: number
  apiGroup?: string
  /** Names of the canary headers. */
  headers: string[]
  /** Fingerprint of the wanted routes. */
  fingerprint?: string
}
