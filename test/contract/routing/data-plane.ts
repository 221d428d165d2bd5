import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Pool } from 'undici'
import { vi } from 'vitest'
import type { KubeObject } from '../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { ObjectStore } from '../../../src/sandbox/api-server/store.js'
import { DeploymentController } from '../../../src/sandbox/controllers/deployments.js'
import { EndpointsController } from '../../../src/sandbox/controllers/endpoints.js'
import { GarbageCollector } from '../../../src/sandbox/controllers/garbage.js'
import { Kubelet } from '../../../src/sandbox/controllers/kubelet/kubelet.js'
import { isReady } from '../../../src/sandbox/controllers/owned.js'
import { ReplicaSetController } from '../../../src/sandbox/controllers/replica-sets.js'
import { FaultRegistry } from '../../../src/sandbox/faults.js'
import { GatewayApi } from '../../../src/sandbox/gateway/gateway-api/control-plane.js'
import type { Like } from '../../../src/sandbox/gateway/gateway-api/like.js'
import { PROFILES } from '../../../src/sandbox/gateway/gateway-api/profile.js'
import { Gloo } from '../../../src/sandbox/gateway/gloo/control-plane.js'
import type { ProxyFeed } from '../../../src/sandbox/gateway/proxy-feed.js'
import { startBalancer } from '../../../src/sandbox/proxy/balancer.js'
import { startProxy } from '../../../src/sandbox/proxy/proxy.js'
import { startFileEnvoy } from '../../../src/sandbox/real-gateways/file-envoy.js'
import { relay } from '../../../src/sandbox/real-gateways/relay.js'
import { countAnswers } from './count-answers.js'

/** The sandbox without its API: objects are put into the store, answers come out of the proxy. */
export interface DataPlane {
  store: ObjectStore
  faults: FaultRegistry
  url: string
  /** Empties the store and waits until the pods are gone. */
  reset(): Promise<void>
  /** Waits until pods are as ready as they get, and the proxy has been told of all changes. */
  settled(): Promise<void>
  /** {@link countAnswers} of the proxy. */
  count(path: string, headers: [string, string][], sent: number): ReturnType<typeof countAnswers>
  /** Requests sent and not answered yet. */
  inFlight(): number
  /** What a pod logged. */
  logsOf(namespace: string, pod: string, isBefore?: boolean): string | undefined
  close(): Promise<void>
}

/** Waits for a condition; generous, for tests share the machine. */
export function until<T>(condition: () => T | Promise<T>): Promise<T> {
  return vi.waitUntil(condition, { timeout: 60_000, interval: 5 })
}

export interface DataPlaneOptions {
  drainMs?: number
  endpointsMs?: [number, number]
  /** The Gateway API as this implementation has it, in place of Gloo. */
  like?: Like
  /** The real Envoy, in place of the sandbox's own proxy. */
  envoy?: string
}

/** Quick by default: pods end at once, the proxy hears of endpoints within two milliseconds. */
export async function startDataPlane({
  drainMs = 1,
  endpointsMs = [1, 2],
  like,
  envoy,
}: DataPlaneOptions = {}): Promise<DataPlane> {
  const store = new ObjectStore()
  const faults = new FaultRegistry()
  const kubelet = new Kubelet(store, faults, { startMs: 1, drainMs })
  const profile = like && PROFILES[like]
  const pace = { routesMs: [1, 2] as [number, number], endpointsMs }
  const gateway = profile
    ? new GatewayApi(store, faults, { ...pace, profile, address: () => '127.0.0.1' })
    : new Gloo(store, faults, pace)
  const controllers = [
    new DeploymentController(store),
    new ReplicaSetController(store),
    new EndpointsController(store),
    new GarbageCollector(store),
  ]
  const feed = gateway.connect('proxy')
  const portOf = (ip: string, port: number) => kubelet.portOf(ip, port)
  const { state } = feed
  const proxy =
    envoy === undefined
      ? await startProxy({ state, traits: profile?.traits, faults, portOf })
      : await startEnvoy(envoy, feed, portOf)
  const url = `http://127.0.0.1:${proxy.port}`
  const pool = new Pool(url, { connections: 10 })

  async function quiet(): Promise<void> {
    let seen = -1
    await vi.waitUntil(
      () => {
        const calm = seen === store.resourceVersion
        seen = store.resourceVersion
        return calm
      },
      { interval: 30, timeout: 60_000 },
    )
  }
  return {
    store,
    faults,
    url,
    reset: async () => {
      for (const resource of Object.values(RESOURCES)) {
        if (resource === RESOURCES.pods) continue
        for (const { metadata } of store.list(resource))
          store.delete(resource, metadata.namespace, metadata.name)
      }
      await vi.waitUntil(() => store.list(RESOURCES.pods).length === 0, { timeout: 60_000 })
      await quiet()
    },
    settled: async () => {
      await vi.waitUntil(
        () =>
          store
            .list(RESOURCES.deployments)
            .every(({ metadata, status }) => status?.observedGeneration === metadata.generation) &&
          store.list(RESOURCES.pods).every((pod) => isReady(pod) || waitsForImage(pod)),
        { timeout: 60_000 },
      )
      await quiet()
    },
    count: (path, headers, sent) => countAnswers(pool, path, headers, sent),
    inFlight: () => pool.stats.running,
    logsOf: (namespace, pod, isBefore) => kubelet.logsOf(namespace, pod, isBefore),
    close: async () => {
      await pool.close()
      for (const controller of controllers) controller.close()
      gateway.close()
      await Promise.all([proxy.close(), kubelet.closeAll()])
    },
  }
}

/** The real Envoy, behind a port. */
async function startEnvoy(
  envoy: string,
  feed: ProxyFeed,
  portOf: (ip: string, port: number) => number | undefined,
): Promise<{ port: number; close(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-envoy-log-'))
  const log = path.join(folder, 'log')
  const running = await startFileEnvoy({ envoy, name: 'proxy', log, state: feed.state, portOf })
  feed.onChange = () => running.update()
  const front = await startBalancer((socket) => relay(socket, running.listener))
  return {
    port: front.port,
    close: async () => {
      await Promise.all([front.close(), running.close()])
      await rm(folder, { recursive: true })
    },
  }
}

function waitsForImage(pod: KubeObject): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff'
}
