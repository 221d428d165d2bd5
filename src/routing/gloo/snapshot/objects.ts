import type { ObjectRef, SnapshotDestination, SnapshotRoute } from '../../../model/results/diagnosis.js'
import { list, number, record, text } from '../../fields.js'
import { domainsOf, tableWeight, writtenRoutes } from '../objects/gloo-object.js'
import { refOf } from '../../objects.js'
import { selectsTable } from '../objects/selection.js'
import { glooStatusOf } from '../objects/status.js'
import type { Delegation, TableState, UpstreamState } from '../types.js'
import type { ClusterObject } from '../../../cluster/ports/objects.js'

/** A RouteTable, with the routes that can be read. */
export function tableOf(object: ClusterObject): TableState {
  const { apiGroup } = object.metadata.labels ?? {}
  return {
    kind: object.kind,
    ...refOf(object),
    weight: tableWeight(object),
    ...(apiGroup === undefined ? {} : { apiGroup }),
    routes: writtenRoutes(object).flatMap(routesOf),
    status: glooStatusOf(object),
  }
}

/** One for each of its matchers; without any, a route matches every path. */
function routesOf(route: Record<string, unknown>): SnapshotRoute[] {
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
    ...common,
  }))
}

function pathOf({ exact, regex, prefix }: Record<string, unknown>): Pick<SnapshotRoute, 'match' | 'path'> {
  if (text(exact) !== undefined) return { match: 'exact', path: text(exact) ?? '' }
  if (text(regex) !== undefined) return { match: 'regex', path: text(regex) ?? '' }
  return { match: 'prefix', path: text(prefix) ?? '/' }
}

function destinationsOf({ single, multi }: Record<string, unknown>): SnapshotDestination[] {
  if (single !== undefined) return [destinationOf(record(single))]
  return list(record(multi).destinations).map(({ destination, weight }) => ({
    ...destinationOf(record(destination)),
    weight: number(weight) ?? number(record(weight).value) ?? 0,
  }))
}

function destinationOf({ upstream, subset }: Record<string, unknown>): SnapshotDestination {
  const { name, namespace } = record(upstream)
  const { version } = record(record(subset).values)
  return {
    backend: { name: text(name) ?? '', namespace: text(namespace) ?? '' },
    ...(text(version) === undefined ? {} : { version: text(version) }),
  }
}

/** The delegating routes of a VirtualService, each with the tables that it selects. */
export function delegationsOf(virtualService: ClusterObject, tables: ClusterObject[]): Delegation[] {
  return writtenRoutes(virtualService).flatMap((route) => {
    if (route.delegateAction === undefined) return []
    const selected = tables.filter(({ metadata }) =>
      selectsTable(route.delegateAction, virtualService.metadata.namespace, metadata),
    )
    return {
      virtualService: refOf(virtualService),
      domains: domainsOf(virtualService),
      prefix: text(list(route.matchers)[0]?.prefix) ?? '/',
      tables: selected.map(refOf),
    }
  })
}

/** An Upstream; its Service is read later. */
export function upstreamOf(ref: ObjectRef, object: ClusterObject | undefined): UpstreamState {
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
