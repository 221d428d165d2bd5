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
import type { Destination, HeaderChanges, LocalAnswer, ProxyRoute, RouteAction } from '../gateway/routes.js'
import type { Random } from '../random.js'
import { closeServer } from '../workloads/close-server.js'
import { choose } from './choice.js'
import { corsHeaders, isPreflight } from './cors.js'
import { ProxyCounters } from './counters.js'
import { change, passedOn } from './headers.js'
import { ShadowSender } from './shadow-sender.js'
import { rewritten } from './paths.js'
import { RoundRobin } from './round-robin.js'
import { ENVOY, type ProxyTraits } from './traits.js'
import { AnswerFaults } from './answer-faults.js'

export interface GatewayProxy {
  port: number
  counters: ProxyCounters
  /** Takes over a connection accepted elsewhere, which costs nothing, unlike copying its bytes. */
  take(socket: Socket): void
  /** @param graceMs how long requests under way may take */
  close(graceMs?: number): Promise<void>
}

export interface ProxyOptions {
  /** What to serve, read again for every request. */
  state: ProxyState
  faults: FaultRegistry
  /** The real port behind a pod's address; undefined if nothing listens. */
  portOf: (ip: string, port: number) => number | undefined
  random?: Random
  /** Faults in it or in front of it; proxies side by side share those in front. */
  answerFaults?: AnswerFaults
  /** Whether its pod is about to end: then connections close with their next answer. */
  isEnding?: () => boolean
  /** The kind of proxy; Envoy by default. */
  traits?: ProxyTraits
}

/** Envoy's default limit for the headers of a message, of requests and of answers. */
const MAX_HEADER_BYTES = 60 * 1024

const SUBSET_COUNTER = { subset: 'lb_subsets_selected', fallback: 'lb_subsets_fallback' } as const

/** The target of a request; without a port nothing listens there. */
interface Way {
  port?: number
  target: string
  route: ProxyRoute
  destination: Destination
  endpoint: Endpoint
}

