import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { Attachment } from '../../model/results/overlaps.js'
import type { JsonObject } from '../../model/values.js'
import { list, number, record, text, texts } from '../fields.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from './kinds.js'

/** A VirtualService or RouteTable, as the API or a manifest has it; its spec may hold anything. */
export interface GlooObject {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; [field: string]: unknown }
  spec?: unknown
  status?: unknown
}

/** The RouteTables and VirtualServices of a manifest; one without a namespace goes into the release's. */
export function glooObjects(objects: JsonObject[], namespace: string): GlooObject[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind !== ROUTE_TABLE.kind && kind !== VIRTUAL_SERVICE.kind) return []
    const { name, ...fields } = record(metadata)
    return typeof name === 'string' ? [{ kind, metadata: { namespace, ...fields, name }, spec }] : []
  })
}

/** All that decides which route answers a request. */
export interface GlooRoutes {
  virtualServices: GlooObject[]
  routeTables: GlooObject[]
}

/** The Helm release that an object belongs to, by Helm's marks; undefined where it carries none. */
export function helmReleaseOf({ metadata }: GlooObject): ObjectRef | undefined {
  const annotations = record(metadata.annotations)
  const name = text(annotations['meta.helm.sh/release-name'])
  const namespace = text(annotations['meta.helm.sh/release-namespace'])
  return isName(name) && isName(namespace) ? { name, namespace } : undefined
}

/** Annotations may hold any text; what can't be a name is none. */
function isName(given: string | undefined): given is string {
  return given !== undefined && /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(given)
}

export function isOfRelease(object: GlooObject, { name, namespace }: ObjectRef): boolean {
  const release = helmReleaseOf(object)
  return release !== undefined && release.name === name && release.namespace === namespace
}

export function refOf({ metadata }: GlooObject): ObjectRef {
  return { name: metadata.name, namespace: metadata.namespace ?? '' }
}

export function attachmentOf(virtualService: GlooObject): Attachment {
  return { kind: VIRTUAL_SERVICE.kind, ...refOf(virtualService) }
}

export function isSameObject(one: GlooObject, other: GlooObject): boolean {
  return (
    one.kind === other.kind &&
    one.metadata.name === other.metadata.name &&
    one.metadata.namespace === other.metadata.namespace
  )
}

/** A table's weight: Gloo takes the lowest first. Both a plain number and protobuf's wrapped one are read. */
export function tableWeight({ spec }: GlooObject): number {
  const { weight } = record(spec)
  return number(weight) ?? number(record(weight).value) ?? 0
}

/** Domains of a VirtualService; without any it is served for all. */
export function domainsOf({ spec }: GlooObject): string[] {
  const domains = texts(record(record(spec).virtualHost).domains).map((domain) => domain || '*')
  return domains.length > 0 ? domains : ['*']
}

/** The routes as written, of a VirtualService or of a RouteTable. */
export function writtenRoutes({ kind, spec }: GlooObject): Record<string, unknown>[] {
  return list(kind === 'RouteTable' ? record(spec).routes : record(record(spec).virtualHost).routes)
}
