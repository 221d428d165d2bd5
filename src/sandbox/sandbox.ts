import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { KubeObject } from './api-server/objects.js'
import { startApiServer } from './api-server/server.js'
import { ObjectStore } from './api-server/store.js'
import { startControl } from './control.js'
import { AutoscalerController } from './controllers/autoscalers.js'
import { askInCluster } from './controllers/cluster-dns.js'
import { DeploymentController } from './controllers/deployments.js'
import { EndpointsController } from './controllers/endpoints.js'
import { GarbageCollector } from './controllers/garbage.js'
import { Kubelet } from './controllers/kubelet/kubelet.js'
import { ReplicaSetController } from './controllers/replica-sets.js'
import { ServiceAccountController } from './controllers/service-accounts.js'
import { apiFaults } from './choose-api-fault.js'
import { OtherOperator } from './object-faults/other-operator.js'
import { FaultRegistry } from './faults.js'
import { GatewayApi } from './gateway/gateway-api/control-plane.js'
import { gatewayProxies, installGatewayApi, INSTALLATIONS } from './gateway/gateway-api/infrastructure.js'
import { GatewayPorts } from './gateway/gateway-api/ports.js'
import type { Like } from './gateway/gateway-api/like.js'
import { PROFILES } from './gateway/gateway-api/profile.js'
import { Gloo } from './gateway/gloo/control-plane.js'
import { GLOO_PROXIES, installGloo } from './gateway/gloo/infrastructure.js'
import { strictAdmission } from './gateway/gloo/strict-admission.js'
import { createCluster } from './infrastructure.js'
import { startBalancer } from './proxy/balancer.js'
import { type FleetOptions, ProxyFleet } from './proxy/fleet.js'
import { ENVOY } from './proxy/traits.js'
import { seededRandom } from './random.js'
import { listenerPort } from './real-gateways/ports.js'
import type { Programs, RealGateway } from './real-gateways/programs.js'
import { EnvoyFleet } from './real-gateways/envoy-fleet.js'
import { RealFleet } from './real-gateways/real-fleet.js'
import { WATCHED_KINDS } from './real-gateways/watched-kinds.js'
import type { PodServer } from './workloads/pod-server.js'
import { servedKinds } from './api-server/custom-kinds/served-kinds.js'

/** A kind of routes that the sandbox has a gateway for. */
export type Provider = 'gloo' | 'gateway-api'

/** Real programs, run as child processes. */
export interface RealGatewayOptions {
  gateway: RealGateway
  programs: Programs
  /** Folder of their logs. */
  folder: string
}

/** Parts and timing of the sandbox, in milliseconds; the defaults are measured on real gateways. */
export interface SandboxOptions {
  /** From a pod's creation until it is ready. */
  podStartMs?: number
  /** How long a pod keeps answering after its deletion was requested. */
  drainMs?: number
  /** Bounds of the time from a change of routes, or of endpoints, until the proxy serves it. */
  routesMs?: [number, number]
  endpointsMs?: [number, number]
  /** The gateways; both by default. */
  providers?: Provider[]
  /** The implementation of the Gateway API that is played; Envoy Gateway by default. */
  like?: Like
  /** The real Envoy as Gloo's proxies. */
  envoy?: { program: string; folder: string }
  /** A real implementation of the Gateway API in place of the one that is played. */
  real?: RealGatewayOptions
  /** How many proxies each gateway has at first; their Deployments can be scaled. */
  proxies?: number
  /** Makes the proxies' choices, delays and ordered errors repeatable. */
  seed?: number
}

/** A cluster with gateways in this process: real helm and kubectl work against `apiUrl`. */
export interface Sandbox {
  apiUrl: string
  /** Address for users' requests: Gloo's proxies, or the Gateway's if there is no Gloo. */
  proxyUrl: string
  /** The Gateway's proxies; undefined without the Gateway API. */
  gatewayUrl?: string
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
  proxies: 1,
  providers: ['gloo', 'gateway-api'] as Provider[],
  like: 'envoy-gateway' as Like,
} satisfies SandboxOptions
const GLOO_DEFAULTS: { routesMs: [number, number]; endpointsMs: [number, number] } = {
  routesMs: [200, 500],
  endpointsMs: [250, 500],
}

