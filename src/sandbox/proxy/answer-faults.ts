import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FaultRegistry } from '../faults.js'
import type { Destination } from '../gateway/routes.js'
import type { Random } from '../random.js'

/** Attempts of a proxy with retries, the first included. */
const ATTEMPTS = 4
/** Entries of the cache in front. */
const MAX_CACHED = 1000

interface CachedAnswer {
  at: number
  status: number
  headers: OutgoingHttpHeaders
  body: Buffer
}

/** Faults in the proxy or in front of it, between users and a correct configuration. Read again for every request. */
export class AnswerFaults {
  private readonly cache = new Map<string, CachedAnswer>()

  constructor(
    private readonly faults: FaultRegistry,
    private readonly random: Random,
  ) {}

  /** Answers instead of the proxy: a cache, a login, a redirect, another site. Returns whether it did. */
  answers(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { faults, random } = this
    const reply = (status: number, headers: OutgoingHttpHeaders, body: string | Buffer = '') => {
      incoming.resume()
      outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body)
      return true
    }
    const [redirect] = faults.of('redirect')
    if (redirect) {
      const location = `https://${incoming.headers.host ?? ''}${incoming.url ?? '/'}`
      return reply(redirect.status ?? 301, { location })
    }
    const [auth] = faults.of('auth')
    if (auth && incoming.headers.authorization === undefined) {
      const asked = auth.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
      return reply(auth.status, { 'content-type': 'text/plain', ...asked }, 'who are you?\n')
    }
    if (faults.of('foreign-answers').some(({ percent }) => random() * 100 < percent))
      return reply(200, { 'content-type': 'text/html' }, '<html>We will be back soon.</html>\n')
    const cached = this.cached(incoming)
    if (!cached) return false
    const age = String(Math.floor((Date.now() - cached.at) / 1000))
    return reply(cached.status, { ...cached.headers, age, 'x-cache': 'HIT' }, cached.body)
  }

  /** The request's headers when they reach the routes. */
  headers(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    const stripped = this.faults.of('strip-header')
    if (stripped.length === 0) return headers
    const left = { ...headers }
    for (const { name } of stripped) delete left[name.toLowerCase()]
    return left
  }

  /** The destinations of a weighted route with their actual weights. */
  weights(destinations: Destination[]): Destination[] {
    const [first, second] = destinations
    if (!first || !second) return destinations
    const fault = this.faults.of('wrong-weights').find(({ app }) => isOf(first, app))
    if (!fault) return destinations
    // A hundredth of a percent is fine enough.
    const share = Math.round(fault.percent * 100)
    return [
      { ...first, weight: 10_000 - share },
      { ...second, weight: share },
    ]
  }

  /** If the choice of a destination sticks to the connection, it is not random. */
  chance(destinations: Destination[], incoming: IncomingMessage): Random {
    const [first] = destinations
    if (!first || !this.faults.of('sticky').some(({ app }) => isOf(first, app))) return this.random
    const { remotePort = 0, localPort = 0 } = incoming.socket
    return () => hashed(remotePort * 65_536 + localPort)
  }

  /** How often the proxy tries a destination until the answer is not a 5xx; undefined without retries. */
  attempts(destination: Destination): number | undefined {
    return this.faults.of('retries').some(({ app }) => isOf(destination, app)) ? ATTEMPTS : undefined
  }

  /** Intercepts an answer on its way out for a cache; adds headers in place. */
  remember(
    incoming: IncomingMessage,
    status: number,
    headers: OutgoingHttpHeaders,
  ): ((body: Buffer) => void) | undefined {
    const key = this.keyOf(incoming)
    if (key === undefined) return undefined
    const kept = { ...headers }
    delete kept['content-length']
    delete kept['transfer-encoding']
    headers['x-cache'] = 'MISS'
    return (body) => {
      if (this.cache.size >= MAX_CACHED) this.cache.clear()
      this.cache.set(key, { at: Date.now(), status, headers: kept, body })
    }
  }

  private cached(incoming: IncomingMessage): CachedAnswer | undefined {
    const key = this.keyOf(incoming)
    if (key === undefined) {
      if (this.cache.size > 0 && this.faults.of('cache').length === 0) this.cache.clear()
      return undefined
    }
    const found = this.cache.get(key)
    const [{ ms } = { ms: 0 }] = this.faults.of('cache')
    return found && Date.now() - found.at < ms ? found : undefined
  }

  /** Undefined if nothing is cached. A cache that ignores the canary headers mixes up their answers. */
  private keyOf({ method, headers, url }: IncomingMessage): string | undefined {
    if (method !== 'GET' || this.faults.of('cache').length === 0) return undefined
    return `${headers.host ?? ''}${url ?? ''}`
  }
}

function isOf(destination: Destination, app: string): boolean {
  return destination.app === app
}

/** A number from 0 to 1, always the same for the same input (a finalizer of MurmurHash3). */
function hashed(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
}
