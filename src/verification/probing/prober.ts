import type { Outcome } from '../answers/classify.js'
import { type Broken, Exchange, failureOf } from './exchange.js'
import { type Connection, openConnection } from './transport.js'
import type { ProxyTarget, Transport } from './verifier.js'

/** One probe's request; Host and connection settings come from the transport. */
export interface Probe {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** A probe that was sent. */
export interface SentProbe {
  /** In issue order, from 0. */
  index: number
  probe: Probe
  proxy: ProxyTarget
  /** Number of its connection. */
  connection: number
  issuedAt: number
  receivedAt: number
}

export interface ProberOptions<T extends object> {
  transport: Transport
  /** The next probe; the prober alternates proxies, with equal numbers of probes. */
  next: (index: number) => Probe
  /** Current probes per second; 0: as fast as possible. */
  rate: () => number
  /** Reduces an outcome at once to what is needed: answers are not kept. */
  read: (outcome: Outcome, sent: SentProbe) => T
  /** Called in issue order: for a probe once it and all earlier ones have their outcome. */
  commit: (result: T) => void
  /** Called with what `read` or `commit` throw. */
  onBug: (error: Error) => void
}

/**
 * Concurrent probes, each on its own connection; connections alternate, so that every proxy behind a shared address
 * gets some.
 */
const CONNECTIONS = 10
const PROBE_TIMEOUT_MS = 5000
/** Most probes issued ahead of the oldest one without an outcome: bounds memory. */
const MAX_AHEAD = 1000
/** How much of a delay (a busy process, all connections waiting) is caught up; the rest is dropped. */
const CATCH_UP_MS = 20

/** One connection to one proxy, one probe at a time. */
interface Lane {
  client: Connection
  proxy: ProxyTarget
  /** Free lanes of the same proxy. */
  free: Lane[]
  /** Answers since the connection was opened. */
  served: number
  /** Number of the connection within the prober. */
  connection: number
}

/**
 * Sends requests at a steady rate and commits the outcomes in issue order. Redirects are answers, bodies are truncated,
 * HTTP_PROXY is ignored. Nothing is retried, with one exception, counted in `reissued`: a reused connection that closes
 * without a byte may have been closed as idle just as the probe was sent. Such a probe is resent, as long as these are
 * at most 1 % of all (or one).
 *
 * All times are those of performance.now().
 */
export class Prober<T extends object> {
  /** Probes resent. */
  reissued = 0
  private readonly lanes: Lane[]
  /** Free lanes by proxy: each gets its turn even if another is slower. */
  private readonly free: Lane[][]
  private issued = 0
  private committed = 0
  /** Results that wait for earlier probes, by index. */
  private readonly waiting = new Map<number, T>()
  private nextAt = 0
  private timer?: NodeJS.Timeout
  private stopped = false
  /** Connections opened. */
  private connections = 0

  constructor(private readonly options: ProberOptions<T>) {
    const { transport } = options
    const each = Math.ceil(CONNECTIONS / transport.proxies.length)
    this.free = transport.proxies.map((proxy) => {
      const free: Lane[] = []
      for (let lane = 0; lane < each; lane += 1)
        free.push(openLane(transport, proxy, free, () => this.connections++))
      return free
    })
    this.lanes = this.free.flat()
  }

  start(): void {
    this.pump()
  }

  /** Issues nothing before `at`. */
  pauseUntil(at: number): void {
    this.nextAt = Math.max(this.nextAt, at)
  }

  /** Drops probes in flight; nothing more is committed. Resolves when all connections are closed. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await Promise.all(this.lanes.map(({ client }) => client.destroy()))
  }

  /** Issues all due probes while the next proxy has a free connection. */
  private pump(): void {
    while (!this.stopped && this.issued - this.committed < MAX_AHEAD) {
      const free = this.free[this.issued % this.free.length]!
      if (free.length === 0) return
      const now = performance.now()
      if (this.nextAt > now) {
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.pump(), this.nextAt - now)
        return
      }
      const rate = this.options.rate()
      if (rate > 0) this.nextAt = Math.max(this.nextAt + 1000 / rate, now - CATCH_UP_MS)
      this.issue(free.shift()!, now)
    }
  }

  private issue(lane: Lane, issuedAt: number): void {
    const index = this.issued
    this.issued += 1
    const probe = this.options.next(index)
    let done = false
    const answered = (outcome: Outcome) => {
      clearTimeout(timer) // also after stop(): it would keep the process alive
      if (done || this.stopped) return
      done = true
      const { proxy, connection } = lane
      const sent = { index, probe, proxy, connection, issuedAt, receivedAt: performance.now() }
      try {
        this.waiting.set(index, this.options.read(outcome, sent))
        this.commitPrefix()
      } catch (error) {
        // If thrown here, the HTTP client would take it for a broken connection.
        this.options.onBug(error as Error)
      }
    }
    const ended = (broken?: Broken) => {
      if (broken) answered({ failure: failureOf(broken.error), message: broken.error.message })
      else lane.served += 1
      lane.free.push(lane)
      this.pump()
    }
    let exchange = this.send(lane, probe, answered, (broken) => {
      if (done || !broken || !this.mayReissue(lane, broken)) return ended(broken)
      this.reissued += 1
      exchange = this.send(lane, probe, answered, ended)
    })
    const timer = setTimeout(() => {
      answered(exchange.unfinished(PROBE_TIMEOUT_MS / 1000))
      exchange.abort()
    }, PROBE_TIMEOUT_MS)
  }

  private send(
    { client }: Lane,
    { method, path, headers, body }: Probe,
    answered: (outcome: Outcome) => void,
    ended: (broken?: Broken) => void,
  ): Exchange {
    const exchange = new Exchange(answered, ended)
    const { host } = this.options.transport
    client.dispatch({ path, method, headers: host ? { ...headers, host } : headers, body }, exchange)
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

function openLane(
  transport: Transport,
  proxy: ProxyTarget,
  free: Lane[],
  nextConnection: () => number,
): Lane {
  const client = openConnection(transport, proxy)
  const lane: Lane = { client, proxy, free, served: 0, connection: nextConnection() }
  client.onConnect(() => {
    lane.connection = nextConnection()
    lane.served = 0
  })
  return lane
}
