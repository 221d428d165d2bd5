import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { list, number, record, text } from '../fields.js'
import type { ProxyAdmin, ProxyCounters } from '../../model/results/diagnosis.js'

/** Envoy's admin interface. */
export const ADMIN_PORT = 19_000
/** Answers of a proxy with thousands of routes are larger than this, and not worth the time. */
const MAX_BYTES = 16 * 1024 * 1024

/** Between two readings of the counters. */
const APART_MS = 700

/**
 * What Envoy's admin interface reports of an app's cluster: counters, their increase within 0.7 seconds, and its
 * current routes.
 *
 * @throws Error if it does not answer, or not like Envoy
 */
export async function readProxyAdmin(
  origin: string,
  cluster: string,
  signal: AbortSignal,
): Promise<ProxyAdmin> {
  const [before, dump] = await Promise.all([
    countersOf(origin, cluster, signal),
    fetchText(`${origin}/config_dump?resource=dynamic_route_configs`, signal),
  ])
  await pause(APART_MS, undefined, { signal })
  const now = await countersOf(origin, cluster, signal)
  const meanwhile = {
    routesRejected: now.routesRejected - before.routesRejected,
    fallbacks: now.fallbacks - before.fallbacks,
    retries: now.retries - before.retries,
  }
  return { ...now, meanwhile, ...routesOf(JSON.parse(dump), cluster) }
}

async function countersOf(origin: string, cluster: string, signal: AbortSignal): Promise<ProxyCounters> {
  const filter = encodeURIComponent('lb_subsets_fallback|upstream_rq_retry|update_rejected')
  const stats = await fetchText(`${origin}/stats?filter=${filter}`, signal)
  const sum = (isMeant: (counter: string) => boolean) => sumOf(stats, isMeant)
  return {
    routesRejected: sum((counter) => /\.rds\..*\.update_rejected$/.test(counter)),
    fallbacks: sum((counter) => counter === `cluster.${cluster}.lb_subsets_fallback`),
    retries: sum((counter) => counter === `cluster.${cluster}.upstream_rq_retry`),
  }
}

/** The sums of the counters whose names match patterns, undefined for those that match none. Throws Error if it does not answer. */
export async function readCounters(
  origin: string,
  patterns: string[],
  signal: AbortSignal,
): Promise<(number | undefined)[]> {
  const filter = encodeURIComponent(`^(${patterns.join('|')})$`)
  const stats = await fetchText(`${origin}/stats?filter=${filter}`, signal)
  const names = stats.split('\n').map((line) => line.slice(0, line.lastIndexOf(': ')))
  return patterns.map((pattern) => {
    const wanted = new RegExp(`^${pattern}$`)
    return names.some((name) => wanted.test(name)) ? sumOf(stats, (name) => wanted.test(name)) : undefined
  })
}

/** Requests to each address of each cluster since it is known, by cluster and address. */
export type HostRequests = Map<string, { ip: string; requests: number }>

/** What a proxy sent to each address. Throws Error if it does not answer, or not like Envoy. */
export async function readHostRequests(origin: string, signal: AbortSignal): Promise<HostRequests> {
  const found: unknown = JSON.parse(await fetchText(`${origin}/clusters?format=json`, signal))
  const entries = list(record(found).cluster_statuses).flatMap(({ name, host_statuses: hosts }) =>
    list(hosts).flatMap(({ address, stats }) => {
      const { address: ip, port_value: port } = record(record(address).socket_address)
      const total = list(stats).find((one) => one.name === 'rq_total')?.value ?? 0
      return typeof ip === 'string'
        ? [[`${text(name)} ${ip}:${number(port)}`, { ip, requests: Number(total) }] as const]
        : []
    }),
  )
  return new Map(entries)
}

/** Envoy's text format: `cluster.echo_echo.upstream_rq_retry: 3`. */
function sumOf(stats: string, isMeant: (counter: string) => boolean): number {
  let sum = 0
  for (const line of stats.split('\n')) {
    const at = line.lastIndexOf(': ')
    const value = Number(line.slice(at + 2))
    if (at > 0 && Number.isFinite(value) && isMeant(line.slice(0, at))) sum += value
  }
  return sum
}

interface EnvoyRoute {
  route?: {
    cluster?: string
    weighted_clusters?: { clusters?: WeightedCluster[] }
  }
  response_headers_to_add?: { header?: { key?: string; value?: string } }[]
}

interface WeightedCluster {
  name?: string
  weight?: number
  metadata_match?: { filter_metadata?: Record<string, { version?: string } | undefined> }
}

function routesOf(dump: unknown, cluster: string): Pick<ProxyAdmin, 'weights' | 'headerValues'> {
  const weights: Record<string, number> = {}
  const headerValues = new Set<string>()
  for (const { route, response_headers_to_add: added = [] } of virtualHostRoutes(dump)) {
    const weighted = (route?.weighted_clusters?.clusters ?? []).filter(({ name }) => name === cluster)
    if (route?.cluster !== cluster && weighted.length === 0) continue
    for (const { header } of added) if (typeof header?.value === 'string') headerValues.add(header.value)
    for (const { weight = 0, metadata_match: match } of weighted) {
      weights[match?.filter_metadata?.['envoy.lb']?.version ?? 'any'] = weight
    }
  }
  return { weights, headerValues: [...headerValues] }
}

/** Every route of every virtual host, wherever the dump has its route configuration. */
function virtualHostRoutes(value: unknown): EnvoyRoute[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(virtualHostRoutes)
  const { virtual_hosts: hosts } = value as { virtual_hosts?: unknown }
  if (Array.isArray(hosts))
    return (hosts as { routes?: EnvoyRoute[] }[]).flatMap(({ routes }) => routes ?? [])
  return Object.values(value).flatMap(virtualHostRoutes)
}

function fetchText(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_BYTES) request.destroy(new Error('the answer is too long'))
      })
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${response.statusCode}`)),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
