import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '../api-server/objects.js'
import { createGuarded, safely } from '../door.js'
import type { FaultRegistry } from '../faults.js'
import type { Random } from '../random.js'
import { closeServer } from './close-server.js'
import type { Program } from './program.js'

/** Headers of a request: at least what the proxy passes on. */
const MAX_HEADER_BYTES = 256 * 1024

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
}

/** Starts a serving container; latency and error faults come first. */
export async function startPodServer(
  pod: KubeObject,
  { answer, ports, greeting, startMs, drainMs }: Extract<Program, { does: 'serve' }>,
  { faults, random, log }: PodContext,
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
  log(greeting)
  const { port } = server.address() as AddressInfo
  return {
    port,
    ports,
    close: async (graceMs = Infinity) => {
      const told = performance.now()
      await closeServer(server, graceMs === Infinity ? undefined : graceMs)
      const rest = Math.min(drainMs, graceMs) - (performance.now() - told)
      // A server that is thrown away instead of being asked to end does not drain.
      if (rest > 0 && graceMs !== Infinity) await sleep(rest)
    },
  }
}
