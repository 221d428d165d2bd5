import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { NetConnectOpts, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore } from '../api-server/store.js'
import { fits, readyPodsOf } from '../controllers/owned.js'
import { type Installation, GATEWAY } from '../gateway/gateway-api/infrastructure.js'
import { startBalancer } from '../proxy/balancer.js'
import { PROXY_PORT } from '../proxy/fleet.js'
import { Rotation } from '../proxy/rotation.js'
import type { PodServer } from '../workloads/pod-server.js'
import { startChild, tailOf } from './child.js'
import {
  contourBootstrap,
  contourConfig,
  contourContainerPort,
  contourServe,
  envoyServe,
  traefikServe,
} from './commands.js'
import { freePorts } from './ports.js'
import { startProcess } from './process.js'
import type { Programs, RealGateway } from './programs.js'
import { relay } from './relay.js'

/** A socket's path has at most 107 characters. */
const LONGEST_FOLDER = 80

export interface RealFleetOptions {
  store: ObjectStore
  gateway: RealGateway
  programs: Programs
  installation: Installation
  /** Folder of the logs. */
  folder: string
  /** The port of the Gateway's first listener. */
  listenerPort: number
  /** The port of Envoy's admin interface in its pod. */
  adminPort?: number
  /** Content of the controller's kubeconfig. */
  kubeconfig: string
}

/** A real controller and its real proxies: the processes in the pods of their Deployments. */
export class RealFleet {
  /** Where each accepts connections for a listener's port. */
  private readonly rotation: Rotation<(listenerPort: number) => NetConnectOpts>
  private readonly contourPorts = freePorts(5).then(([xds, health, metrics, debug, stats]) => ({
    xds: xds!,
    health: health!,
    metrics: metrics!,
    debug: debug!,
    stats: stats!,
  }))
  private scratch?: Promise<string>

  constructor(private readonly options: RealFleetOptions) {
    const { store, installation } = options
    this.rotation = new Rotation(store, () => readyPodsOf(store, installation.proxies.namespace))
  }

  /** Starts the program of a pod of the controller or of the proxies; undefined for pods of anything else. */
  start(pod: KubeObject, ip: string): Promise<PodServer> | undefined {
    const { controller, proxies } = this.options.installation
    const { namespace, labels } = pod.metadata
    if (namespace === proxies.namespace && fits(labels, proxies.labels))
      return this.guarded(this.startProxy(pod, ip))
    const isController =
      controller &&
      namespace === controller.namespace &&
      fits(labels, { 'app.kubernetes.io/name': controller.name })
    return isController ? this.guarded(this.startContour()) : undefined
  }

  /** Hands a connection to the next ready proxy in turn; resets it if there is none. */
  take(socket: Socket): void {
    this.rotation.take(socket, (target) => relay(socket, target(socket.localPort!)))
  }

  /** Resolves once the Gateway is programmed and this many proxies are ready; rejects if a program does not start. */
  whenReady(count: number): Promise<void> {
    return this.rotation.whenReady(count, () => this.isProgrammed())
  }

  async close(): Promise<void> {
    const folder = await this.scratch
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }

  private isProgrammed(): boolean {
    const gateway = this.options.store.get(RESOURCES.gateways, GATEWAY.namespace, GATEWAY.name)
    const conditions = (gateway?.status?.conditions ?? []) as { type: string; status: string }[]
    return conditions.some(({ type, status }) => type === 'Programmed' && status === 'True')
  }

  private async guarded(starting: Promise<PodServer>): Promise<PodServer> {
    try {
      return await starting
    } catch (error) {
      this.rotation.fail(error)
      return { port: 0, ports: [], close: () => Promise.resolve() }
    }
  }

  private startProxy(pod: KubeObject, ip: string): Promise<PodServer> {
    return this.options.gateway === 'contour' ? this.startEnvoy(pod) : this.startTraefik(pod, ip)
  }

  private async startContour(): Promise<PodServer> {
    const { programs, installation, folder } = this.options
    const ports = await this.contourPorts
    const [kubeconfig, config] = [await this.file('kubeconfig'), await this.file('contour.yaml')]
    await writeFile(kubeconfig, this.options.kubeconfig, { mode: 0o600 })
    await writeFile(config, contourConfig(GATEWAY))
    const { namespace, service: name } = installation.proxies
    const running = await startProcess({
      name: 'contour',
      command: contourServe(programs.contour!, { kubeconfig, config, service: { namespace, name }, ports }),
      log: path.join(folder, 'contour.log'),
      ready: { host: '127.0.0.1', port: ports.xds },
    })
    return { port: ports.health, ports: [8000], close: () => running.close() }
  }

  private async startEnvoy(pod: KubeObject): Promise<PodServer> {
    const { programs, folder } = this.options
    const { name } = pod.metadata
    const { xds } = await this.contourPorts
    const own = await mkdtemp(await this.file('envoy-'))
    const [file, admin] = [path.join(own, 'envoy.json'), path.join(own, 'admin.sock')]
    const log = path.join(folder, 'contour-bootstrap.log')
    const bootstrap = await startChild(
      contourBootstrap(programs.contour!, { file, folder: own, admin, xds }),
      { log },
    )
    if ((await bootstrap.ended) !== 0) throw new Error(`contour bootstrap failed:\n${await tailOf(log)}`)
    const running = await startProcess({
      name: 'envoy',
      command: envoyServe(programs.envoy!, { file, node: name }),
      log: path.join(folder, `${name}.log`),
      ready: { path: admin },
    })
    // On one address for all: Contour tells every Envoy the same.
    const target = (port: number) => ({ host: '127.0.0.1', port: contourContainerPort(port) })
    return this.proxyServer(name, target, { admin: { path: admin }, close: () => running.close() })
  }

  private async startTraefik(pod: KubeObject, ip: string): Promise<PodServer> {
    const { programs, folder, listenerPort } = this.options
    const { name } = pod.metadata
    const kubeconfig = await this.file('kubeconfig')
    await writeFile(kubeconfig, this.options.kubeconfig, { mode: 0o600 })
    const running = await startProcess({
      name: 'traefik',
      command: traefikServe(programs.traefik!, { ip, port: listenerPort }),
      log: path.join(folder, `${name}.log`),
      env: { KUBECONFIG: kubeconfig },
      ready: { host: ip, port: listenerPort },
    })
    return this.proxyServer(name, (port) => ({ host: ip, port }), { close: () => running.close() })
  }

  /** The pod of a proxy: port-forwards reach its listener, and its admin interface. */
  private async proxyServer(
    name: string,
    target: (listenerPort: number) => NetConnectOpts,
    { admin, close }: { admin?: NetConnectOpts; close: () => Promise<void> },
  ): Promise<PodServer> {
    const { listenerPort, adminPort } = this.options
    const front = await startBalancer((socket) => relay(socket, target(listenerPort)))
    const back = admin && adminPort ? await startBalancer((socket) => relay(socket, admin)) : undefined
    this.rotation.add(name, target)
    return {
      port: front.port,
      ports: [PROXY_PORT],
      ...(back ? { loopback: { [adminPort!]: back.port } } : {}),
      close: async () => {
        this.rotation.remove(name)
        await Promise.all([front.close(), back?.close(), close()])
      },
    }
  }

  /** A file of the programs' own; its path is short enough for a socket. */
  private async file(name: string): Promise<string> {
    const { folder } = this.options
    if (folder.length <= LONGEST_FOLDER) return path.join(folder, name)
    this.scratch ??= mkdtemp(path.join(tmpdir(), 'canary-gateway-'))
    return path.join(await this.scratch, name)
  }
}
