import type { KubeObject, ResourceType } from '../objects.js'
import type { ResourceRequest } from '../request.js'
import { parseSelectors } from '../selectors.js'
import { notFound } from '../status.js'
import type { ObjectStore } from '../store.js'
import { partialMetadata, toTable } from '../encoding/table.js'
import { apiVersionOf, liveObject, type Answer } from './context.js'

/** How the client wants objects written: complete, as a table, or only their metadata. */
export type Representation = 'object' | 'table' | 'metadata'

export function representationOf(accept: string): Representation {
  if (accept.includes('as=Table')) return 'table'
  return accept.includes('as=PartialObjectMetadata') ? 'metadata' : 'object'
}

/** GET of one object. Throws 404. */
export function getOne(store: ObjectStore, request: ResourceRequest, as: Representation): Answer {
  const object = liveObject(store, request)
  if (!object) throw notFound(request.resource, request.name ?? '')
  return { code: 200, body: represent(object, request, as) }
}

/** One object in the requested representation. */
export function represent(object: KubeObject, request: ResourceRequest, as: Representation): object {
  if (as === 'table') return tableOf([object], request, object.metadata.resourceVersion)
  if (as === 'metadata') return partialMetadata(object)
  const apiVersion = apiVersionOf(request.resource)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** GET of all objects that the selectors match; `limit` is ignored. */
export function list(store: ObjectStore, request: ResourceRequest, as: Representation): Answer {
  const { resource, namespace, query } = request
  const items = store.list(resource, namespace).filter(parseSelectors(query, resource.kind))
  const resourceVersion = String(store.resourceVersion)
  if (as === 'table') return { code: 200, body: tableOf(items, request, resourceVersion) }
  const isPartial = as === 'metadata'
  return {
    code: 200,
    body: {
      kind: isPartial ? 'PartialObjectMetadataList' : `${resource.kind}List`,
      apiVersion: isPartial ? 'meta.k8s.io/v1' : apiVersionOf(resource),
      metadata: { resourceVersion },
      items: items.map((item) => (isPartial ? partialMetadata(item) : listItem(item, resource))),
    },
  }
}

/** Items of built-in kinds omit the kind that the list already has. */
function listItem(object: KubeObject, resource: ResourceType): object {
  if (resource.custom) return { ...object, apiVersion: apiVersionOf(resource) }
  const { apiVersion: _apiVersion, kind: _kind, ...item } = object
  return item
}

/** How a watch writes its objects; with tables, only the first event has the columns. */
export function watchRenderer(request: ResourceRequest, as: Representation): (object: KubeObject) => unknown {
  let withColumns = true
  return (object) => {
    if (as !== 'table') return represent(object, request, as)
    const include = request.query.get('includeObject') ?? 'Metadata'
    const table = toTable(request.resource, [object], { include, withColumns })
    withColumns = false
    return table
  }
}

function tableOf(
  objects: KubeObject[],
  { resource, query }: ResourceRequest,
  resourceVersion?: string,
): object {
  const include = query.get('includeObject') ?? 'Metadata'
  return toTable(resource, objects, { include, withColumns: true, resourceVersion })
}
