import { applyConfiguration } from '../apply/field-manager.js'
import { patchKind, readObject, readPatch } from '../encoding/body.js'
import type { KubeObject, ResourceType } from '../objects.js'
import { patchObject } from '../patch/patch-object.js'
import { schemaOf } from '../schema/lookup.js'
import { invalid, notFound } from '../status.js'
import { createObject, identify, requireNamespace, trackingOf, updateObject } from './admit.js'
import { liveObject, type Answer, type WriteContext, type WriteRequest } from './context.js'
import { decodeApplied, decodeObject, normaliseObject } from './decode.js'

/** POST of an object: 201 and what was stored. */
export async function create({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const object = decodeObject(await readObject(request.body, request.resource.kind), request)
  identify(object, request)
  return { code: 201, body: createObject(store, request, object) }
}

/** PUT of an object, or of its status. */
export async function update({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const object = decodeObject(await readObject(request.body, request.resource.kind), request)
  identify(object, request)
  const live = liveObject(store, request)
  if (!live) throw notFound(request.resource, request.name ?? '')
  if (!object.metadata.resourceVersion) requireUnconditional(request.resource, live)
  return { code: 200, body: updateObject(store, request, live, object) }
}

/** Leases and custom kinds can only be replaced with the resourceVersion that was read. */
function requireUnconditional(resource: ResourceType, { metadata }: KubeObject): void {
  if (!resource.custom && resource.kind !== 'Lease') return
  const message = 'Invalid value: 0: must be specified for an update'
  const cause = { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }
  throw invalid({ ...resource, kind: resource.plural }, metadata.name, [cause])
}

/** The four kinds of PATCH; a server-side apply creates a missing object. */
export async function patch({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const { resource, name = '' } = request
  const kind = patchKind(request.body.contentType, resource)
  const change = await readPatch(request.body, kind)
  if (kind === 'apply') return apply({ store }, request, change)
  const live = liveObject(store, request)
  if (!live) throw notFound(resource, name)
  const patched = decodeObject(structuredClone(patchObject(live, change, kind, schemaOf(resource))), request)
  identify(patched, request)
  return { code: 200, body: updateObject(store, request, live, patched) }
}

function apply({ store }: WriteContext, request: WriteRequest, change: unknown): Answer {
  const { resource, query } = request
  if (!query.get('fieldManager')) {
    const cause = {
      reason: 'FieldValueRequired',
      message: 'Required value: is required for apply patch',
      field: 'fieldManager',
    }
    const options = { group: 'meta.k8s.io', kind: 'PatchOptions', plural: 'patchoptions' }
    throw invalid(options, '', [cause])
  }
  const applied = decodeApplied(change, request)
  identify(applied, request)
  const live = liveObject(store, request)
  if (!live) requireNamespace(store, resource, applied)
  const force = query.get('force') === 'true'
  const result = applyConfiguration(live, applied, trackingOf(request, 'Apply'), force)
  const object = normaliseObject(structuredClone(result), resource)
  return live
    ? { code: 200, body: updateObject(store, request, live, object, true) }
    : { code: 201, body: createObject(store, request, object, true) }
}
