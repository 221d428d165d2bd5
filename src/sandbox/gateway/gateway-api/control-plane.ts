import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ResourceType } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../../api-server/store.js'
import type { FaultRegistry } from '../../faults.js'
import type { Random } from '../../random.js'
import type { Endpoint, ProxyFeed, ProxyUpdate } from '../proxy-feed.js'
import { between, ProxyFeeds } from '../proxy-feeds.js'
import type { Cluster, ProxyConfig } from '../routes.js'
import type { Profile } from './profile.js'
import { gatewayClassStatus, gatewayStatus, routeStatus } from './statuses.js'
import { type Snapshot, translate, type Translation } from './translate.js'

export interface GatewayApiOptions {
  profile: Profile
  /** Overrides the profile's. */
  routesMs?: [number, number]
  endpointsMs?: [number, number]
  random?: Random
  /** The address of the proxies; undefined until known. */
  address?: () => string | undefined
  /** Ports of listeners that the proxies cannot open. */
  unavailablePorts?: () => ReadonlySet<number>
}

const { gatewayclasses, gateways, httproutes, referencegrants } = RESOURCES
const { services, endpointslices, namespaces, secrets } = RESOURCES
const ROUTE_PLURALS = new Set<string>(
  [gatewayclasses, gateways, httproutes, referencegrants, services, namespaces].map(({ plural }) => plural),
)
const NO_HOSTS: ReadonlySet<string> = new Set()
/** A status that is written before traffic moves. */
const EARLY_MS = 5

/**
 * The control plane of the Gateway API: watches Gateways, HTTPRoutes and what they refer to, writes statuses, and sends
 * routes and endpoints to every proxy, each with its own delay.
 */
export class GatewayApi {
  private readonly feeds: ProxyFeeds
  private readonly unsubscribe: (() => void)[]
  private readonly good = new Map<string, KubeObject>()
  private clusters: ProxyConfig['clusters'] = new Map()
  private statusTimer?: NodeJS.Timeout

  constructor(
    private readonly store: ObjectStore,
    private readonly faults: FaultRegistry,
    private readonly options: GatewayApiOptions,
  ) {
    const { profile, random = Math.random } = options
    const { routesMs = profile.routesMs, endpointsMs = profile.endpointsMs } = options
    this.feeds = new ProxyFeeds(faults, {
      update: () => this.update(),
      endpointsOf: (cluster) => this.endpointsOf(cluster),
      delayMs: (what) => between(what === 'routes' ? routesMs : endpointsMs, random),
    })
    this.unsubscribe = [
      store.subscribe((event) => this.changed(event)),
      faults.subscribe(() => this.refresh()),
    ]
    this.refresh()
  }

  connect(name: string): ProxyFeed {
    return this.feeds.connect(name)
  }

  disconnect(name: string): void {
    this.feeds.disconnect(name)
  }

  /** Translates everything again, for changes that no object shows. */
  refresh(): void {
    this.feeds.schedule('routes')
    this.scheduleStatuses()
  }

  close(): void {
    for (const end of this.unsubscribe) end()
    this.feeds.close()
    clearTimeout(this.statusTimer)
  }

  private scheduleStatuses(): void {
    const delay = this.options.profile.reportsEarly ? EARLY_MS : this.feeds.delayMs('routes')
    this.statusTimer ??= setTimeout(() => {
      this.statusTimer = undefined
      this.writeStatuses()
    }, delay)
  }

  private changed({ type, resource, object, previous }: StoreEvent): void {
    const { plural } = resource
    if (plural === endpointslices.plural) {
      this.feeds.schedule('endpoints')
      if (this.options.profile.needsSlices) this.feeds.schedule('routes')
      return this.scheduleStatuses()
    }
    if (!ROUTE_PLURALS.has(plural)) return
    // Its own status writes arrive here, too: they change nothing that is translated.
    const isSame =
      type === 'MODIFIED' &&
      isDeepStrictEqual(
        [previous?.spec, previous?.metadata.labels, previous?.metadata.generation],
        [object.spec, object.metadata.labels, object.metadata.generation],
      )
    if (isSame) return
    this.refresh()
    if (plural === services.plural) this.feeds.schedule('endpoints')
  }

