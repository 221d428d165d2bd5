import type { ObjectRef, SnapshotRoutes } from '../../model/results/diagnosis.js'

export type GlooState = 'Pending' | 'Accepted' | 'Rejected' | 'Warning'

/** Gloo's status of one object. */
export interface GlooStatus {
  state: GlooState
  reason: string
  /** Its status of the proxy's configuration: it is shared, so another team's fault shows here, too. */
  proxy?: { state: GlooState; reason: string }
}

export interface TableState extends SnapshotRoutes {
  /** Gloo sorts by it, the lowest first. */
  weight: number
  /** The label by which VirtualServices select it. */
  apiGroup?: string
  status: GlooStatus
}

/** A VirtualService's route that delegates. */
export interface Delegation {
  virtualService: ObjectRef
  domains: string[]
  /** Prefix of the paths it delegates. */
  prefix: string
  /** The tables it selects. */
  tables: ObjectRef[]
}

export interface UpstreamState extends ObjectRef {
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

/** Gloo's objects around an app; undefined fields could not be looked at. */
export interface GlooSnapshot {
  /** The app's RouteTable; null where it is not there. */
  table?: TableState | null
  /** The RouteTables of everybody else. */
  otherTables?: TableState[]
  delegations?: Delegation[]
  upstreams?: UpstreamState[]
}