/** The gateway's proxy: an HTTP server before the pods that answers like a real one. */
export async function startProxy(options: ProxyOptions): Promise<GatewayProxy> {
  const { state, faults, portOf, random = Math.random, isEnding = () => false } = options
  const { answerFaults = new AnswerFaults(faults, random), traits = ENVOY } = options
  const turns = traits.balance === 'round robin' ? new RoundRobin() : undefined
  const counters = new ProxyCounters()
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const shadowSender = new ShadowSender({ state, counters, agent, portOf, random })

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const strikes = ({ percent }: { percent: number }) => random() * 100 < percent
    if (faults.of('proxy-down').length > 0 || faults.of('proxy-reset').some(strikes)) {
      incoming.socket.resetAndDestroy()
      return
    }
    if (faults.of('proxy-stall').some(strikes)) return
    const { method = 'GET', url = '/' } = incoming
    const { localPort: port = 0 } = incoming.socket
    if (state.config.ports?.has(port) === false) {
      incoming.socket.resetAndDestroy()
      return
    }
    if (answerFaults.answers(incoming, outgoing)) return
    if (isEnding()) outgoing.shouldKeepAlive = false
    const headers = answerFaults.headers(incoming.headers)
    const [path = '/', query] = url.split(/\?(.*)/s)
    const head = { method, path, query: new URLSearchParams(query), headers, port }
    const choice = choose(state, headers.host ?? '', head, random, {
      weights: (destinations) => answerFaults.weights(destinations),
      chance: (destinations) => answerFaults.chance(destinations, incoming),
      turns,
    })
    if ('route' in choice && choice.route.cors && isPreflight(method, headers)) {
      const own = corsHeaders(choice.route.cors, headers, true)
      return answerLocally(incoming, outgoing, { status: 200, body: '' }, { own })
    }
    switch (choice.to) {
      case 'no route':
        return answerLocally(incoming, outgoing, traits.noRoute)
      case 'proxy':
        return answerItself(incoming, outgoing, choice.action, choice.route)
      case 'nowhere': {
        const answer = choice.why === 'no healthy upstream' ? traits.noEndpoints : { status: 503, body: '' }
        const levels = levelsOf(choice.route, choice.destination)
        return answerLocally(incoming, outgoing, answer, { levels })
      }
      case 'answer': {
        const levels = levelsOf(choice.route, choice.destination)
        return answerLocally(incoming, outgoing, choice.answer, { levels })
      }
      case 'endpoint': {
        if (choice.by) counters.cluster(choice.destination.cluster)[SUBSET_COUNTER[choice.by]] += 1
        const { action, match } = choice.route
        const target = rewritten(url, match, action.to === 'clusters' ? action.rewrite?.path : undefined)
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
      answerLocally(incoming, outgoing, traits.unreachable, { levels })
    }
    const { action } = route
    const { shadows = [], rewrite, timeoutMs } = action.to === 'clusters' ? action : {}
    if (port === undefined) return unreachable()
    const headers = passedOn(answerFaults.headers(incoming.headers))
    const attempts = answerFaults.attempts(destination)
    headers['x-forwarded-proto'] = 'http'
    // Framed as received: Node by default does not frame the body of a GET, DELETE or OPTIONS.
    if (incoming.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked'
    change(headers, [destination.headers.request, route.headers.request])
    if (rewrite?.host !== undefined) headers.host = rewrite.host
    if (attempt === 1) for (const shadow of shadows) shadowSender.copy(incoming, shadow, headers, to.target)
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
      if (route.cors) Object.assign(answered, corsHeaders(route.cors, incoming.headers, false))
      if (traits.server !== undefined) answered.server = traits.server
      if (traits.timesUpstream)
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
    upstream.on('response', (answer) => {
      if (outgoing.headersSent) answer.destroy()
      else safely(outgoing, () => passBack(answer))
    })
    upstream.on('error', () => {
      if (outgoing.writableEnded) return
      if (outgoing.headersSent) outgoing.destroy()
      else if (!outgoing.destroyed) safely(outgoing, unreachable)
    })
    if (timeoutMs !== undefined && attempt === 1) {
      const timer = setTimeout(() => {
        if (outgoing.headersSent) return
        count('rq_error')
        answerLocally(incoming, outgoing, traits.timedOut, { levels })
      }, timeoutMs)
      outgoing.on('close', () => clearTimeout(timer))
    }
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }

  /** An answer of the proxy itself: no x-envoy-upstream-service-time, as no upstream answered. */
  function answerLocally(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    { status, body, contentType = 'text/plain' }: LocalAnswer,
    { levels = [], own = {} }: { levels?: HeaderChanges[]; own?: OutgoingHttpHeaders } = {},
  ): void {
    incoming.resume()
    const headers: OutgoingHttpHeaders = { 'content-length': Buffer.byteLength(body), ...own }
    if (body) headers['content-type'] = contentType
    const { server } = traits
    outgoing.writeHead(status, { ...change(headers, levels), ...(server ? { server } : {}) }).end(body)
  }

  function answerItself(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    action: Exclude<RouteAction, { to: 'clusters' }>,
    route: ProxyRoute,
  ): void {
    const levels = levelsOf(route)
    if (action.to === 'direct response') return answerLocally(incoming, outgoing, action, { levels })
    const location = redirectTarget(incoming, action, route)
    answerLocally(incoming, outgoing, { status: action.status, body: '' }, { levels, own: { location } })
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
      // The server only waits for its own connections: those it took over are waited for separately.
      await closeServer(server, graceMs, () => [...taken])
      agent.destroy()
    },
  }
}

/** The target of a redirect; parts it does not name stay as in the request. */
function redirectTarget(
  { headers, url = '/', socket }: IncomingMessage,
  { scheme = 'http', host = headers.host ?? '', port, path }: Extract<RouteAction, { to: 'redirect' }>,
  { match }: ProxyRoute,
): string {
  const name = host.replace(/:\d+$/, '')
  const own = port === 'listener' ? socket.localPort : port
  const authority = port === undefined ? host : own === 'scheme' ? name : `${name}:${own}`
  const target = rewritten(url, match, path)
  return `${scheme}://${encodeURI(authority)}${path === undefined ? target : encodeURI(target)}`
}

function levelsOf(route: ProxyRoute, destination?: Destination): HeaderChanges[] {
  return [...(destination ? [destination.headers.response] : []), route.headers.response]
}
