import { randomInt, randomUUID } from 'node:crypto'
import { applyDefaults } from '../admission/defaults.js'
import { validate } from '../admission/validate.js'
import { trackUpdate, type Tracking } from '../apply/field-manager.js'
import type { Manager } from '../apply/managers.js'
import { definitionStatus } from '../custom-kinds/definition.js'
import { coreKind, type KubeObject, type ResourceType } from '../objects.js'
import { findResource } from '../request.js'
import { RESOURCES } from '../resources.js'
import { inspect, zeroValue } from '../schema/inspect.js'
import { isObject, schemaOf } from '../schema/lookup.js'
import { alreadyExists, badRequest, forbidden, modified, notFound } from '../status.js'
import { hasGeneration, now, type ObjectStore } from '../store.js'
import { apiVersionOf, isDryRun, type WriteRequest } from './context.js'
import { allocateServiceAddress } from './service-addresses.js'

/** Whose fields a request writes, and which: `status` only at its own endpoint. */
export function trackingOf(request: WriteRequest, operation: Manager['operation']): Tracking {
  const { resource, subresource, query, userAgent } = request
  const manager = query.get('fieldManager') || userAgent.split('/')[0] || 'unknown'
  return {
    schema: schemaOf(resource),
    manager: {
      manager,
      operation,
      apiVersion: apiVersionOf(resource),
      ...(subresource ? { subresource } : {}),
    },
    ignoredRoots:
      subresource === 'status' ? ['metadata', 'spec'] : hasStatusEndpoint(resource) ? ['status'] : [],
  }
}

function hasStatusEndpoint(resource: ResourceType): boolean {
  return resource.subresources.includes('status')
}

