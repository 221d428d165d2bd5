import type { FaultRegistry } from '../faults.js'
import { type Endpoint, ProxyFeed, type ProxyUpdate, type Update } from './proxy-feed.js'
import type { Cluster } from './routes.js'

export interface FeedsOptions {
  /** The current configuration; undefined if nothing has changed. */
  update: () => ProxyUpdate | undefined
  endpointsOf: (cluster: Cluster) => Endpoint[]
  /** From a change until a proxy serves it, without a fault; milliseconds. */
  delayMs(what: Update): number
}

/** The feeds of all proxies of one gateway, by the proxy's name; in the order in which they connected. */
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

  /** A starting proxy gets the present configuration, and later changes. */
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

  /** A fault names a proxy by its pod's name or its age (`2` is the second oldest); default: the first. */
  private isStuck(name: string): boolean {
    const age = [...this.feeds.keys()].indexOf(name) + 1
    return this.faults.of('proxy-stuck').some(({ pod = '1' }) => pod === name || pod === String(age))
  }
}

/** A time between two bounds, both included. */
export function between([low, high]: [number, number], random: () => number): number {
  return low + random() * (high - low)
}
