import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { KubeObject } from '../../api-server/objects.js'
import { isKnownSubset } from '../subsets.js'
import { type FlatRoute, flattenRoutes } from './delegation.js'
import { compileMatch } from './compile-match.js'
import type { ProxyUpdate } from '../proxy-feed.js'
import type {
  Cluster,
  Destination,
  HeaderChanges,
  HeaderManipulation,
  ProxyRoute,
  RouteAction,
  Shadow,
  VirtualHost,
} from '../routes.js'
import { type Report, StatusReports } from './statuses.js'

export interface Snapshot {
  virtualServices: KubeObject[]
  routeTables: KubeObject[]
  upstreams: KubeObject[]
}

export interface Translation extends ProxyUpdate {
  /** Status by object, to be written to it. */
  reports: Map<KubeObject, Report>
  /** All texts of the statuses, each once. */
  problems: string[]
}

const REDIRECTS: Record<string, number> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
}

const NO_WEIGHT =
  'Incorrect configuration for Weighted Destination for route - Weighted Destinations require a total weight that is greater than or equal to 1.'
const NO_SHARE = 'shadow percentage must be between 0 and 100'
const NO_DESTINATION = 'must specify at least one weighted destination for multi destination routes.'

/** Gloo's translation: the proxy's configuration, and the statuses. */
export function translate(snapshot: Snapshot): Translation {
  const { virtualServices, routeTables, upstreams } = snapshot
  const reports = new StatusReports()
  const clusters = new Map(upstreams.flatMap(clusterOf).map((cluster) => [cluster.name, cluster]))
  let refused = false

  function virtualHost(service: KubeObject): VirtualHost {
    const name = `${service.metadata.namespace}_${service.metadata.name}`
    const routes = flattenRoutes(service, routeTables, reports).flatMap((flat, index) =>
      proxyRoutes(service, flat, `${name}-route-${index}`),
    )
    return { name, domains: domainsOf(service), routes }
  }

  function proxyRoutes(service: KubeObject, flat: FlatRoute, routeName: string): ProxyRoute[] {
    return flat.matchers.flatMap((matcher, index) => {
      const action = actionOf(flat)
      const where = `Route Name: ${routeName}-matcher-${index}`
      if (action.to === 'clusters' && !action.shadows.every(isShare)) {
        action.shadows = []
        reports.rejectProxy(`Route Error: ProcessingError. Reason: ${NO_SHARE}`, where)
      }
      if (action.to === 'clusters') checkDestinations(service, action.destinations, where)
      const match = compileMatch(matcher)
      const headers = headersOf(flat.options)
      if (match && isServable(action, headers)) return [{ match, action, headers }]
      refused = true
      return []
    })
  }

  function checkDestinations(service: KubeObject, destinations: Destination[], where: string): void {
    if (destinations.reduce((sum, { weight }) => sum + weight, 0) < 1) {
      refused = true
      const why = destinations.length === 0 ? NO_DESTINATION : NO_WEIGHT
      reports.rejectProxy(`Route Error: ProcessingError. Reason: ${why}`, where)
    }
    for (const { cluster: name, subset } of destinations) {
      const cluster = clusters.get(name)
      const warning = cluster ? subsetWarning(cluster, subset) : `${upstreamOf(name)} not found`
      if (warning)
        reports.warn(service, service, `Route Warning: InvalidDestinationWarning. Reason: ${warning}`)
      else if (cluster && !isKnownSubset(cluster, subset)) {
        const why = 'route has a subset config, but none of the subsets in the upstream match it.'
        reports.rejectProxy(`Route Error: ProcessingError. Reason: ${why}`, where)
      }
    }
  }

  reportDomainConflicts(virtualServices, reports)
  const virtualHosts = virtualServices.map(virtualHost)
  return {
    config: { virtualHosts, clusters },
    reports: new Map([
      ...[...virtualServices, ...routeTables].map((one) => [one, reports.of(one, true)] as const),
      ...upstreams.map((one) => [one, reports.of(one, false)] as const),
    ]),
    problems: reports.problems(),
    refused,
    rejectedHosts: new Set(
      virtualHosts.filter((_, index) => reports.isRejected(virtualServices[index]!)).map(({ name }) => name),
    ),
  }
}

function domainsOf({ spec }: KubeObject): string[] {
  return spec?.virtualHost?.domains?.length > 0 ? spec.virtualHost.domains : ['*']
}

/** Whether Envoy accepts the route: it rejects statuses and headers that are invalid in HTTP. */
function isServable(action: RouteAction, headers: HeaderManipulation): boolean {
  if (action.to === 'direct response')
    return Number.isInteger(action.status) && action.status >= 200 && action.status < 600
  const all =
    action.to === 'clusters' ? [headers, ...action.destinations.map((one) => one.headers)] : [headers]
  try {
    for (const { name, value } of all.flatMap(({ request, response }) => [...request.add, ...response.add])) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    return true
  } catch {
    return false
  }
}

