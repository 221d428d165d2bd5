import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '../api-server/objects.js'
import { createGuarded, safely } from '../door.js'
import type { FaultRegistry } from '../faults.js'
import type { Random } from '../random.js'
import { closeServer } from './close-server.js'
import type { Program } from './program.js'

/** Headers of a request: at least what the proxy passes on. */
const MAX_HEADER_BYTES = 256 * 1024

/** How long a server that ends waits for the first request of a connection. */
const SPARE_MS = 1000

/** A pod's container as a real listener on the loopback interface. */
export interface PodServer {
  /** The real port behind the pod's own address. */
  port: number
  /** Ports the container listens on, by the pod's own address; empty: any. */
  ports: number[]
  /** Real ports by those on the pod's own loopback interface, reached only through a port-forward. */
  loopback?: Record<number, number>
  /** @param graceMs how long requests under way may take */
  close(graceMs?: number): Promise<void>
}

export interface PodContext {
  faults: FaultRegistry
  random: Random
  log: (line: string) => void
  /** The pod's own address, if it shall listen there, too: on the same port. */
  ip?: string
}

/** Starts a serving container; latency and error faults come first. */
export async function startPodServer(
  pod: KubeObject,
  { answer, ports, greeting, startMs, drainMs }: Extract<Program, { does: 'serve' }>,
  { faults, random, log, ip }: PodContext,
): Promise<PodServer> {
  const { app = '', version = '' } = pod.metadata.labels ?? {}
  const concerns = (fault: { app: string; version?: string }) =>
    fault.app === app && (fault.version === undefined || fault.version === version)

  const answersFrom = performance.now() + startMs

  function handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    if (performance.now() < answersFrom) {
      response.writeHead(503, { 'content-type': 'text/plain' }).end('starting\n')
      return
    }
    const latency = faults.of('latency').find(concerns)
    const errors = faults.of('error-rate').find(concerns)
    const fails = errors !== undefined && random() * 100 < errors.percent
    const status = fails ? (errors.status ?? 500) : answer.status
    const send = () => {
      log(`"${request.method} ${request.url} HTTP/${request.httpVersion}" ${status}`)
      if (fails) response.writeHead(status, { 'content-type': 'text/plain' }).end('an ordered error\n')
      else response.writeHead(status, answer.headers).end(answer.body)
    }
    if (latency) setTimeout(() => safely(response, send), latency.ms).unref()
    else send()
  }

  // Kept-alive connections stay as long as the proxy wants them: closing an idle one could hit a request in transit.
  const server = createGuarded({ keepAliveTimeout: 0, maxHeaderSize: MAX_HEADER_BYTES }, handle)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const own = ip === undefined ? undefined : await listenFor(server, ip, port)
  log(greeting)
  return {
    port,
    ports,
    close: async (graceMs = Infinity) => {
      const told = performance.now()
      own?.close()
      await closeServer(server, graceMs === Infinity ? undefined : graceMs, () => own?.connections() ?? [])
      const rest = Math.min(drainMs, graceMs) - (performance.now() - told)
      // A server that is thrown away instead of being asked to end does not drain.
      if (rest > 0 && graceMs !== Infinity) await sleep(rest)
    },
  }
}

/** A further address of a server. The port is free there: no other pod has the server's port. */
async function listenFor(
  server: Server,
  ip: string,
  port: number,
): Promise<{ connections: () => Socket[]; close: () => void }> {
  const open = new Set<Socket>()
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    server.emit('connection', socket)
  })
  await new Promise<void>((listening, failed) => listener.once('error', failed).listen(port, ip, listening))
  const close = () => {
    listener.close()
    // A proxy keeps spare connections: one without a request would hold the server until its grace ends.
    setTimeout(() => {
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, SPARE_MS).unref()
  }
  return { connections: () => [...open], close }
}
