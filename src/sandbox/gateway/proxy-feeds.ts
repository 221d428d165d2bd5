import type { FaultRegistry } from '../faults.js'
import { type Endpoint, ProxyFeed, type ProxyUpdate, type Update } from './proxy-feed.js'
import type { Cluster } from './routes.js'

export interface FeedsOptions {
  /** The configuration as of now; undefined if all stays as it was. */
  update: () => ProxyUpdate | undefined
  endpointsOf: (cluster: Cluster) => Endpoint[]
  /** From a change until a proxy serves it, if no fault says otherwise; milliseconds. */
  delayMs(what: Update): number
}

/** The ways to all proxies of one gateway, by the proxy's name; the one that connected first in front. */
export class ProxyFeeds {
  private readonly feeds = new Map<string, ProxyFeed>()
  private readonly unsubscribe: () => void

  constructor(
    private readonly faults: FaultRegistry,
    private readonly options: FeedsOptions,
  ) {
    this.unsubscribe = faults.subscribe(() => this.catchUp())
  }

  get count(): number {
    return this.feeds.size
  }

  /** A proxy that starts: it has what there is at this moment, and hears of what comes. */
  connect(name: string): ProxyFeed {
    const { update, endpointsOf } = this.options
    const feed = new ProxyFeed({
      update,
      endpointsOf,
      delayMs: (what) => this.delayMs(what),
      isStuck: () => this.isStuck(name),
    })
    this.feeds.set(name, feed)
    return feed
  }

  disconnect(name: string): void {
    this.feeds.get(name)?.close()
    this.feeds.delete(name)
    this.catchUp() // one that was stuck by its age may be another's age now
  }

  close(): void {
    this.unsubscribe()
    for (const feed of this.feeds.values()) feed.close()
  }

  schedule(what: Update): void {
    for (const feed of this.feeds.values()) feed.schedule(what)
  }

  delayMs(what: Update): number {
    return this.faults.of('propagation')[0]?.ms ?? this.options.delayMs(what)
  }

  private catchUp(): void {
    for (const feed of this.feeds.values()) feed.catchUp()
  }

  /** A proxy is meant by its pod's name, by its age (`2` is the second oldest), or as the first. */
  private isStuck(name: string): boolean {
    const age = [...this.feeds.keys()].indexOf(name) + 1
    return this.faults.of('proxy-stuck').some(({ pod = '1' }) => pod === name || pod === String(age))
  }
}

/** A time between two bounds, both included. */
export function between([low, high]: [number, number], random: () => number): number {
  return low + random() * (high - low)
}
