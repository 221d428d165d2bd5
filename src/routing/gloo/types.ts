import type { ObjectRef, SnapshotRoutes } from '../../model/results/diagnosis.js'

export type GlooState = 'Pending' | 'Accepted' | 'Rejected' | 'Warning'

/** Gloo's status of one object. */
export interface GlooStatus {
  state: GlooState
  reason: string
  /** Its status of the proxy's configuration, which is shared: another team's fault shows here, too. */
  proxy?: { state: GlooState; reason: string }
}

export interface TableState extends SnapshotRoutes {
  /** Gloo's order, the lowest first. */
  weight: number
  /** The label by which VirtualServices select it. */
  apiGroup?: string
  status: GlooStatus
}

/** A delegating route of a VirtualService. */
export interface Delegation {
  virtualService: ObjectRef
  domains: string[]
  /** Prefix of the delegated paths. */
  prefix: string
  /** The selected tables. */
  tables: ObjectRef[]
}

export interface UpstreamState extends ObjectRef {
  /** False if a route leads to it but it does not exist. */
  exists: boolean
  service?: ObjectRef
  servicePort?: number
  /** Ports of its Service; undefined if the Service is missing, or could not be read. */
  servicePorts?: number[]
  serviceExists?: boolean
  /** Keys of its subsets, each sorted. */
  subsetKeys: string[][]
  /** Default: `ANY_ENDPOINT`. */
  fallbackPolicy: string
  status: GlooStatus
}

/** Gloo's objects around an app; undefined fields could not be read. */
export interface GlooSnapshot {
  /** The app's RouteTable; null if missing. */
  table?: TableState | null
  /** All other RouteTables. */
  otherTables?: TableState[]
  delegations?: Delegation[]
  upstreams?: UpstreamState[]
}
