import type { KubeObject } from '../../api-server/objects.js'
import type { Cluster, ProxyConfig, VirtualHost } from '../routes.js'
import type { RouteFindings } from './findings.js'
import { type Attachment, attachmentsOf, type Listener, listenersOf } from './listeners.js'
import { byPrecedence, type Placed } from './precedence.js'
import type { Profile } from './profile.js'
import type { ReferenceSource, Target } from './references.js'
import { rulesOf } from './rules.js'

/** The objects that are translated. */
export interface Snapshot extends ReferenceSource {
  /** Those of the profile's class. */
  gateways: KubeObject[]
  routes: KubeObject[]
  namespaces: KubeObject[]
  hasSecret(namespace: string, name: string): boolean
  /** Ports that the proxies cannot open. */
  unavailablePorts: ReadonlySet<number>
  /** A route as it was last served completely, for implementations that keep it. */
  lastGood?(route: KubeObject): KubeObject | undefined
}

/** The report on a route, and on it at each parent. */
export interface RouteReport {
  route: KubeObject
  findings: RouteFindings
  attachments: Attachment[]
}

export interface Translation {
  config: ProxyConfig
  reports: RouteReport[]
  listeners: (Listener & { attachedRoutes: number })[]
}

/** HTTPRoutes and Gateways as one implementation configures its proxies, with its report. */
export function translate(snapshot: Snapshot, profile: Profile): Translation {
  const { gateways, routes, namespaces, unavailablePorts } = snapshot
  const listeners = listenersOf(gateways, unavailablePorts, (namespace, name) =>
    snapshot.hasSecret(namespace, name),
  )
  const clusters = new Map<string, Cluster>()
  const hosts = new Map<string, { port: number; domain: string; placed: Placed[] }>()
  const reports = routes.map((route): RouteReport => {
    const attachments = attachmentsOf(route, gateways, listeners, namespaces)
    const findings = emptyFindings(route)
    if (attachments.length === 0) return { route, findings, attachments }
    const context = {
      profile,
      source: snapshot,
      findings,
      cluster: (target: Target) => addCluster(clusters, target),
    }
    let placed = rulesOf(route, context)
    const isBroken = profile.keepsOldRoute && findings.regexes.some(({ where }) => where !== 'path')
    const old = isBroken ? snapshot.lastGood?.(route) : undefined
    if (isBroken) placed = old ? rulesOf(old, { ...context, findings: emptyFindings(old) }) : []
    for (const { at } of attachments)
      for (const { listener, hostnames } of at) place(listener, hostnames, placed)
    return { route, findings, attachments }
  })

  function place({ port, problem }: Listener, hostnames: string[], placed: Placed[]): void {
    if (problem || placed.length === 0) return
    for (const domain of hostnames) {
      const key = `${port} ${domain}`
      const host = hosts.get(key) ?? { port, domain, placed: [] }
      hosts.set(key, host)
      host.placed.push(...placed.filter((one) => !host.placed.includes(one)))
    }
  }

  const virtualHosts = [...hosts.values()].map(({ port, domain, placed }): VirtualHost => {
    const sorted = placed.sort(byPrecedence)
    noteOverlaps(sorted, reports)
    return { name: `${port}/${domain}`, port, domains: [domain], routes: sorted.map(({ route }) => route) }
  })
  const open = profile.closesWithoutRoutes
    ? virtualHosts.map(({ port }) => port!)
    : listeners.flatMap(({ port, problem }) => (problem ? [] : [port]))
  return {
    config: { virtualHosts, clusters, ports: new Set(open) },
    reports,
    listeners: listeners.map((listener) => ({
      ...listener,
      attachedRoutes: reports.filter(({ attachments }) =>
        attachments.some(({ at }) => at.some((one) => one.listener === listener)),
      ).length,
    })),
  }
}

function emptyFindings({ spec }: KubeObject): RouteFindings {
  return {
    references: [],
    regexes: [],
    withoutEndpoints: [],
    withoutBackends: [],
    filters: [],
    overlaps: [],
    rules: spec.rules.length as number,
  }
}

function addCluster(clusters: Map<string, Cluster>, { namespace, name, port }: Target): string {
  const cluster = `${namespace}/${name}/${port}`
  clusters.set(cluster, {
    name: cluster,
    serviceNamespace: namespace,
    serviceName: name,
    servicePort: port,
    selector: {},
    fallback: 'ANY_ENDPOINT',
    defaultSubset: {},
  })
  return cluster
}

/** Routes with the same match at the same hostname: only the first gets requests by it. */
function noteOverlaps(placed: Placed[], reports: RouteReport[]): void {
  const seen = new Map<string, KubeObject[]>()
  for (const { owner, route } of placed) {
    const key = JSON.stringify(route.match, (_, value: unknown) =>
      value instanceof RegExp ? value.source : value,
    )
    seen.set(key, [...(seen.get(key) ?? []), owner])
  }
  const nameOf = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`
  for (const owners of seen.values())
    for (const owner of owners) {
      const overlaps = reports.find(({ route }) => nameOf(route) === nameOf(owner))?.findings.overlaps
      for (const name of owners.map(nameOf))
        if (name !== nameOf(owner) && overlaps?.includes(name) === false) overlaps.push(name)
    }
}