  private get isRunning(): boolean {
    return this.faults.of('no-controller').length === 0
  }

  private update(): ProxyUpdate | undefined {
    if (!this.isRunning) return undefined
    const { config } = this.translation()
    const refused = [...this.faults.of('bad-neighbour'), ...this.faults.of('neighbour-weights')].length > 0
    return { config: { ...config, clusters: this.clustersOf(config) }, refused, rejectedHosts: NO_HOSTS }
  }

  /** Includes clusters that no route names any more while their Service exists: a proxy may keep its old routes. */
  private clustersOf({ clusters }: ProxyConfig): ProxyConfig['clusters'] {
    const kept = [...this.clusters].filter(([, { serviceNamespace, serviceName }]) =>
      this.store.get(services, serviceNamespace, serviceName),
    )
    this.clusters = new Map([...kept, ...clusters])
    return this.clusters
  }

  private translation(): Translation {
    const translation = translate(this.snapshot(), this.options.profile)
    for (const { route, findings } of translation.reports)
      if (findings.regexes.length === 0) this.good.set(route.metadata.uid!, route)
    return translation
  }

  private snapshot(): Snapshot {
    const { store, options } = this
    const classes = this.ownClasses().map(({ metadata }) => metadata.name)
    return {
      gateways: store.list(gateways).filter(({ spec }) => classes.includes(spec.gatewayClassName as string)),
      routes: store.list(httproutes),
      grants: store.list(referencegrants),
      namespaces: store.list(namespaces),
      service: (namespace, name) => store.get(services, namespace, name),
      endpoints: (namespace, name) => {
        const slices = this.slicesOf(namespace, name)
        const hasReady = slices.some(({ endpoints = [] }) => (endpoints as any[]).some(isReady))
        return { hasSlice: slices.length > 0, hasReady }
      },
      hasSecret: (namespace, name) => store.get(secrets, namespace, name) !== undefined,
      unavailablePorts: options.unavailablePorts?.() ?? new Set(),
      lastGood: ({ metadata }) => this.good.get(metadata.uid!),
    }
  }

  private ownClasses(): KubeObject[] {
    const { controllerName } = this.options.profile
    return this.store.list(gatewayclasses).filter(({ spec }) => spec.controllerName === controllerName)
  }

  private writeStatuses(): void {
    if (!this.isRunning) return
    const { profile, address } = this.options
    const { reports, listeners } = this.translation()
    for (const one of this.ownClasses()) this.write(gatewayclasses, one, gatewayClassStatus(one, profile))
    const isAddressed = this.faults.of('gateway-without-address').length === 0
    for (const gateway of new Set(listeners.map((listener) => listener.gateway))) {
      const own = listeners.filter((listener) => listener.gateway === gateway)
      const status = gatewayStatus(gateway, own, profile, isAddressed ? address?.() : undefined)
      this.write(gateways, gateway, status)
    }
    for (const report of reports) this.write(httproutes, report.route, routeStatus(report, profile))
  }

  private write(resource: ResourceType, object: KubeObject, status: object | undefined): void {
    if (status) this.store.update(resource, { ...object, status })
  }

  private slicesOf(namespace: string, service: string): KubeObject[] {
    return this.store
      .list(endpointslices, namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
  }

  private endpointsOf({ serviceNamespace, serviceName, servicePort }: Cluster): Endpoint[] {
    const service = this.store.get(services, serviceNamespace, serviceName)
    const port = (service?.spec.ports as any[] | undefined)?.find((one) => one.port === servicePort)
    if (!port) return []
    return this.slicesOf(serviceNamespace, serviceName).flatMap(({ ports = [], endpoints = [] }) => {
      const target = (ports as any[]).find(({ name = '' }) => name === (port.name ?? ''))
      if (!target) return []
      return (endpoints as any[])
        .filter(isReady)
        .flatMap(({ addresses }) =>
          (addresses as string[]).map((ip) => ({ ip, port: target.port as number, labels: {} })),
        )
    })
  }
}

function isReady({ conditions }: any): boolean {
  return conditions?.ready !== false
}
