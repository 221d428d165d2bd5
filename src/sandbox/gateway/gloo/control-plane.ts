import type { KubeObject, ResourceType } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../../api-server/store.js'
import type { FaultRegistry } from '../../faults.js'
import type { Random } from '../../random.js'
import type { Endpoint, ProxyFeed } from '../proxy-feed.js'
import { between, ProxyFeeds } from '../proxy-feeds.js'
import type { Cluster } from '../routes.js'
import { type Report, statusField } from './statuses.js'
import { translate, type Translation } from './translate.js'

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
 * The control plane: watches the Gloo resources and Endpoints, writes statuses, and sends routes and endpoints to every
 * proxy, each some time after the change.
 */
export class Gloo {
  private readonly feeds: ProxyFeeds
  private readonly unsubscribe: () => void
  private statusesAreDue = true
  /** Without a proxy that asks for routes, statuses are still written. */
  private statusTimer?: NodeJS.Timeout

  constructor(
    private readonly store: ObjectStore,
    faults: FaultRegistry,
    { routesMs, endpointsMs, random = Math.random }: GlooOptions,
  ) {
    this.feeds = new ProxyFeeds(faults, {
      update: () => this.update(),
      endpointsOf: (cluster) => this.endpointsOf(cluster),
      delayMs: (what) => between(what === 'routes' ? routesMs : endpointsMs, random),
    })
    this.unsubscribe = store.subscribe((event) => this.changed(event))
    this.scheduleRoutes()
  }

  connect(name: string): ProxyFeed {
    return this.feeds.connect(name)
  }

  disconnect(name: string): void {
    this.feeds.disconnect(name)
  }

  close(): void {
    this.unsubscribe()
    this.feeds.close()
    clearTimeout(this.statusTimer)
  }

  private changed({ type, resource, object, previous }: StoreEvent): void {
    if (ROUTE_KINDS.has(resource)) {
      // Its own status writes arrive here, too: they change nothing that is translated.
      const same =
        type === 'MODIFIED' &&
        previous &&
        JSON.stringify([previous.spec, previous.metadata.labels]) ===
          JSON.stringify([object.spec, object.metadata.labels])
      if (!same) this.scheduleRoutes()
    }
    if (ENDPOINT_KINDS.has(resource)) this.feeds.schedule('endpoints')
  }

  private scheduleRoutes(): void {
    this.feeds.schedule('routes')
    this.statusesAreDue = true
    if (this.feeds.count > 0) return // the first proxy's update brings the statuses
    this.statusTimer ??= setTimeout(() => {
      this.statusTimer = undefined
      this.update()
    }, this.feeds.delayMs('routes'))
  }

  /** The proxies' current configuration; statuses are written once per change. */
  private update(): Translation | undefined {
    const translation = this.translation()
    if (translation && this.statusesAreDue) {
      this.statusesAreDue = false
      for (const [object, report] of translation.reports) this.writeStatus(object, report)
    }
    return translation
  }

  /** Undefined if an unchecked field has a form that Gloo's own CRDs would reject: nothing changes. */
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

  /** Gloo's rule: the Upstream's servicePort must equal the Service's port; otherwise there is no endpoint. */
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
