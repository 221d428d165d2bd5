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
import type { Destination, HeaderChanges, ProxyRoute, RouteAction } from '../gateway/routes.js'
import type { Random } from '../random.js'
import { closeServer } from '../workloads/close-server.js'
import { choose } from './choice.js'
import { change, passedOn } from './headers.js'
import { Tampering } from './tampering.js'

export interface GatewayProxy {
  port: number
  close(): Promise<void>
}

export interface ProxyOptions {
  /** What to serve, read anew for every request. */
  state: ProxyState
  faults: FaultRegistry
  /** The real port behind a pod's address; undefined where nothing listens. */
  portOf: (ip: string, port: number) => number | undefined
  random?: Random
}

const CONNECTION_REFUSED =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused'

/** The gateway's proxy: an HTTP server before the pods that answers as Envoy does. */
export async function startProxy(options: ProxyOptions): Promise<GatewayProxy> {
  const { state, faults, portOf, random = Math.random } = options
  const tampering = new Tampering(faults, random)
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const strikes = ({ percent }: { percent: number }) => random() * 100 < percent
    if (faults.of('proxy-down').length > 0 || faults.of('proxy-reset').some(strikes)) {
      incoming.socket.resetAndDestroy()
      return
    }
    if (faults.of('proxy-stall').some(strikes)) return
    if (tampering.answers(incoming, outgoing)) return
    const { method = 'GET', url = '/' } = incoming
    const headers = tampering.headers(incoming.headers)
    const [path = '/', query] = url.split(/\?(.*)/s)
    const head = { method, path, query: new URLSearchParams(query), headers }
    const choice = choose(state, headers.host ?? '', head, random, {
      weights: (destinations) => tampering.weights(destinations),
      chance: (destinations) => tampering.chance(destinations, incoming),
    })
    switch (choice.to) {
      case 'no route':
        return answerLocally(incoming, outgoing, 404)
      case 'proxy':
        return answerItself(incoming, outgoing, choice.action, choice.route)
      case 'nowhere':
        return answerLocally(incoming, outgoing, 503, {
          body: choice.why === 'no healthy upstream' ? choice.why : '',
          levels: levelsOf(choice.route, choice.destination),
        })
      case 'endpoint': {
        const target = rewritten(url, choice.route, choice.prefixRewrite)
        return forward(incoming, outgoing, {
          ...choice,
          port: portOf(choice.endpoint.ip, choice.endpoint.port),
          target,
        })
      }
    }
  }

  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    to: { port?: number; target: string; route: ProxyRoute; destination: Destination },
    attempt = 1,
  ): void {
    const { port, route, destination } = to
    const levels = levelsOf(route, destination)
    const unreachable = () => answerLocally(incoming, outgoing, 503, { body: CONNECTION_REFUSED, levels })
    if (port === undefined) return unreachable()
    const headers = passedOn(tampering.headers(incoming.headers))
    const attempts = tampering.attempts(destination)
    headers['x-forwarded-proto'] = 'http'
    change(headers, [destination.headers.request, route.headers.request])
    const started = performance.now()
    const upstream = request({
      agent,
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: to.target,
      headers,
    })
    upstream.on('response', (answer) => {
      const { statusCode = 502 } = answer
      if (attempts !== undefined && statusCode >= 500 && attempt < attempts) {
        answer.resume()
        return forward(incoming, outgoing, to, attempt + 1)
      }
      const answered = passedOn(answer.headers)
      delete answered.date // the server gives its own
      change(answered, levels)
      answered.server = 'envoy'
      answered['x-envoy-upstream-service-time'] = String(Math.round(performance.now() - started))
      if (attempts !== undefined) answered['x-envoy-attempt-count'] = String(attempt)
      const remembered = tampering.remember(incoming, statusCode, answered)
      outgoing.writeHead(statusCode, answered)
      answer.on('error', () => outgoing.destroy())
      if (remembered) {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => remembered(Buffer.concat(chunks)))
      }
      answer.pipe(outgoing)
    })
    upstream.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else if (!outgoing.destroyed) unreachable()
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
function answerLocally(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  { body = '', location, levels = [] }: { body?: string; location?: string; levels?: HeaderChanges[] } = {},
): void {
  incoming.resume()
  const headers: OutgoingHttpHeaders = { 'content-length': Buffer.byteLength(body) }
  if (body) headers['content-type'] = 'text/plain'
  if (location !== undefined) headers.location = location
  outgoing.writeHead(status, { ...change(headers, levels), server: 'envoy' }).end(body)
}

function answerItself(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  action: Exclude<RouteAction, { to: 'clusters' }>,
  route: ProxyRoute,
): void {
  const levels = levelsOf(route)
  const { status } = action
  if (action.to === 'direct response')
    return answerLocally(incoming, outgoing, status, { body: action.body, levels })
  const scheme = action.https ? 'https' : 'http'
  const host = action.host ?? incoming.headers.host ?? ''
  const path = action.path === undefined ? incoming.url : encodeURI(action.path)
  const target = `${scheme}://${encodeURI(host)}${path}`
  answerLocally(incoming, outgoing, status, { location: target, levels })
}

function levelsOf(route: ProxyRoute, destination?: Destination): HeaderChanges[] {
  return [...(destination ? [destination.headers.response] : []), route.headers.response]
}

function rewritten(url: string, { match }: ProxyRoute, prefixRewrite: string | undefined): string {
  if (prefixRewrite === undefined || !('prefix' in match.path)) return url
  return prefixRewrite + url.slice(match.path.prefix.length)
}
