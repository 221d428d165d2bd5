import type { AddressInfo, Socket } from 'node:net'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore } from '../api-server/store.js'
import { fits } from '../controllers/owned.js'
import type { FaultRegistry } from '../faults.js'
import type { ProxyFeed } from '../gateway/proxy-feed.js'
import type { Random } from '../random.js'
import { closeServer } from '../workloads/close-server.js'
import type { PodServer } from '../workloads/pod-server.js'
import { adminServer } from './admin.js'
import { type GatewayProxy, startProxy } from './proxy.js'
import { AnswerFaults } from './answer-faults.js'
import { Rotation } from './rotation.js'
import { ENVOY, type ProxyTraits } from './traits.js'

/** The proxies' port for HTTP, in their pods. */
export const PROXY_PORT = 8080

/** The location of a gateway's proxies. */
export interface ProxyPlace {
  namespace: string
  /** Of their Service and their Deployment. */
  service: string
  /** Of their pods. */
  labels: Record<string, string>
}

export interface FleetOptions {
  store: ObjectStore
  place: ProxyPlace
  controlPlane: { connect(name: string): ProxyFeed; disconnect(name: string): void }
  /** Envoy by default. */
  traits?: ProxyTraits
  faults: FaultRegistry
  /** The real port behind an app pod's address. */
  portOf: (ip: string, port: number) => number | undefined
  random: Random
}

/** The gateway's proxies: each pod of their Deployment is one, and users' connections go to the ready ones. */
export class ProxyFleet {
  private readonly rotation: Rotation<GatewayProxy>
  private readonly answerFaults: AnswerFaults

  constructor(private readonly options: FleetOptions) {
    this.rotation = new Rotation(options.store, () => this.behindService())
    this.answerFaults = new AnswerFaults(options.faults, options.random)
  }

  /** Starts the proxy of a pod, with its admin interface; undefined for pods of anything else. */
  start(pod: KubeObject): Promise<PodServer> | undefined {
    const { place } = this.options
    const isProxy = pod.metadata.namespace === place.namespace && fits(pod.metadata.labels, place.labels)
    return isProxy ? this.startIn(pod) : undefined
  }

  /** Hands a connection to the next ready proxy in turn; resets it if there is none. */
  take(socket: Socket): void {
    this.rotation.take(socket, (proxy) => proxy.take(socket))
  }

  /** Resolves once this many proxies are ready. */
  whenReady(count: number): Promise<void> {
    return this.rotation.whenReady(count)
  }

  /** Pods behind the Service, according to its Endpoints. */
  private behindService(): string[] {
    const { store, place } = this.options
    const endpoints = store.get(RESOURCES.endpoints, place.namespace, place.service)
    const addresses: { targetRef?: { name: string } }[] = (endpoints?.subsets ?? []).flatMap(
      (subset: { addresses?: object[] }) => subset.addresses ?? [],
    )
    return addresses.flatMap(({ targetRef }) => targetRef?.name ?? [])
  }

  private async startIn({ metadata: { name } }: KubeObject): Promise<PodServer> {
    const { store, controlPlane, place, traits = ENVOY, faults, portOf, random } = this.options
    const feed = controlPlane.connect(name)
    const proxy = await startProxy({
      state: feed.state,
      faults,
      portOf,
      random,
      answerFaults: this.answerFaults,
      traits,
      isEnding: () =>
        store.get(RESOURCES.pods, place.namespace, name)?.metadata.deletionTimestamp !== undefined,
    })
    const { adminPort } = traits
    const admin = adminPort === undefined ? undefined : adminServer(feed, proxy.counters)
    if (admin) await new Promise<void>((listening) => admin.listen(0, '127.0.0.1', listening))
    this.rotation.add(name, proxy)
    return {
      port: proxy.port,
      ports: [PROXY_PORT],
      ...(admin ? { loopback: { [adminPort!]: (admin.address() as AddressInfo).port } } : {}),
      close: async (graceMs) => {
        this.rotation.remove(name)
        controlPlane.disconnect(name)
        await Promise.all([proxy.close(graceMs), admin && closeServer(admin)])
      },
    }
  }
}
