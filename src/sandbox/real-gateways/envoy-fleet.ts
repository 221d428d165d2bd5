import path from 'node:path'
import type { NetConnectOpts, Socket } from 'node:net'
import type { KubeObject } from '../api-server/objects.js'
import type { ObjectStore } from '../api-server/store.js'
import { fits, readyPodsOf } from '../controllers/owned.js'
import type { ProxyFeed } from '../gateway/proxy-feed.js'
import { startBalancer } from '../proxy/balancer.js'
import { PROXY_PORT, type ProxyPlace } from '../proxy/fleet.js'
import { Rotation } from '../proxy/rotation.js'
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
  /** Where each accepts connections. */
  private readonly rotation: Rotation<NetConnectOpts>

  constructor(private readonly options: EnvoyFleetOptions) {
    const { store, place } = options
    this.rotation = new Rotation(store, () => readyPodsOf(store, place.namespace))
  }

  /** Starts the proxy of a pod; undefined for pods of anything else. */
  start(pod: KubeObject): Promise<PodServer> | undefined {
    const { place } = this.options
    const isProxy = pod.metadata.namespace === place.namespace && fits(pod.metadata.labels, place.labels)
    return isProxy ? this.startIn(pod.metadata.name) : undefined
  }

  /** Hands a connection to the next ready proxy in turn; resets it if there is none. */
  take(socket: Socket): void {
    this.rotation.take(socket, (target) => relay(socket, target))
  }

  /** Resolves once this many proxies are ready; rejects if Envoy does not start. */
  whenReady(count: number): Promise<void> {
    return this.rotation.whenReady(count)
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
      this.rotation.add(name, running.listener)
      return {
        port: front.port,
        ports: [PROXY_PORT],
        loopback: { [adminPort]: back.port },
        close: async () => {
          this.rotation.remove(name)
          controlPlane.disconnect(name)
          await Promise.all([front.close(), back.close(), running.close()])
        },
      }
    } catch (error) {
      this.rotation.fail(error)
      controlPlane.disconnect(name)
      return { port: 0, ports: [], close: () => Promise.resolve() }
    }
  }
}
