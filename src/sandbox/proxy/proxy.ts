import {
  Agent,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultRegistry } from '../faults.js'
import type { ProxyState } from '../gateway/gloo.js'
import type { Destination, ProxyRoute } from '../gateway/routes.js'
import { closeServer } from '../workloads/pod-server.js'
import { choose } from './choice.js'

export interface GatewayProxy {
  port: number
  close(): Promise<void>
}

export interface ProxyOptions {
  /** What to serve, read anew for every request. */
  state: ProxyState
  faults: FaultRegistry
  /** The real port of a pod's address. */
  portOf: (ip: string) => number | undefined
  random?: () => number
}

/** Headers of one connection, never passed on. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'te']

/** The gateway's proxy: an HTTP server before the pods that answers as Envoy does. */
export async function startProxy(options: ProxyOptions): Promise<GatewayProxy> {
  const { state, faults, portOf, random = Math.random } = options
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (faults.of('proxy-down').length > 0) {
      incoming.socket.resetAndDestroy()
      return
    }
    const { method = 'GET', headers, url = '/' } = incoming
    const [path = '/', query] = url.split(/\?(.*)/s)
    const choice = choose(
      state,
      headers.host ?? '',
      { method, path, query: new URLSearchParams(query), headers },
      random,
    )
    if (choice.to === 'no route') return localAnswer(incoming, outgoing, 404, '')
    if (choice.to === 'nowhere') {
      const body = choice.why === 'no healthy upstream' ? choice.why : ''
      return localAnswer(incoming, outgoing, 503, body, addedHeaders(choice.route, choice.destination))
    }
    const { endpoint, route, destination } = choice
    const port = portOf(endpoint.ip)
    const added = addedHeaders(route, destination)
    if (port === undefined) return unreachable(incoming, outgoing, added)
    const started = performance.now()
    const passed: OutgoingHttpHeaders = { ...headers, 'x-forwarded-proto': 'http' }
    for (const name of HOP_BY_HOP) delete passed[name]
    const upstream = request(
      { agent, host: '127.0.0.1', port, method, path: rewritten(url, route), headers: passed },
      (answer) => {
        const answered: OutgoingHttpHeaders = { ...answer.headers }
        for (const name of [...HOP_BY_HOP, 'date']) delete answered[name]
        for (const [name, value] of added) answered[name.toLowerCase()] = value
        answered.server = 'envoy'
        answered['x-envoy-upstream-service-time'] = String(Math.round(performance.now() - started))
        outgoing.writeHead(answer.statusCode ?? 502, answered)
        answer.pipe(outgoing)
      },
    )
    upstream.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else unreachable(incoming, outgoing, added)
    })
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }

  const server = createServer({ keepAliveTimeout: 300_000 }, handle)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      await closeServer(server)
      agent.destroy()
    },
  }
}

/** An answer of the proxy itself: no x-envoy-upstream-service-time, as no upstream answered. */
function localAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  body: string,
  added: [string, string][] = [],
): void {
  incoming.resume()
  const headers: OutgoingHttpHeaders = { server: 'envoy', 'content-length': Buffer.byteLength(body) }
  if (body) headers['content-type'] = 'text/plain'
  for (const [name, value] of added) headers[name.toLowerCase()] = value
  outgoing.writeHead(status, headers).end(body)
}

/** A pod that is gone, though its endpoint is not yet. */
function unreachable(incoming: IncomingMessage, outgoing: ServerResponse, added: [string, string][]): void {
  const body =
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused'
  localAnswer(incoming, outgoing, 503, body, added)
}

function addedHeaders(route: ProxyRoute, destination: Destination | undefined): [string, string][] {
  return [...(destination?.responseHeaders ?? []), ...route.responseHeaders].map(({ name, value }) => [
    name,
    value,
  ])
}

function rewritten(url: string, { prefixRewrite, match }: ProxyRoute): string {
  if (prefixRewrite === undefined || match.prefix === undefined) return url
  return prefixRewrite + url.slice(match.prefix.length)
}
