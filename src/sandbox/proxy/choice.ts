import type { Endpoint, ProxyState } from '../gateway/gloo.js'
import { matches, type RequestHead } from '../gateway/matching.js'
import type { Destination, ProxyRoute } from '../gateway/routes.js'

export type Choice =
  | { to: 'endpoint'; endpoint: Endpoint; route: ProxyRoute; destination: Destination }
  /** The route leads nowhere: no such cluster, or no endpoint in it. */
  | { to: 'nowhere'; why: 'no cluster' | 'no healthy upstream'; route: ProxyRoute; destination?: Destination }
  | { to: 'no route' }

/** Where one request goes, chosen for it alone. `random` gives numbers from 0 to 1. */
export function choose(state: ProxyState, host: string, head: RequestHead, random: () => number): Choice {
  const route = virtualHost(state, host)?.routes.find(({ match }) => matches(match, head))
  if (!route) return { to: 'no route' }
  const destination = weighted(route.destinations, random)
  if (!destination?.cluster) return { to: 'nowhere', why: 'no cluster', route, destination }
  const endpoints = subset(state, destination.cluster, destination.subset)
  const endpoint = endpoints[Math.floor(random() * endpoints.length)]
  if (!endpoint) return { to: 'nowhere', why: 'no healthy upstream', route, destination }
  return { to: 'endpoint', endpoint, route, destination }
}

/** An exact domain goes before a wildcard one, as in Envoy. */
function virtualHost({ config }: ProxyState, host: string) {
  const [name = ''] = host.toLowerCase().split(':')
  const fits = (domain: string) =>
    domain === '*' ||
    domain === host ||
    domain === name ||
    (domain.startsWith('*.') && name.endsWith(domain.slice(1)))
  const candidates = config.virtualHosts.filter(({ domains }) => domains.some(fits))
  return candidates.find(({ domains }) => !domains.includes('*')) ?? candidates[0]
}

/** Envoy's pick: a random value modulo the sum of the weights, independent for every request. */
function weighted(destinations: Destination[], random: () => number): Destination | undefined {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0)
  let point = Math.floor(random() * total)
  for (const destination of destinations) {
    if (point < destination.weight) return destination
    point -= destination.weight
  }
  return undefined
}

/** Pods of the subset; where there are none, the fallback policy decides: any pod of the Upstream, or none. */
function subset(state: ProxyState, cluster: string, labels: Record<string, string> | undefined): Endpoint[] {
  const all = state.endpoints.get(cluster) ?? []
  const { subsetKeys, fallback } = state.config.clusters.get(cluster) ?? {
    subsetKeys: [],
    fallback: 'ANY_ENDPOINT',
  }
  if (subsetKeys.length === 0) return all
  const wanted = Object.entries(labels ?? {})
  const known = subsetKeys.some(
    (keys) => keys.length === wanted.length && wanted.every(([name]) => keys.includes(name)),
  )
  const found = known ? all.filter((one) => wanted.every(([name, value]) => one.labels[name] === value)) : []
  return found.length > 0 || fallback === 'NO_FALLBACK' ? found : all
}
