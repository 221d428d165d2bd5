import path from 'node:path'
import type { NetConnectOpts, Socket } from 'node:net'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore } from '../api-server/store.js'
import { fits, isReady } from '../controllers/owned.js'
import type { ProxyFeed } from '../gateway/proxy-feed.js'
import { startBalancer } from '../proxy/balancer.js'
import { PROXY_PORT, type ProxyPlace } from '../proxy/fleet.js'
import type { PodServer } from '../workloads/pod-server.js'
import { startFileEnvoy } from './file-envoy.js'
import { relay } from './relay.js'

export interface EnvoyFleetOptions {
  store: ObjectStore
  place: ProxyPlace
  controlPlane: { connect(name: string): ProxyFeed; disconnect(name: string): void }
  /** The real port behind an app pod's address. */
  portOf: (ip: string, port: number) => number | undefined
  envoy: string
  /** Folder of the logs. */
  folder: string
  /** The port of the admin interface in a proxy's pod. */
  adminPort: number
}

/** Real Envoys that serve what a simulated control plane translated: each in a pod of the gateway's Deployment. */
export class EnvoyFleet {
  private readonly proxies = new Map<string, NetConnectOpts>()
  private turn = 0
  private fail: (error: unknown) => void = () => undefined
  private readonly failed = new Promise<never>((_resolve, reject) => (this.fail = reject))

  constructor(private readonly options: EnvoyFleetOptions) {
    this.failed.catch(() => undefined) // seen by whoever waits for the start
  }

  /** Starts the proxy of a pod; undefined for pods of anything else. */
  start(pod: KubeObject): Promise<PodServer> | undefined {
    const { place } = this.options
    const isProxy = pod.metadata.namespace === place.namespace && fits(pod.metadata.labels, place.labels)
    return isProxy ? this.startIn(pod.metadata.name) : undefined
  }

  /** Hands a connection to the next ready proxy in turn; resets it if there is none. */
  take(socket: Socket): void {
    const ready = this.ready()
    const target = ready[this.turn % ready.length]
    this.turn += 1
    if (target) relay(socket, target)
    else socket.resetAndDestroy()
  }

  /** Resolves once this many proxies are ready; rejects if Envoy does not start. */
  whenReady(count: number): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      const unsubscribe = this.options.store.subscribe(() => {
        if (this.ready().length < count) return
        unsubscribe()
        resolve()
      })
    })
    return Promise.race([ready, this.failed])
  }

  private ready(): NetConnectOpts[] {
    const { store, place } = this.options
    return store
      .list(RESOURCES.pods, place.namespace)
      .filter(isReady)
      .flatMap(({ metadata }) => this.proxies.get(metadata.name) ?? [])
  }

  private async startIn(name: string): Promise<PodServer> {
    const { controlPlane, portOf, envoy, folder, adminPort } = this.options
    const feed = controlPlane.connect(name)
    const log = path.join(folder, `${name}.log`)
    try {
      const running = await startFileEnvoy({ envoy, name, log, state: feed.state, portOf })
      feed.onChange = () => running.update()
      running.update() // what came while it started
      const front = await startBalancer((socket) => relay(socket, running.listener))
      const back = await startBalancer((socket) => relay(socket, running.admin))
      this.proxies.set(name, running.listener)
      return {
        port: front.port,
        ports: [PROXY_PORT],
        loopback: { [adminPort]: back.port },
        close: async () => {
          this.proxies.delete(name)
          controlPlane.disconnect(name)
          await Promise.all([front.close(), back.close(), running.close()])
        },
      }
    } catch (error) {
      this.fail(error)
      controlPlane.disconnect(name)
      return { port: 0, ports: [], close: () => Promise.resolve() }
    }
  }
}