/** A domain belongs to one VirtualService: if two name it, both are rejected. */
function reportDomainConflicts(services: KubeObject[], reports: StatusReports): void {
  for (const service of services) {
    for (const domain of domainsOf(service)) {
      const others = services.filter((other) => other !== service && domainsOf(other).includes(domain))
      if (others.length === 0) continue
      const names = others.map(({ metadata }) => `${metadata.namespace}.${metadata.name}`).join(' ')
      const why = `domain conflict: the [${domain}] domain is present in other virtual services that belong to the same Gateway as this one: [${names}]`
      reports.reject(service, service, why)
    }
  }
}

function actionOf({ owner, written, options }: FlatRoute): RouteAction {
  const { routeAction, directResponseAction: direct, redirectAction: redirect } = written
  if (direct) return { to: 'direct response', status: direct.status ?? 200, body: direct.body ?? '' }
  if (redirect) {
    const { responseCode, httpsRedirect = false, hostRedirect, pathRedirect } = redirect
    const status = REDIRECTS[responseCode as string] ?? 301
    return {
      to: 'redirect',
      status,
      scheme: httpsRedirect ? 'https' : 'http',
      host: hostRedirect,
      ...(pathRedirect === undefined ? {} : { path: { full: pathRedirect } }),
    }
  }
  const { single, multi } = routeAction
  const { namespace } = owner.metadata
  const destinations: Destination[] = single
    ? [destinationOf(single, 1, undefined, namespace)]
    : (multi?.destinations ?? []).map(({ destination, weight, options: own }: any) =>
        destinationOf(destination ?? {}, weight ?? 0, own, namespace),
      )
  const shadow = shadowOf(options.shadowing, namespace)
  const { prefixRewrite } = options
  return {
    to: 'clusters',
    destinations,
    ...(prefixRewrite === undefined ? {} : { rewrite: { path: { prefix: prefixRewrite } } }),
    shadows: shadow ? [shadow] : [],
  }
}

function shadowOf(shadowing: any, ownNamespace?: string): Shadow | undefined {
  if (!shadowing?.upstream) return undefined
  const { upstream, percentage = 0, hostRewriteLiteral, disableShadowHostSuffixAppend } = shadowing
  const { name, namespace = ownNamespace } = upstream
  return {
    cluster: `${name}_${namespace}`,
    percentage,
    ...(hostRewriteLiteral ? { host: hostRewriteLiteral } : {}),
    keepsHost: disableShadowHostSuffixAppend ?? false,
  }
}

function isShare({ percentage }: Shadow): boolean {
  return percentage >= 0 && percentage <= 100
}

/** An Upstream without a namespace is looked up in the route's. */
function destinationOf(
  { upstream, subset }: any,
  weight: number,
  options: any,
  ownNamespace?: string,
): Destination {
  const { name, namespace = ownNamespace } = upstream ?? {}
  return {
    app: String(name),
    cluster: `${name}_${namespace}`,
    subset: subset?.values,
    weight,
    headers: headersOf(options),
  }
}

function clusterOf({ metadata, spec }: KubeObject): Cluster[] {
  const kube = spec?.kube
  if (!kube) return []
  const { subsetSpec } = kube
  return [
    {
      name: `${metadata.name}_${metadata.namespace}`,
      serviceNamespace: kube.serviceNamespace,
      serviceName: kube.serviceName,
      servicePort: kube.servicePort,
      selector: kube.selector ?? {},
      subsetKeys: subsetSpec?.selectors?.map(({ keys }: { keys?: string[] }) => keys ?? []),
      fallback: subsetSpec?.fallbackPolicy ?? 'ANY_ENDPOINT',
      defaultSubset: subsetSpec?.defaultSubset?.values ?? {},
    },
  ]
}

/** A missing Upstream as Gloo prints it; neither namespaces nor names contain an underscore. */
function upstreamOf(cluster: string): string {
  const [name, namespace] = cluster.split('_')
  return `*v1.Upstream { ${namespace}.${name} }`
}

function subsetWarning({ subsetKeys }: Cluster, subset: Destination['subset']): string | undefined {
  return subset && !subsetKeys ? 'route has a subset config, but the upstream does not.' : undefined
}

function headersOf(options: any): HeaderManipulation {
  const written = options?.headerManipulation ?? {}
  return {
    request: changesOf(written.requestHeadersToAdd, written.requestHeadersToRemove),
    response: changesOf(written.responseHeadersToAdd, written.responseHeadersToRemove),
  }
}

function changesOf(added: any[] = [], remove: string[] = []): HeaderChanges {
  const add = added.map(({ header, append }) => ({
    name: String(header?.key ?? '').toLowerCase(),
    value: String(header?.value ?? ''),
    append: append ?? true,
  }))
  return { add, remove: remove.map((name) => name.toLowerCase()) }
}
