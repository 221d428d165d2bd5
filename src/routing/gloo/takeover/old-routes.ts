import type { JsonObject } from '../../../model/values.js'
import type { ObjectRef } from '../../../model/results/diagnosis.js'
import { list, record, text } from '../../fields.js'
import type { OldRoutes } from '../../provider.js'
import { UPSTREAM } from '../kinds.js'

/** Gloo's name of the Upstream that it discovered for a Service: `shops-shop-80`. */
const DISCOVERED = (service: ObjectRef) => new RegExp(`^${service.namespace}-${service.name}-[0-9]+$`)

/** The objects among these that route to a Service: directly, by an Upstream, or by a discovered one. */
export function routesTo(service: ObjectRef, objects: JsonObject[]): OldRoutes[] {
  const upstreams = objects.filter(({ kind, spec }) => {
    const { serviceName, serviceNamespace } = record(record(spec).kube)
    return kind === UPSTREAM.kind && serviceName === service.name && serviceNamespace === service.namespace
  })
  const named = new Set(upstreams.map((object) => idOf(refOf(object))))
  const leadsThere = (destination: Record<string, unknown>, from: string) => {
    const upstream = placed(record(destination.upstream), from)
    const direct = placed(record(record(destination.kube).ref), from)
    return (
      named.has(idOf(upstream)) || DISCOVERED(service).test(upstream.name) || idOf(direct) === idOf(service)
    )
  }
  return objects.flatMap((object): OldRoutes[] => {
    const { spec } = object
    const place = refOf(object)
    const routes = [...list(record(spec).routes), ...list(record(record(spec).virtualHost).routes)]
    const own = routes.filter(({ routeAction }) =>
      destinationsOf(record(routeAction)).some((destination) => leadsThere(destination, place.namespace)),
    )
    if (own.length === 0) return []
    const prefixes = own.flatMap(({ matchers }) => list(matchers).map(({ prefix }) => text(prefix) ?? ''))
    return [
      { kind: text(object.kind) ?? '', ...place, prefixes: [...new Set(prefixes)].filter(Boolean), object },
    ]
  })
}

function destinationsOf({ single, multi }: Record<string, unknown>): Record<string, unknown>[] {
  return [record(single), ...list(record(multi).destinations).map(({ destination }) => record(destination))]
}

function refOf({ metadata }: Record<string, unknown>): ObjectRef {
  return placed(record(metadata), '')
}

function placed({ name, namespace }: Record<string, unknown>, otherwise: string): ObjectRef {
  return { name: text(name) ?? '', namespace: text(namespace) || otherwise }
}

function idOf({ name, namespace }: ObjectRef): string {
  return `${namespace}/${name}`
}
