import { type Cluster, EMPTY_CONFIG, type ProxyConfig } from './routes.js'

/** An address a cluster's requests can go to. */
export interface Endpoint {
  ip: string
  port: number
  labels: Record<string, string>
}

/** What a proxy serves from: routes and endpoints, each replaced as a whole. */
export interface ProxyState {
  config: ProxyConfig
  endpoints: Map<string, Endpoint[]>
}

/** What is sent to a proxy, each kind separately. */
export type Update = 'routes' | 'endpoints'

/** A configuration for a proxy, and what the proxy does with it. */
export interface ProxyUpdate {
  config: ProxyConfig
  /** The proxy rejects the routes of this update and keeps its present ones, of every team. */
  refused: boolean
  /** Names of virtual hosts rejected before they reach it: the proxy keeps what it has of them. */
  rejectedHosts: ReadonlySet<string>
}

/** Where a proxy's configuration comes from. */
export interface FeedSource {
  /** Undefined if nothing has changed. */
  update(): ProxyUpdate | undefined
  endpointsOf(cluster: Cluster): Endpoint[]
  /** From a change until this proxy serves it, drawn each time; milliseconds. */
  delayMs(what: Update): number
  /** Whether this proxy currently accepts no routes. */
  isStuck(): boolean
}

/** Sends routes and endpoints to one proxy. */
export class ProxyFeed {
  readonly state: ProxyState = { config: EMPTY_CONFIG, endpoints: new Map() }
  /** Updates of routes that the proxy accepted and rejected; a stuck one gets none. */
  readonly updates = { accepted: 0, rejected: 0 }
  /** Called after each change of the state. */
  onChange: () => void = () => undefined
  private readonly pending: Partial<Record<Update, NodeJS.Timeout>> = {}
  private hasMissedRoutes = false

  /** A starting proxy waits for its first routes: it is not ready without them. */
  constructor(private readonly source: FeedSource) {
    this.takeRoutes()
  }

  /** A change joins the pending update, as in Gloo's snapshots. */
  schedule(what: Update): void {
    this.pending[what] ??= setTimeout(() => {
      this.pending[what] = undefined
      if (what === 'routes') this.takeRoutes()
      else this.takeEndpoints()
      this.onChange()
    }, this.source.delayMs(what))
  }

  /** Applies the routes it missed, if it is no longer stuck. */
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
    // Envoy rejects routes only: clusters are sent separately.
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

/** What determines a cluster's endpoints. */
function addressesOf(cluster: Cluster | undefined): string {
  const { serviceNamespace, serviceName, servicePort, selector } = cluster ?? {}
  return JSON.stringify([serviceNamespace, serviceName, servicePort, selector])
}
