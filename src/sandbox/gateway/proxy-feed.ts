import { type Cluster, EMPTY_CONFIG, type ProxyConfig } from './routes.js'

/** An address a cluster's requests can go to. */
export interface Endpoint {
  ip: string
  port: number
  labels: Record<string, string>
}

/** What a proxy serves from: routes and endpoints, each replaced whole. */
export interface ProxyState {
  config: ProxyConfig
  endpoints: Map<string, Endpoint[]>
}

/** What travels to a proxy, each on a way of its own. */
export type Update = 'routes' | 'endpoints'

/** A configuration for a proxy, and what the proxy makes of it. */
export interface ProxyUpdate {
  config: ProxyConfig
  /** The proxy refuses the routes of this update and keeps those it has, of every team. */
  refused: boolean
  /** Names of virtual hosts that are rejected before they reach it: the proxy keeps what it has of them. */
  rejectedHosts: ReadonlySet<string>
}

/** Where a proxy's configuration comes from. */
export interface FeedSource {
  /** Undefined if there is nothing new: all stays as it was. */
  update(): ProxyUpdate | undefined
  endpointsOf(cluster: Cluster): Endpoint[]
  /** From a change until this proxy serves it, drawn anew each time; milliseconds. */
  delayMs(what: Update): number
  /** Whether this proxy takes no routes at the moment. */
  isStuck(): boolean
}

/** The way of routes and endpoints to one proxy. */
export class ProxyFeed {
  readonly state: ProxyState = { config: EMPTY_CONFIG, endpoints: new Map() }
  /** Updates of routes that the proxy took, and those it refused; one that is stuck knows of none. */
  readonly updates = { accepted: 0, rejected: 0 }
  private readonly pending: Partial<Record<Update, NodeJS.Timeout>> = {}
  private hasMissedRoutes = false

  /** A proxy that starts waits for its first routes: it is not ready without them. */
  constructor(private readonly source: FeedSource) {
    this.takeRoutes()
  }

  /** A change joins the update under way, if one is: as Gloo's snapshots gather changes. */
  schedule(what: Update): void {
    this.pending[what] ??= setTimeout(() => {
      this.pending[what] = undefined
      if (what === 'routes') this.takeRoutes()
      else this.takeEndpoints()
    }, this.source.delayMs(what))
  }

  /** Takes the routes it missed, if nothing holds it any more. */
  catchUp(): void {
    if (this.hasMissedRoutes && !this.source.isStuck()) this.schedule('routes')
  }

  close(): void {
    for (const timer of Object.values(this.pending)) clearTimeout(timer)
  }

  private takeRoutes(): void {
    const { state, source, updates } = this
    const update = source.update()
    if (!update) return
    const { config, refused, rejectedHosts } = update
    const { virtualHosts: kept, clusters: before } = state.config
    this.hasMissedRoutes = source.isStuck()
    if (!this.hasMissedRoutes) updates[refused ? 'rejected' : 'accepted'] += 1
    const virtualHosts =
      refused || this.hasMissedRoutes
        ? kept
        : [
            ...config.virtualHosts.filter(({ name }) => !rejectedHosts.has(name)),
            ...kept.filter(({ name }) => rejectedHosts.has(name)),
          ]
    // Envoy refuses routes only: clusters come to it on another way.
    state.config = { ...config, virtualHosts }
    for (const [name, cluster] of config.clusters) {
      const isSame = state.endpoints.has(name) && addressesOf(before.get(name)) === addressesOf(cluster)
      if (!isSame) state.endpoints.set(name, source.endpointsOf(cluster))
    }
  }

  private takeEndpoints(): void {
    const { state, source } = this
    state.endpoints = new Map(
      [...state.config.clusters.values()].map((cluster) => [cluster.name, source.endpointsOf(cluster)]),
    )
  }
}

/** What decides where a cluster's endpoints come from. */
function addressesOf(cluster: Cluster | undefined): string {
  const { serviceNamespace, serviceName, servicePort, selector } = cluster ?? {}
  return JSON.stringify([serviceNamespace, serviceName, servicePort, selector])
}
