import type { Attachment } from '../../../model/results/overlaps.js'
import type { JsonObject } from '../../../model/values.js'
import { list, number, record, texts } from '../../fields.js'
import { refOf, type RoutingObject } from '../../objects.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from '../kinds.js'

/** A VirtualService or RouteTable. */
export type GlooObject = RoutingObject

/** The RouteTables and VirtualServices of a manifest; without a namespace they are in the release's. */
export function glooObjects(objects: JsonObject[], namespace: string): GlooObject[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind !== ROUTE_TABLE.kind && kind !== VIRTUAL_SERVICE.kind) return []
    const { name, ...fields } = record(metadata)
    return typeof name === 'string' ? [{ kind, metadata: { namespace, ...fields, name }, spec }] : []
  })
}

/** Everything that decides which route answers a request. */
export interface GlooRoutes {
  virtualServices: GlooObject[]
  routeTables: GlooObject[]
}

export function attachmentOf(virtualService: GlooObject): Attachment {
  return { kind: VIRTUAL_SERVICE.kind, ...refOf(virtualService) }
}

/** A table's weight: the lowest comes first. Both a plain number and protobuf's wrapped one are read. */
export function tableWeight({ spec }: GlooObject): number {
  const { weight } = record(spec)
  return number(weight) ?? number(record(weight).value) ?? 0
}

/** Domains of a VirtualService; without any it serves all. */
export function domainsOf({ spec }: GlooObject): string[] {
  const domains = texts(record(record(spec).virtualHost).domains).map((domain) => domain || '*')
  return domains.length > 0 ? domains : ['*']
}

/** The routes of a VirtualService or RouteTable, as written. */
export function writtenRoutes({ kind, spec }: GlooObject): Record<string, unknown>[] {
  return list(kind === 'RouteTable' ? record(spec).routes : record(record(spec).virtualHost).routes)
}
