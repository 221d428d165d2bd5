import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { NetConnectOpts } from 'node:net'
import type { ProxyState } from '../gateway/proxy-feed.js'
import { envoyServe } from './commands.js'
import {
  clusterFile,
  endpointFile,
  envoyBootstrap,
  type EnvoyFiles,
  listenerFile,
  routeFile,
} from './envoy-resources.js'
import { startProcess } from './process.js'

export interface FileEnvoyOptions {
  /** The program. */
  envoy: string
  name: string
  log: string
  state: ProxyState
  /** The real port behind a pod's address. */
  portOf: (ip: string, port: number) => number | undefined
}

/** A real Envoy that serves a proxy's state. */
export interface FileEnvoy {
  /** Where it accepts requests, and where its admin interface is. */
  listener: NetConnectOpts
  admin: NetConnectOpts
  /** Brings the files up to the state. */
  update(): void
  close(): Promise<void>
}

/** Starts Envoy on files of its own, which are replaced as the state changes. */
export async function startFileEnvoy({
  envoy,
  name,
  log,
  state,
  portOf,
}: FileEnvoyOptions): Promise<FileEnvoy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-envoy-'))
  const file = (base: string) => path.join(folder, base)
  const files: EnvoyFiles = {
    listeners: file('listeners.json'),
    routes: file('routes.json'),
    clusters: file('clusters.json'),
    endpointsOf: (cluster) => file(`endpoints-${encodeURIComponent(cluster)}.json`),
  }
  const [bootstrap, admin, socket] = [file('bootstrap.json'), file('admin.sock'), file('http.sock')]
  const written = new Map<string, string>()
  let writing = Promise.resolve()

  /** Envoy looks at a file when another one is renamed into its place. */
  async function write(target: string, text: string): Promise<void> {
    if (written.get(target) === text) return
    written.set(target, text)
    await writeFile(`${target}.new`, text)
    await rename(`${target}.new`, target)
  }
  /** Clusters and their endpoints before the routes that lead to them. */
  async function writeAll(): Promise<void> {
    for (const cluster of state.config.clusters.values())
      await write(files.endpointsOf(cluster.name), endpointFile(state, cluster, portOf))
    await write(files.clusters, clusterFile(state, files))
    await write(files.routes, routeFile(state))
  }

  await writeAll()
  await write(files.listeners, listenerFile(files, socket))
  await writeFile(bootstrap, envoyBootstrap(files, { node: name, admin }))
  const running = await startProcess({
    name: 'envoy',
    command: envoyServe(envoy, { file: bootstrap, node: name }),
    log,
    ready: { path: socket },
  })
  return {
    listener: { path: socket },
    admin: { path: admin },
    update: () => {
      writing = writing.then(writeAll)
    },
    close: async () => {
      await writing
      await running.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
