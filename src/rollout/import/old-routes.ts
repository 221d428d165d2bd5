import type { JsonObject } from '../../model/values.js'
import { listOf, mapOf, textOf } from '../values/json-fields.js'

/** A RouteTable or VirtualService that sends requests to a Service today, and its prefixes that do. */
export interface OldRoutes {
  kind: string
  name: string
  namespace: string
  prefixes: string[]
}

interface Place {
  name: string
  namespace: string
}

/** Gloo's name of the Upstream that it discovered for a Service: `shops-shop-80`. */
const DISCOVERED = (service: Place) => new RegExp(`^${service.namespace}-${service.name}-[0-9]+$`)

/** The objects among these that route to a Service: directly, by an Upstream, or by a discovered one. */
export function routesTo(service: Place, objects: JsonObject[]): OldRoutes[] {
  const upstreams = objects.filter(({ kind, spec }) => {
    const { serviceName, serviceNamespace } = mapOf(mapOf(spec).kube)
    return kind === 'Upstream' && serviceName === service.name && serviceNamespace === service.namespace
  })
  const named = new Set(upstreams.map((object) => idOf(placeOf(object))))
  const leadsThere = (destination: JsonObject, from: string) => {
    const upstream = placed(mapOf(destination.upstream), from)
    const direct = placed(mapOf(mapOf(destination.kube).ref), from)
    return (
      named.has(idOf(upstream)) || DISCOVERED(service).test(upstream.name) || idOf(direct) === idOf(service)
    )
  }
  return objects.flatMap((object): OldRoutes[] => {
    const { spec } = object
    const place = placeOf(object)
    const routes = [...listOf(mapOf(spec).routes), ...listOf(mapOf(mapOf(spec).virtualHost).routes)]
    const own = routes.filter(({ routeAction }) =>
      destinationsOf(mapOf(routeAction)).some((destination) => leadsThere(destination, place.namespace)),
    )
    if (own.length === 0) return []
    const prefixes = own.flatMap(({ matchers }) => listOf(matchers).map(({ prefix }) => textOf(prefix)))
    return [{ kind: textOf(object.kind), ...place, prefixes: [...new Set(prefixes)].filter(Boolean) }]
  })
}

function destinationsOf({ single, multi }: JsonObject): JsonObject[] {
  return [mapOf(single), ...listOf(mapOf(multi).destinations).map(({ destination }) => mapOf(destination))]
}

function placeOf({ metadata }: JsonObject): Place {
  return placed(mapOf(metadata), '')
}

function placed({ name, namespace }: JsonObject, otherwise: string): Place {
  return { name: textOf(name), namespace: textOf(namespace) || otherwise }
}

function idOf({ name, namespace }: Place): string {
  return `${namespace}/${name}`
}
