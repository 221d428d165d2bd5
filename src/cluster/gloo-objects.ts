import type {
  GlooState,
  GlooStatus,
  ObjectRef,
  SceneDelegation,
  SceneDestination,
  SceneRoute,
  SceneTable,
  SceneUpstream,
} from '../model/diagnosis.js'
import type { ClusterObject } from './cluster.js'
import { selectsApiGroup } from './gateway.js'

/** Gloo writes a state as a word when it patches, as a number when it writes the whole object. */
const STATES: GlooState[] = ['Pending', 'Accepted', 'Rejected', 'Warning']
/** Which of several Gloos' statuses is told: the worst. */
const SEVERITY: Record<GlooState, number> = { Rejected: 3, Warning: 2, Pending: 1, Accepted: 0 }

/** What Gloo says of an object; Pending where it has said nothing. Never throws, whatever the status looks like. */
function glooStatusOf({ status }: ClusterObject): GlooStatus {
  const { statuses } = record(status)
  const all = statuses === undefined ? [record(status)] : Object.values(record(statuses)).map(record)
  const proxies = all.flatMap(({ subresourceStatuses }) =>
    Object.values(record(subresourceStatuses)).map(record),
  )
  return { ...worst(all), ...(proxies.length > 0 ? { proxy: worst(proxies) } : {}) }
}

function worst(statuses: Record<string, unknown>[]): { state: GlooState; reason: string } {
  const told = statuses.map(({ state, reason }) => ({ state: stateOf(state), reason: text(reason) ?? '' }))
  return told.reduce(
    (one, other) => (SEVERITY[other.state] > SEVERITY[one.state] ? other : one),
    told[0] ?? NOTHING,
  )
}

const NOTHING: { state: GlooState; reason: string } = { state: 'Pending', reason: '' }

function stateOf(state: unknown): GlooState {
  if (typeof state === 'number') return STATES[state] ?? 'Pending'
  return STATES.find((word) => word === state) ?? 'Pending'
}

/** A RouteTable, as far as its routes can be told. */
export function tableOf(object: ClusterObject): SceneTable {
  const { weight, routes } = record(object.spec)
  return {
    ...refOf(object),
    // Both a plain number and protobuf's wrapped one are taken by Gloo.
    weight: number(weight) ?? number(record(weight).value) ?? 0,
    routes: list(routes).flatMap(routesOf),
    status: glooStatusOf(object),
  }
}

/** One for each of its matchers; without any, a route matches every path. */
function routesOf(route: Record<string, unknown>): SceneRoute[] {
  const actions = ['routeAction', 'redirectAction', 'directResponseAction', 'delegateAction', 'graphqlApiRef']
  const common = {
    destinations: destinationsOf(record(route.routeAction)),
    hasAction: actions.some((name) => route[name] !== undefined),
  }
  const matchers = list(route.matchers)
  return (matchers.length > 0 ? matchers : [{ prefix: '/' }]).map((matcher: Record<string, unknown>) => ({
    ...pathOf(matcher),
    headers: list(matcher.headers).map(({ name, value, regex }) => ({
      name: text(name) ?? '',
      value: text(value) ?? '',
      regex: regex === true,
    })),
    isNarrowed:
      list(matcher.queryParameters).length > 0 ||
      (Array.isArray(matcher.methods) && matcher.methods.length > 0),
    ...common,
  }))
}

function pathOf({ exact, regex, prefix }: Record<string, unknown>): Pick<SceneRoute, 'match' | 'path'> {
  if (text(exact) !== undefined) return { match: 'exact', path: text(exact) ?? '' }
  if (text(regex) !== undefined) return { match: 'regex', path: text(regex) ?? '' }
  return { match: 'prefix', path: text(prefix) ?? '/' }
}

function destinationsOf({ single, multi }: Record<string, unknown>): SceneDestination[] {
  if (single !== undefined) return [destinationOf(record(single))]
  return list(record(multi).destinations).map(({ destination, weight }) => ({
    ...destinationOf(record(destination)),
    weight: number(weight) ?? number(record(weight).value) ?? 0,
  }))
}

function destinationOf({ upstream, subset }: Record<string, unknown>): SceneDestination {
  const { name, namespace } = record(upstream)
  const { version } = record(record(subset).values)
  return {
    upstream: { name: text(name) ?? '', namespace: text(namespace) ?? '' },
    ...(text(version) === undefined ? {} : { version: text(version) }),
  }
}

/** The routes of a VirtualService that delegate, each with those of the tables that it selects. */
export function delegationsOf(virtualService: ClusterObject, tables: ClusterObject[]): SceneDelegation[] {
  const { virtualHost } = record(virtualService.spec)
  const { domains, routes } = record(virtualHost)
  return list(routes).flatMap((route) => {
    if (route.delegateAction === undefined) return []
    const alone = { ...virtualService, spec: { virtualHost: { routes: [route] } } }
    const selected = tables.filter(({ metadata: { labels = {}, namespace = '', name } }) =>
      selectsApiGroup(alone, labels, namespace, name),
    )
    const words = (Array.isArray(domains) ? domains : []).flatMap((domain) => text(domain) ?? [])
    return {
      virtualService: refOf(virtualService),
      domains: words.length > 0 ? words : ['*'],
      prefix: text(list(route.matchers)[0]?.prefix) ?? '/',
      tables: selected.map(refOf),
    }
  })
}

/** An Upstream; its Service is still to be looked at. */
export function upstreamOf(ref: ObjectRef, object: ClusterObject | undefined): SceneUpstream {
  const { kube } = record(object?.spec)
  const { serviceName, serviceNamespace, servicePort, subsetSpec } = record(kube)
  const { selectors, fallbackPolicy } = record(subsetSpec)
  const name = text(serviceName)
  return {
    ...ref,
    exists: object !== undefined,
    ...(name === undefined ? {} : { service: { name, namespace: text(serviceNamespace) ?? ref.namespace } }),
    servicePort: number(servicePort),
    subsetKeys: list(selectors).map(({ keys }) =>
      (Array.isArray(keys) ? keys : []).flatMap((key) => text(key) ?? []).sort(),
    ),
    fallbackPolicy: text(fallbackPolicy) ?? 'ANY_ENDPOINT',
    status: object ? glooStatusOf(object) : { state: 'Pending', reason: '' },
  }
}

function refOf({ metadata }: ClusterObject): ObjectRef {
  return { name: metadata.name, namespace: metadata.namespace ?? '' }
}

/** Objects of the API may hold anything where canary's own checks do not look. */
function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(record) : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