/** Starts a sandbox on ports of the loopback interface that the system chooses. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { podStartMs, drainMs, proxies, providers, like, seed } = { ...DEFAULTS, ...options }
  const random = seed === undefined ? Math.random : seededRandom(seed)
  const store = new ObjectStore()
  const faults = new FaultRegistry()
  const token = randomBytes(16).toString('hex')
  const portOf = (ip: string, port: number) => kubelet.portOf(ip, port)
  const parts: GatewayParts = { store, faults, random, portOf, options, proxies }
  // The cluster's initial objects start at once.
  const pace = {
    startMs: 0,
    drainMs,
    random,
    isReachable: options.real !== undefined,
    startProxy: (pod: KubeObject, ip: string) => gloo?.fleet.start(pod, ip) ?? gateway?.fleet.start(pod, ip),
    ask: (url: string) => askInCluster(store, portOf, url),
  }
  const kubelet: Kubelet = new Kubelet(store, faults, pace)
  const controllers = [
    new DeploymentController(store),
    new ReplicaSetController(store),
    new EndpointsController(store, options.real ? portOf : undefined),
    new AutoscalerController(store),
    new GarbageCollector(store),
    new ServiceAccountController(store),
  ]
  createCluster(store)
  const startGateway = (apiUrl: string) =>
    options.real
      ? startRealGateway(parts, options.real, kubeconfigFor(apiUrl, token))
      : startGatewayApi(parts, like)
  const api = await startApiServer({
    store,
    token,
    secret: randomBytes(16).toString('hex'),
    // A generator of its own: the amount of traffic must not decide which request fails.
    faultOf: apiFaults(faults, seed === undefined ? Math.random : seededRandom(seed)),
    admit: strictAdmission(faults, store),
    resources: () => servedKinds(store),
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
  const gloo = providers.includes('gloo') ? await startGloo(parts) : undefined
  const gateway = providers.includes('gateway-api') ? await startGateway(api.url) : undefined
  const gateways = [gloo, gateway].filter((one) => one !== undefined)
  const close = async () => {
    for (const controller of controllers) controller.close()
    // Real programs of pods end before what they are connected to.
    await kubelet.closeAll()
    await Promise.all([api.close(), ...gateways.map((one) => one.close())])
  }
  const ready = gateways.map(({ fleet }) => fleet.whenReady(proxies))
  for (const { install } of gateways) install()
  try {
    await Promise.all(ready)
  } catch (error) {
    await close()
    throw error
  }
  pace.startMs = podStartMs
  const otherOperator = new OtherOperator(store, faults)
  const control = await startControl(faults, token)
  return {
    apiUrl: api.url,
    proxyUrl: gateways[0]!.url,
    ...(gateway ? { gatewayUrl: gateway.url } : {}),
    controlUrl: control.url,
    token,
    kubeconfig: kubeconfigFor(api.url, token),
    faults,
    store,
    close: async () => {
      otherOperator.close()
      await Promise.all([control.close(), close()])
    },
  }
}

type GatewayParts = Pick<FleetOptions, 'store' | 'faults' | 'random' | 'portOf'> & {
  options: SandboxOptions
  proxies: number
}

/** A control plane, its proxies and their address. */
interface RunningGateway {
  url: string
  fleet: Pick<ProxyFleet, 'take' | 'whenReady'> & {
    start(pod: KubeObject, ip: string): Promise<PodServer> | undefined
  }
  /** Makes its objects, so that its proxies start. */
  install: () => void
  close(): Promise<void>
}

async function startGloo({ options, proxies, ...parts }: GatewayParts): Promise<RunningGateway> {
  const { store, faults, random } = parts
  const { routesMs = GLOO_DEFAULTS.routesMs, endpointsMs = GLOO_DEFAULTS.endpointsMs } = options
  const controlPlane = new Gloo(store, faults, { routesMs, endpointsMs, random })
  const fleet = options.envoy
    ? await envoyFleet(parts, controlPlane, options.envoy)
    : new ProxyFleet({ ...parts, controlPlane, place: GLOO_PROXIES })
  const balancer = await startBalancer((socket) => fleet.take(socket))
  return {
    url: `http://127.0.0.1:${balancer.port}`,
    fleet,
    install: () => installGloo(store, balancer.port, proxies),
    close: async () => {
      controlPlane.close()
      await balancer.close()
    },
  }
}

async function envoyFleet(
  { store, portOf }: Pick<GatewayParts, 'store' | 'portOf'>,
  controlPlane: Gloo,
  { program: envoy, folder }: { program: string; folder: string },
): Promise<EnvoyFleet> {
  await emptyFolder(folder)
  const adminPort = ENVOY.adminPort!
  return new EnvoyFleet({ store, portOf, controlPlane, place: GLOO_PROXIES, envoy, folder, adminPort })
}

/** Logs are of this run. */
async function emptyFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

async function startGatewayApi(
  { options, proxies, ...parts }: GatewayParts,
  like: Like,
): Promise<RunningGateway> {
  const { store, faults, random } = parts
  const profile = PROFILES[like]
  const { routesMs, endpointsMs } = options
  const controlPlane: GatewayApi = new GatewayApi(store, faults, {
    profile,
    random,
    ...(routesMs ? { routesMs } : {}),
    ...(endpointsMs ? { endpointsMs } : {}),
    address: () => '127.0.0.1',
    unavailablePorts: () => ports.unavailable,
  })
  const fleet = new ProxyFleet({
    ...parts,
    controlPlane,
    place: gatewayProxies(like),
    traits: profile.traits,
  })
  const take = (socket: Socket) => fleet.take(socket)
  const balancer = await startBalancer(take)
  const ports = new GatewayPorts(store, [balancer.port], take, () => controlPlane.refresh())
  return {
    url: `http://127.0.0.1:${balancer.port}`,
    fleet,
    install: () => installGatewayApi(store, { like, port: balancer.port, replicas: proxies }),
    close: async () => {
      controlPlane.close()
      await Promise.all([balancer.close(), ports.close()])
    },
  }
}

async function startRealGateway(
  { store, proxies }: GatewayParts,
  { gateway, programs, folder }: RealGatewayOptions,
  kubeconfig: string,
): Promise<RunningGateway> {
  await emptyFolder(folder)
  const take = (socket: Socket) => fleet.take(socket)
  const balancer = await startBalancer(take, await listenerPort(gateway))
  const { port } = balancer
  const fleet: RealFleet = new RealFleet({
    store,
    gateway,
    programs,
    folder,
    kubeconfig,
    installation: INSTALLATIONS[gateway],
    listenerPort: port,
    adminPort: PROFILES[gateway].traits.adminPort,
  })
  const ports = new GatewayPorts(store, [port], take, () => undefined)
  const watched = WATCHED_KINDS[gateway]
  return {
    url: `http://127.0.0.1:${port}`,
    fleet,
    install: () => installGatewayApi(store, { like: gateway, port, replicas: proxies, watched }),
    close: async () => {
      await Promise.all([balancer.close(), ports.close(), fleet.close()])
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