/** Takes name and namespace from the URL if the body omits them; throws 400 if they differ. */
export function identify(object: KubeObject, { resource, namespace, name }: WriteRequest): void {
  const { metadata } = object
  if (namespace !== undefined) {
    if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      )
    }
    metadata.namespace = namespace
  } else if (!resource.namespaced) delete metadata.namespace
  if (name !== undefined) {
    if (metadata.name !== undefined && metadata.name !== name) {
      throw badRequest(
        `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
      )
    }
    metadata.name = name
  }
}

/** Objects are created only in existing namespaces that are not terminating. */
export function requireNamespace(store: ObjectStore, resource: ResourceType, object: KubeObject): void {
  const { namespace, name } = object.metadata
  if (!resource.namespaced) return
  const found = store.get(RESOURCES.namespaces, undefined, namespace ?? '')
  if (!found) throw notFound(RESOURCES.namespaces, namespace ?? '')
  if (found.metadata.deletionTimestamp) {
    const cause = `unable to create new content in namespace ${namespace} because it is being terminated`
    const message = `namespace ${namespace} is being terminated`
    throw forbidden(resource, name, cause, [
      { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
    ])
  }
}

/** Everything between a decoded object and its creation. `owned` objects have their managedFields. */
export function createObject(
  store: ObjectStore,
  request: WriteRequest,
  object: KubeObject,
  owned = false,
): KubeObject {
  const { resource } = request
  const { metadata } = object as KubeObject & { metadata: { generateName?: string } }
  for (const field of [
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'deletionTimestamp',
    'generation',
  ] as const) {
    delete metadata[field]
  }
  if (!metadata.name && metadata.generateName) metadata.name = metadata.generateName + randomSuffix()
  requireNamespace(store, resource, object)
  applyDefaults(resource, object)
  if (!owned) {
    const tracking = trackingOf(request, 'Update')
    setManagedFields(object, trackUpdate(zeroValue(tracking.schema), object, tracking))
  }
  const prepared = inFieldOrder(asStored(resource, prepareForCreate(store, resource, object)))
  validate(resource, prepared)
  request.admit?.({ resource, object: prepared })
  if (store.get(resource, metadata.namespace, metadata.name)) throw alreadyExists(resource, metadata.name)
  if (!isDryRun(request)) return store.create(resource, prepared)
  const generation = hasGeneration(resource, prepared) ? { generation: 1 } : {}
  return {
    ...prepared,
    metadata: { ...prepared.metadata, uid: randomUUID(), creationTimestamp: now(), ...generation },
  }
}

/** Whatever version a client writes, one is stored. */
function asStored({ group, plural }: ResourceType, object: KubeObject): KubeObject {
  const stored = findResource(group, plural)
  return stored ? { ...object, apiVersion: apiVersionOf(stored) } : object
}

/** Fields that a kind's own code sets at creation, whatever the client sent. */
function prepareForCreate(store: ObjectStore, resource: ResourceType, object: KubeObject): KubeObject {
  if (hasStatusEndpoint(resource)) {
    delete object.status
    const { status } = inspect({}, schemaOf(resource)).value as Partial<KubeObject>
    if (status !== undefined) object.status = status
  }
  if (coreKind(resource) === 'Namespace') {
    object.spec = { finalizers: ['kubernetes'] }
    object.status = { phase: 'Active' }
  }
  if (coreKind(resource) === 'Pod') object.status = { phase: 'Pending' }
  if (resource === RESOURCES.customresourcedefinitions) object.status = definitionStatus(object)
  if (coreKind(resource) === 'Service') allocateServiceAddress(store, object)
  if (resource.custom) applyDefaults(resource, object) // of its status, too
  return object
}

/**
 * Everything between a decoded object and its update: immutable fields are kept, ownership is recorded, the result
 * checked. Removes a deleted object with its last finalizer. Throws 409 for a stale object.
 */
export function updateObject(
  store: ObjectStore,
  request: WriteRequest,
  live: KubeObject,
  object: KubeObject,
  owned = false,
): KubeObject {
  const { resource, subresource } = request
  checkVersion(resource, live, object)
  const changed =
    subresource === 'status' ? withStatus(live, object) : keepServerFields(resource, live, object)
  if (subresource !== 'status') applyDefaults(resource, changed)
  if (!owned) recordOwner(request, live, changed)
  const next = inFieldOrder(asStored(resource, changed))
  validate(resource, next, live)
  if (subresource !== 'status') request.admit?.({ resource, object: next })
  if (isDryRun(request)) return next
  if (
    live.metadata.deletionTimestamp &&
    !next.metadata.finalizers?.length &&
    live.metadata.finalizers?.length
  ) {
    store.update(resource, next)
    return store.delete(resource, live.metadata.namespace, live.metadata.name) ?? next
  }
  return store.update(resource, next)
}

/** A client may send its own managedFields; objects that were not tracked from the start are not tracked later. */
function recordOwner(request: WriteRequest, live: KubeObject, next: KubeObject): void {
  setManagedFields(next, next.metadata.managedFields ?? live.metadata.managedFields ?? [])
  if (!live.metadata.managedFields) return
  setManagedFields(next, trackUpdate(live, next, trackingOf(request, 'Update')))
}

/** Objects are stored with their fields in a fixed order: controllers compare templates as text. */
export function inFieldOrder<T>(value: T): T {
  if (Array.isArray(value)) return value.map(inFieldOrder) as T
  if (!isObject(value)) return value
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([field, child]) => [field, inFieldOrder(child)])) as T
}

function checkVersion(resource: ResourceType, live: KubeObject, object: KubeObject): void {
  const { resourceVersion, uid } = object.metadata
  const isStale = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0'
  if (isStale && resourceVersion !== live.metadata.resourceVersion)
    throw modified(resource, live.metadata.name)
  if (uid !== undefined && uid !== live.metadata.uid) throw modified(resource, live.metadata.name)
}

function withStatus(live: KubeObject, object: KubeObject): KubeObject {
  const next = structuredClone(live)
  if (object.status === undefined) delete next.status
  else next.status = object.status
  return next
}

function keepServerFields(resource: ResourceType, live: KubeObject, object: KubeObject): KubeObject {
  const kept = ['uid', 'resourceVersion', 'creationTimestamp', 'generation'] as const
  const deletion = ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const
  for (const field of [...kept, ...deletion]) copyField(live.metadata, object.metadata, field)
  if (hasStatusEndpoint(resource)) copyField(live, object, 'status')
  if (coreKind(resource) === 'Namespace') copyField(live, object, 'spec')
  if (coreKind(resource) === 'Service') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
      if (object.spec[field] === undefined) copyField(live.spec as object, object.spec as object, field)
    }
  }
  return object
}

function copyField(from: object, to: object, field: string): void {
  const value = (from as Record<string, unknown>)[field]
  if (value === undefined) delete (to as Record<string, unknown>)[field]
  else (to as Record<string, unknown>)[field] = value
}

function setManagedFields(object: KubeObject, managedFields: unknown[]): void {
  if (managedFields.length > 0) object.metadata.managedFields = managedFields
  else delete object.metadata.managedFields
}

/** Five of the characters Kubernetes uses for generated names: no vowels, nothing that is easily confused. */
function randomSuffix(): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
