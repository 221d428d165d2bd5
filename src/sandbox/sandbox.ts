import { randomBytes } from 'node:crypto'
import type { KubeObject } from './api-server/objects.js'
import { startApiServer } from './api-server/server.js'
import { ObjectStore } from './api-server/store.js'
import { startControl } from './control.js'
import { AutoscalerController } from './controllers/autoscalers.js'
import { askInCluster } from './controllers/cluster-dns.js'
import { DeploymentController } from './controllers/deployments.js'
import { EndpointsController } from './controllers/endpoints.js'
import { GarbageCollector } from './controllers/garbage.js'
import { Kubelet } from './controllers/kubelet.js'
import { ReplicaSetController } from './controllers/replica-sets.js'
import { ServiceAccountController } from './controllers/service-accounts.js'
import { apiFaults } from './api-faults.js'
import { OtherOperator } from './other-operator.js'
import { FaultRegistry } from './faults.js'
import { Gloo } from './gateway/gloo/control-plane.js'
import { strictAdmission } from './gateway/gloo/strict-admission.js'
import { createInfrastructure } from './infrastructure.js'
import { startBalancer } from './proxy/balancer.js'
import { ProxyFleet } from './proxy/fleet.js'
import { seededRandom } from './random.js'

/** How quick the sandbox is; the defaults are what a real Gloo was measured to be. All milliseconds. */
export interface SandboxOptions {
  /** From a pod's creation until it is ready. */
  podStartMs?: number
  /** How long a pod answers on after its deletion was asked for. */
  drainMs?: number
  /** Bounds of the time from a change of routes, or of endpoints, until the proxy serves it. */
  routesMs?: [number, number]
  endpointsMs?: [number, number]
  /** How many proxies there are at first; their Deployment can be scaled. */
  proxies?: number
  /** Makes the proxies' choices, delays and ordered errors repeatable. */
  seed?: number
}

/** A cluster with a gateway in this process: real helm and kubectl work against `apiUrl`, users' requests go to `proxyUrl`. */
export interface Sandbox {
  apiUrl: string
  proxyUrl: string
  controlUrl: string
  token: string
  /** Content of a kubeconfig file for it; the server's path in it is a secret. */
  kubeconfig: string
  faults: FaultRegistry
  store: ObjectStore
  /** Ends every server, pod and timer of it. */
  close(): Promise<void>
}

const DEFAULTS = {
  podStartMs: 200,
  drainMs: 800,
  routesMs: [200, 500],
  endpointsMs: [250, 500],
  proxies: 1,
} satisfies SandboxOptions

/** Starts a sandbox on ports of the loopback interface that the system chooses. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { podStartMs, drainMs, routesMs, endpointsMs, proxies, seed } = { ...DEFAULTS, ...options }
  const random = seed === undefined ? Math.random : seededRandom(seed)
  const store = new ObjectStore()
  const faults = new FaultRegistry()
  const token = randomBytes(16).toString('hex')
  const gloo = new Gloo(store, faults, { routesMs, endpointsMs, random })
  const fleet = new ProxyFleet({
    store,
    gloo,
    faults,
    portOf: (ip, port) => kubelet.portOf(ip, port),
    random,
  })
  // What the cluster has from its beginning starts at once.
  const pace = {
    startMs: 0,
    drainMs,
    random,
    startProxy: (pod: KubeObject) => fleet.start(pod),
    ask: (url: string) => askInCluster(store, (ip, port) => kubelet.portOf(ip, port), url),
  }
  const kubelet: Kubelet = new Kubelet(store, faults, pace)
  const controllers = [
    new DeploymentController(store),
    new ReplicaSetController(store),
    new EndpointsController(store),
    new AutoscalerController(store),
    new GarbageCollector(store),
    new ServiceAccountController(store),
  ]
  const balancer = await startBalancer((socket) => fleet.take(socket))
  const ready = fleet.whenReady(proxies)
  createInfrastructure(store, { proxyPort: balancer.port, proxies })
  await ready
  pace.startMs = podStartMs
  const otherOperator = new OtherOperator(store, faults)
  const control = await startControl(faults, token)
  const api = await startApiServer({
    store,
    token,
    secret: randomBytes(16).toString('hex'),
    // Numbers of its own: how much traffic there is must not decide which request fails.
    disturb: apiFaults(faults, seed === undefined ? Math.random : seededRandom(seed)),
    admit: strictAdmission(faults, store),
    logs: (namespace, pod, _container, isBefore) => kubelet.logsOf(namespace, pod, isBefore),
    findPort: (namespace, pod, port) => kubelet.loopbackPortOf(namespace, pod, port),
    intercept: ({ verb, resource, subresource }) => {
      const names = [resource, `${resource}/${subresource}`, '*']
      const forbidden = faults
        .of('forbid')
        .some((fault) => [verb, '*'].includes(fault.verb) && names.includes(fault.resource))
      return forbidden ? 'forbidden' : undefined
    },
  })
  return {
    apiUrl: api.url,
    proxyUrl: `http://127.0.0.1:${balancer.port}`,
    controlUrl: control.url,
    token,
    kubeconfig: kubeconfigFor(api.url, token),
    faults,
    store,
    close: async () => {
      otherOperator.close()
      for (const controller of controllers) controller.close()
      gloo.close()
      await Promise.all([api.close(), control.close(), balancer.close(), kubelet.closeAll()])
    },
  }
}

function kubeconfigFor(server: string, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server } }],
    users: [{ name: 'sandbox', user: { token } }],
    contexts: [{ name: 'canary-sandbox', context: { cluster: 'sandbox', user: 'sandbox' } }],
    'current-context': 'canary-sandbox',
  }
  return `${JSON.stringify(config, undefined, 2)}\n` // JSON is YAML
}
