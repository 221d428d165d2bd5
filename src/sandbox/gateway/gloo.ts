import type { KubeObject, ResourceType } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../api-server/store.js'
import type { FaultRegistry } from '../faults.js'
import type { Random } from '../random.js'
import { EMPTY_CONFIG, type Cluster, type ProxyConfig } from './routes.js'
import { type Report, statusField } from './statuses.js'
import { translate, type Translation } from './translate.js'

/** An address a cluster's requests can go to. */
export interface Endpoint {
  ip: string
  port: number
  labels: Record<string, string>
}

/** What the proxy serves from: routes and endpoints, each replaced whole. */
export interface ProxyState {
  config: ProxyConfig
  endpoints: Map<string, Endpoint[]>
}

export interface GlooOptions {
  /** Bounds of the time from a change to the proxy serving it, milliseconds. */
  routesMs: [number, number]
  endpointsMs: [number, number]
  random?: Random
}

const STATUS_KINDS: Record<string, ResourceType> = {
  VirtualService: RESOURCES.virtualservices,
  RouteTable: RESOURCES.routetables,
  Upstream: RESOURCES.upstreams,
}
const ROUTE_KINDS = new Set<unknown>(Object.values(STATUS_KINDS))
const ENDPOINT_KINDS = new Set<unknown>([RESOURCES.endpoints, RESOURCES.services, RESOURCES.upstreams])

/**
 * The control plane: watches the Gloo resources and Endpoints, writes statuses, and brings routes and endpoints to the
 * proxy on their separate ways, some time after the change.
 */
export class Gloo {
  readonly state: ProxyState = { config: EMPTY_CONFIG, endpoints: new Map() }
  private readonly unsubscribe: () => void
  private readonly pending: { routes?: NodeJS.Timeout; endpoints?: NodeJS.Timeout } = {}

  constructor(
    private readonly store: ObjectStore,
    private readonly faults: FaultRegistry,
    private readonly options: GlooOptions,
  ) {
    this.unsubscribe = store.subscribe((event) => this.changed(event))
    this.schedule('routes')
  }

  close(): void {
    this.unsubscribe()
    clearTimeout(this.pending.routes)
    clearTimeout(this.pending.endpoints)
  }

  private changed({ type, resource, object, previous }: StoreEvent): void {
    if (ROUTE_KINDS.has(resource)) {
      // Its own status writes come back here: they change nothing that is translated.
      const same =
        type === 'MODIFIED' &&
        previous &&
        JSON.stringify([previous.spec, previous.metadata.labels]) ===
          JSON.stringify([object.spec, object.metadata.labels])
      if (!same) this.schedule('routes')
    }
    if (ENDPOINT_KINDS.has(resource)) this.schedule('endpoints')
  }

  /** A change joins the update under way to the proxy, if one is: as Gloo's snapshots gather changes. */
  private schedule(what: 'routes' | 'endpoints'): void {
    if (this.pending[what]) return
    const ordered = this.faults.of('propagation')[0]?.ms
    const [low, high] = what === 'routes' ? this.options.routesMs : this.options.endpointsMs
    const { random = Math.random } = this.options
    const delay = ordered ?? low + random() * (high - low)
    this.pending[what] = setTimeout(() => {
      this.pending[what] = undefined
      if (what === 'routes') this.updateRoutes()
      else this.updateEndpoints()
    }, delay)
  }

  private updateRoutes(): void {
    const { state } = this
    const translation = this.translation()
    if (!translation) return
    const { config, reports, refused, rejectedHosts } = translation
    const kept = state.config.virtualHosts
    const virtualHosts = refused
      ? kept
      : [
          ...config.virtualHosts.filter(({ name }) => !rejectedHosts.has(name)),
          ...kept.filter(({ name }) => rejectedHosts.has(name)),
        ]
    // Envoy refuses routes only: clusters come to it on another way.
    state.config = { clusters: config.clusters, virtualHosts }
    for (const [name, cluster] of config.clusters) {
      if (!state.endpoints.has(name)) state.endpoints.set(name, this.endpointsOf(cluster))
    }
    for (const [object, report] of reports) this.writeStatus(object, report)
  }

  /** Undefined where a field the API does not check has a shape that Gloo's own CRDs would refuse: all stays as it was. */
  private translation(): Translation | undefined {
    const { store } = this
    try {
      return translate({
        virtualServices: store.list(RESOURCES.virtualservices),
        routeTables: store.list(RESOURCES.routetables),
        upstreams: store.list(RESOURCES.upstreams),
      })
    } catch (error) {
      process.stderr.write(
        `gloo: a resource cannot be translated, the routes stay as they are: ${String(error)}\n`,
      )
      return undefined
    }
  }

  private writeStatus(object: KubeObject, report: Report): void {
    const resource = STATUS_KINDS[object.kind]
    const current = resource && this.store.get(resource, object.metadata.namespace, object.metadata.name)
    if (current) this.store.update(resource, { ...current, status: statusField(report) })
  }

  private updateEndpoints(): void {
    const { state } = this
    state.endpoints = new Map(
      [...state.config.clusters.values()].map((cluster) => [cluster.name, this.endpointsOf(cluster)]),
    )
  }

  /** Gloo's rule: the Service's port must be the Upstream's servicePort to the digit; else there is no endpoint. */
  private endpointsOf({ serviceNamespace, serviceName, servicePort, selector }: Cluster): Endpoint[] {
    const service = this.store.get(RESOURCES.services, serviceNamespace, serviceName)
    const ports: { name?: string; port: number }[] = service?.spec.ports ?? []
    const port = ports.find((one) => one.port === servicePort)
    if (!port) return []
    const endpoints = this.store.get(RESOURCES.endpoints, serviceNamespace, serviceName)
    return (endpoints?.subsets ?? []).flatMap((subset: any) => {
      const target =
        ports.length === 1 ? subset.ports[0] : subset.ports.find((one: any) => one.name === port.name)
      return (subset.addresses ?? []).flatMap(({ ip, targetRef }: any): Endpoint[] => {
        const pod = this.store.get(RESOURCES.pods, serviceNamespace, targetRef?.name)
        const labels = pod?.metadata.labels ?? {}
        const selected = Object.entries(selector).every(([name, value]) => labels[name] === value)
        return selected && target ? [{ ip, port: target.port, labels }] : []
      })
    })
  }
}
