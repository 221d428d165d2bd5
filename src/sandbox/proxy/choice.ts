import type { Endpoint, ProxyState } from '../gateway/proxy-feed.js'
import { matches, type RequestHead } from '../gateway/matching.js'
import type { Destination, LocalAnswer, ProxyRoute, RouteAction, VirtualHost } from '../gateway/routes.js'
import { isKnownSubset } from '../gateway/subsets.js'
import type { Random } from '../random.js'
import type { RoundRobin } from './round-robin.js'

export type Choice =
  | {
      to: 'endpoint'
      endpoint: Endpoint
      route: ProxyRoute
      destination: Destination
      /** For a cluster with subsets: whether the named one was found, or the fallback was used. */
      by?: 'subset' | 'fallback'
    }
  /** The route has no target: no such cluster, or no endpoint in it. */
  | { to: 'nowhere'; why: 'no cluster' | 'no healthy upstream'; route: ProxyRoute; destination?: Destination }
  /** The reference has no target, and this answer replaces it. */
  | { to: 'answer'; answer: LocalAnswer; route: ProxyRoute; destination: Destination }
  | { to: 'proxy'; action: Exclude<RouteAction, { to: 'clusters' }>; route: ProxyRoute }
  | { to: 'no route' }

/** How a destination is chosen among several. */
export interface Weighing {
  /** The actual weights. */
  weights: (destinations: Destination[]) => Destination[]
  /** The random source that decides between them. */
  chance: (destinations: Destination[]) => Random
  /** Replaces chance. */
  turns?: RoundRobin
}

/** The destination of one request, chosen independently of others. */
export function choose(
  state: ProxyState,
  host: string,
  head: RequestHead,
  random: Random,
  { weights, chance, turns }: Weighing = { weights: (destinations) => destinations, chance: () => random },
): Choice {
  const route = virtualHost(state, host, head.port)?.routes.find(({ match }) => matches(match, head))
  if (!route) return { to: 'no route' }
  const { action } = route
  if (action.to !== 'clusters') return { to: 'proxy', action, route }
  const destinations = weights(action.destinations)
  const drawn = chance(destinations)
  const destination =
    turns && drawn === random ? turns.next(action, destinations) : weighted(destinations, drawn)
  if (destination?.answer) return { to: 'answer', answer: destination.answer, route, destination }
  if (!destination || !state.config.clusters.has(destination.cluster))
    return { to: 'nowhere', why: 'no cluster', route, destination }
  const { endpoints, by } = subset(state, destination)
  const endpoint = endpoints[Math.floor(random() * endpoints.length)]
  if (!endpoint) return { to: 'nowhere', why: 'no healthy upstream', route, destination }
  return { to: 'endpoint', endpoint, route, destination, by }
}

/** Envoy's order: the exact domain, then the longest `*.suffix`, then the longest `prefix.*`, then `*`. */
function virtualHost(
  { config }: ProxyState,
  host: string,
  port: number | undefined,
): VirtualHost | undefined {
  // The port in the Host header is ignored, as if the proxy listened on 80.
  const name = host.toLowerCase().replace(/:\d+$/, '')
  let best: { host: VirtualHost; rank: number } | undefined
  for (const candidate of config.virtualHosts) {
    if (candidate.port !== undefined && candidate.port !== port) continue
    for (const domain of candidate.domains) {
      const rank = domainRank(domain.toLowerCase(), name, host)
      if (rank > (best?.rank ?? 0)) best = { host: candidate, rank }
    }
  }
  return best?.host
}

/** 0 if the domain does not match. */
function domainRank(domain: string, name: string, host: string): number {
  if (domain === name || domain === host) return 3000
  if (domain === '*') return 1
  if (domain.startsWith('*') && name.endsWith(domain.slice(1))) return 2000 + domain.length
  if (domain.endsWith('*') && name.startsWith(domain.slice(0, -1))) return 1000 + domain.length
  return 0
}

/** Envoy's pick: a random value modulo the sum of the weights, independent for every request. */
function weighted(destinations: Destination[], random: Random): Destination | undefined {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0)
  let point = Math.floor(random() * total)
  for (const destination of destinations) {
    if (point < destination.weight) return destination
    point -= destination.weight
  }
  return undefined
}

/** Pods of the subset; without any, the fallback policy decides: any pod of the Upstream, some, or none. */
function subset(
  state: ProxyState,
  { cluster: name, subset: labels = {} }: Destination,
): { endpoints: Endpoint[]; by?: 'subset' | 'fallback' } {
  const all = state.endpoints.get(name) ?? []
  const cluster = state.config.clusters.get(name)
  if (!cluster?.subsetKeys) return { endpoints: all }
  const isNamed = Object.keys(labels).length > 0 && isKnownSubset(cluster, labels)
  const found = isNamed ? labelled(all, labels) : []
  if (found.length > 0 || cluster.fallback === 'NO_FALLBACK') return { endpoints: found, by: 'subset' }
  const rest = cluster.fallback === 'DEFAULT_SUBSET' ? labelled(all, cluster.defaultSubset) : all
  return { endpoints: rest, by: 'fallback' }
}

/** A missing label counts as empty. */
function labelled(endpoints: Endpoint[], labels: Record<string, string>): Endpoint[] {
  const wanted = Object.entries(labels)
  return endpoints.filter((one) => wanted.every(([name, value]) => (one.labels[name] ?? '') === value))
}
