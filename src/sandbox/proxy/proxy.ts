import {
  Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createGuarded, safely } from '../door.js'
import type { FaultRegistry } from '../faults.js'
import type { Endpoint, ProxyState } from '../gateway/proxy-feed.js'
import type { Destination, HeaderChanges, ProxyRoute, RouteAction } from '../gateway/routes.js'
import type { Random } from '../random.js'
import { closeServer } from '../workloads/close-server.js'
import { choose } from './choice.js'
import { ProxyCounters } from './counters.js'
import { change, passedOn } from './headers.js'
import { Mirror } from './mirror.js'
import { AnswerFaults } from './answer-faults.js'

export interface GatewayProxy {
  port: number
  counters: ProxyCounters
  /** Takes over a connection that was accepted elsewhere: at no cost, unlike one that is passed on byte by byte. */
  take(socket: Socket): void
  /** @param graceMs how long requests under way may take */
  close(graceMs?: number): Promise<void>
}

export interface ProxyOptions {
  /** What to serve, read anew for every request. */
  state: ProxyState
  faults: FaultRegistry
  /** The real port behind a pod's address; undefined where nothing listens. */
  portOf: (ip: string, port: number) => number | undefined
  random?: Random
  /** What goes wrong in it or in front of it; where proxies stand side by side, they share what is in front. */
  answerFaults?: AnswerFaults
  /** Whether its pod is about to end: connections close with their next answer then. */
  isEnding?: () => boolean
}

const CONNECTION_REFUSED =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused'

/** Headers of a message that Envoy takes where nothing else is set, of requests and of answers. */
const MAX_HEADER_BYTES = 60 * 1024

const SUBSET_COUNTER = { subset: 'lb_subsets_selected', fallback: 'lb_subsets_fallback' } as const

/** Where a request is passed on to; without a port nothing listens there. */
interface Way {
  port?: number
  target: string
  route: ProxyRoute
  destination: Destination
  endpoint: Endpoint
}

/** The gateway's proxy: an HTTP server before the pods that answers as Envoy does. */
export async function startProxy(options: ProxyOptions): Promise<GatewayProxy> {
  const { state, faults, portOf, random = Math.random, isEnding = () => false } = options
  const { answerFaults = new AnswerFaults(faults, random) } = options
  const counters = new ProxyCounters()
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const mirror = new Mirror({ state, counters, agent, portOf, random })

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const strikes = ({ percent }: { percent: number }) => random() * 100 < percent
    if (faults.of('proxy-down').length > 0 || faults.of('proxy-reset').some(strikes)) {
      incoming.socket.resetAndDestroy()
      return
    }
    if (faults.of('proxy-stall').some(strikes)) return
    if (answerFaults.answers(incoming, outgoing)) return
    if (isEnding()) outgoing.shouldKeepAlive = false
    const { method = 'GET', url = '/' } = incoming
    const headers = answerFaults.headers(incoming.headers)
    const [path = '/', query] = url.split(/\?(.*)/s)
    const head = { method, path, query: new URLSearchParams(query), headers }
    const choice = choose(state, headers.host ?? '', head, random, {
      weights: (destinations) => answerFaults.weights(destinations),
      chance: (destinations) => answerFaults.chance(destinations, incoming),
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
        if (choice.by) counters.cluster(choice.destination.cluster)[SUBSET_COUNTER[choice.by]] += 1
        const target = rewritten(url, choice.route, choice.prefixRewrite)
        return forward(incoming, outgoing, {
          ...choice,
          port: portOf(choice.endpoint.ip, choice.endpoint.port),
          target,
        })
      }
    }
  }

  function forward(incoming: IncomingMessage, outgoing: ServerResponse, to: Way, attempt = 1): void {
    const { port, route, destination, endpoint } = to
    const count = counters.of(destination.cluster, endpoint)
    count('rq_total')
    const levels = levelsOf(route, destination)
    const unreachable = () => {
      count('rq_error')
      answerLocally(incoming, outgoing, 503, { body: CONNECTION_REFUSED, levels })
    }
    if (port === undefined) return unreachable()
    const headers = passedOn(answerFaults.headers(incoming.headers))
    const attempts = answerFaults.attempts(destination)
    headers['x-forwarded-proto'] = 'http'
    // Framed as it came: of itself Node frames no body of a GET, DELETE or OPTIONS.
    if (incoming.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked'
    change(headers, [destination.headers.request, route.headers.request])
    if (attempt === 1 && route.action.to === 'clusters' && route.action.shadow)
      mirror.copy(incoming, route.action.shadow, headers, to.target)
    const started = performance.now()
    const upstream = request({
      agent,
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: to.target,
      headers,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    const passBack = (answer: IncomingMessage) => {
      const { statusCode = 502 } = answer
      count(statusCode >= 500 ? 'rq_error' : 'rq_success')
      if (attempts !== undefined && statusCode >= 500 && attempt < attempts) {
        answer.resume()
        counters.cluster(destination.cluster).upstream_rq_retry += 1
        return forward(incoming, outgoing, to, attempt + 1)
      }
      const answered = passedOn(answer.headers)
      delete answered.date // the server gives its own
      change(answered, levels)
      answered.server = 'envoy'
      answered['x-envoy-upstream-service-time'] = String(Math.round(performance.now() - started))
      if (attempts !== undefined) answered['x-envoy-attempt-count'] = String(attempt)
      const remembered = answerFaults.remember(incoming, statusCode, answered)
      outgoing.writeHead(statusCode, answered)
      answer.on('error', () => outgoing.destroy())
      if (remembered) {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => remembered(Buffer.concat(chunks)))
      }
      answer.pipe(outgoing)
    }
    upstream.on('response', (answer) => safely(outgoing, () => passBack(answer)))
    upstream.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else if (!outgoing.destroyed) safely(outgoing, unreachable)
    })
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }

  const server = createGuarded({ keepAliveTimeout: 300_000, maxHeaderSize: MAX_HEADER_BYTES }, handle)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const taken = new Set<Socket>()
  return {
    port: (server.address() as AddressInfo).port,
    counters,
    take: (socket) => {
      taken.add(socket)
      socket.once('close', () => taken.delete(socket))
      server.emit('connection', socket)
    },
    close: async (graceMs) => {
      // The server waits for connections of its own only: those it took over are waited for besides.
      await closeServer(server, graceMs, () => [...taken])
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
