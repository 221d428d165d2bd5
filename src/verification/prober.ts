import { Client } from 'undici'
import type { Outcome } from './classify.js'
import { type Broken, Exchange, failureOf } from './exchange.js'

export interface ProberOptions<T extends object> {
  /** `http://host:port` or `https://…`. */
  origin: string
  path: string
  headers: Record<string, string>
  /** Host header, and SNI for https, if it is not the origin's. */
  host?: string
  /** Probes per second at this moment; 0 is as fast as it goes. */
  rate: () => number
  /** Turns what came of a probe into what is worth keeping, at once: no answer is kept beyond this. */
  read: (outcome: Outcome, probe: { index: number; issuedAt: number; receivedAt: number }) => T
  /** Called in issue order: for a probe once it and all issued before it have their outcome. */
  commit: (result: T) => void
  /** Called with whatever `read` or `commit` throw. */
  onBug: (error: Error) => void
}

/** Probes at once, each on a connection of its own; they take turns, so that all proxies behind an address get some. */
const CONNECTIONS = 10
/** After so many probes a connection is made anew: behind a load balancer that may reach another proxy. */
const PROBES_PER_CONNECTION = 50
const CONNECT_TIMEOUT_MS = 3000
const PROBE_TIMEOUT_MS = 5000
/** How far issuing may run ahead of the oldest probe without an outcome: bounds memory. */
const MAX_AHEAD = 1000
/** How much of a delay (a busy process, all connections waiting) is caught up with, rather than let go. */
const CATCH_UP_MS = 20

/** One connection, one probe at a time. */
interface Lane {
  client: Client
  /** Answers since the connection was made. */
  served: number
}

/**
 * Sends GET requests at a steady rate and hands on what came of each, in issue order. Redirects are answers, bodies
 * are cut, HTTP_PROXY is ignored, nothing is retried, with one exception, visible in `reissued`: a connection that has
 * answered before and closes without a byte may have been closed as idle just when the probe was sent. Such a probe is
 * sent once more, as long as these are at most 1 % of all (or one).
 *
 * All times are those of performance.now().
 */
export class Prober<T extends object> {
  /** Probes sent once more. */
  reissued = 0
  private readonly headers: Record<string, string>
  private readonly lanes: Lane[]
  private readonly free: Lane[]
  private issued = 0
  private committed = 0
  /** Results that wait for older probes, by index. */
  private readonly waiting = new Map<number, T>()
  private nextAt = 0
  private timer?: NodeJS.Timeout
  private stopped = false

  constructor(private readonly options: ProberOptions<T>) {
    const { origin, host, headers } = options
    this.headers = host ? { ...headers, host } : headers
    this.lanes = Array.from({ length: CONNECTIONS }, () => openLane(origin, host))
    this.free = [...this.lanes]
  }

  /** Begins to probe. */
  start(): void {
    this.pump()
  }

  /** Issues nothing before `at`. */
  pauseUntil(at: number): void {
    this.nextAt = Math.max(this.nextAt, at)
  }

  /** Drops what is under way; nothing is committed any more. Resolves when all connections are closed. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await Promise.all(this.lanes.map(({ client }) => client.destroy()))
  }

  /** Issues all probes that are due while there are free connections. */
  private pump(): void {
    while (!this.stopped && this.free.length > 0 && this.issued - this.committed < MAX_AHEAD) {
      const now = performance.now()
      if (this.nextAt > now) {
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.pump(), this.nextAt - now)
        return
      }
      const rate = this.options.rate()
      if (rate > 0) this.nextAt = Math.max(this.nextAt + 1000 / rate, now - CATCH_UP_MS)
      this.issue(this.free.shift()!, now)
    }
  }

  private issue(lane: Lane, issuedAt: number): void {
    const index = this.issued
    this.issued += 1
    let done = false
    const answered = (outcome: Outcome) => {
      clearTimeout(timer) // also after a stop: it would keep the process
      if (done || this.stopped) return
      done = true
      const receivedAt = performance.now()
      try {
        this.waiting.set(index, this.options.read(outcome, { index, issuedAt, receivedAt }))
        this.commitPrefix()
      } catch (error) {
        // Thrown here it would end in the HTTP client, which takes it for a broken connection.
        this.options.onBug(error as Error)
      }
    }
    const ended = (broken?: Broken) => {
      if (broken) answered({ failure: failureOf(broken.error), message: broken.error.message })
      else lane.served += 1
      this.free.push(lane)
      this.pump()
    }
    let exchange = this.send(lane, answered, (broken) => {
      if (done || !broken || !this.mayReissue(lane, broken)) return ended(broken)
      this.reissued += 1
      exchange = this.send(lane, answered, ended)
    })
    const timer = setTimeout(() => {
      answered({ failure: 'timeout', message: `no answer within ${PROBE_TIMEOUT_MS / 1000} s` })
      exchange.abort()
    }, PROBE_TIMEOUT_MS)
  }

  private send(
    { client }: Lane,
    answered: (outcome: Outcome) => void,
    ended: (broken?: Broken) => void,
  ): Exchange {
    const exchange = new Exchange(answered, ended)
    client.dispatch({ path: this.options.path, method: 'GET', headers: this.headers }, exchange)
    return exchange
  }

  private mayReissue(lane: Lane, { error, beforeAnswer }: Broken): boolean {
    if (this.stopped || lane.served === 0 || !beforeAnswer || failureOf(error) !== 'reset') return false
    return this.reissued < Math.max(1, this.issued / 100)
  }

  private commitPrefix(): void {
    for (;;) {
      const result = this.waiting.get(this.committed)
      if (result === undefined || this.stopped) return
      this.waiting.delete(this.committed)
      this.committed += 1
      this.options.commit(result)
    }
  }
}

function openLane(origin: string, host?: string): Lane {
  const servername = host?.replace(/:\d+$/, '')
  const client = new Client(origin, {
    pipelining: 1,
    maxRequestsPerClient: PROBES_PER_CONNECTION,
    allowH2: false,
    // undici's own timers are coarse, about a second: each probe has a timer of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(servername ? { servername } : {}) },
  })
  const lane: Lane = { client, served: 0 }
  client.on('connect', () => {
    lane.served = 0
  })
  return lane
}
