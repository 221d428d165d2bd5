import { readDeleteOptions } from '../encoding/body.js'
import { storedKinds } from '../custom-kinds/served-kinds.js'
import { coreKind, type KubeObject, type ResourceType } from '../objects.js'
import { parseSelectors } from '../selectors.js'
import { notFound, preconditionFailed } from '../status.js'
import { now, type ObjectStore } from '../store.js'
import {
  apiVersionOf,
  isDryRun,
  liveObject,
  type Answer,
  type WriteContext,
  type WriteRequest,
} from './context.js'

const DEFAULT_GRACE_SECONDS = 30

/** Kinds whose deletion answers with the object; all others with a Status. */
const RETURNS_OBJECT = new Set(['Service', 'ServiceAccount', 'Pod', 'Namespace'])

interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** DELETE of one object. */
export async function deleteOne({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const { resource, name = '' } = request
  const options = (await readDeleteOptions(request.body, request.query)) as DeleteOptions & {
    dryRun?: string[]
  }
  const live = liveObject(store, request)
  if (!live) throw notFound(resource, name)
  checkPreconditions(resource, live, options)
  request.admit?.({ resource, object: live, isDeletion: true })
  const isRehearsal = isDryRun(request) || options.dryRun?.includes('All')
  const left = isRehearsal ? live : deleteObject(store, resource, live, options)
  if (left.metadata.deletionTimestamp || RETURNS_OBJECT.has(coreKind(resource) ?? ''))
    return { code: 200, body: left }
  return { code: 200, body: success(resource, live) }
}

/** DELETE of all objects that the selectors of the request match. */
export async function deleteCollection({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const { resource, namespace, query } = request
  const options = (await readDeleteOptions(request.body, query)) as DeleteOptions
  const selected = parseSelectors(query, resource.kind)
  const items = store.list(resource, namespace).filter(selected)
  for (const object of items) {
    request.admit?.({ resource, object, isDeletion: true })
    if (!isDryRun(request)) deleteObject(store, resource, object, options)
  }
  return {
    code: 200,
    body: {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(store.resourceVersion) },
      items,
    },
  }
}

/**
 * Deletes an object, or marks it as being deleted if somebody has to finish it first: the kubelet a scheduled pod, the
 * namespace controller a namespace, a finalizer's owner the object that has it.
 *
 * @returns the object as it was last, or as it is marked
 */
function deleteObject(
  store: ObjectStore,
  resource: ResourceType,
  live: KubeObject,
  options: DeleteOptions,
): KubeObject {
  if (options.propagationPolicy === 'Orphan') orphanDependents(store, live)
  const grace = gracePeriod(resource, live, options)
  const finalizers = [...(live.metadata.finalizers ?? [])]
  if (options.propagationPolicy === 'Foreground' && isOwner(store, live))
    finalizers.push('foregroundDeletion')
  const isNamespace = coreKind(resource) === 'Namespace'
  if (grace === 0 && finalizers.length === 0 && !isNamespace) {
    return store.delete(resource, live.metadata.namespace, live.metadata.name) ?? live
  }
  const marked = structuredClone(live)
  if (finalizers.length > 0) marked.metadata.finalizers = [...new Set(finalizers)]
  if (!marked.metadata.deletionTimestamp) marked.metadata.deletionTimestamp = secondsFromNow(grace)
  if (coreKind(resource) === 'Pod') marked.metadata.deletionGracePeriodSeconds = grace
  if (isNamespace) marked.status = { ...marked.status, phase: 'Terminating' }
  return store.update(resource, marked)
}

function gracePeriod(resource: ResourceType, pod: KubeObject, options: DeleteOptions): number {
  // A pod without a node needs nobody to stop it.
  if (coreKind(resource) !== 'Pod' || !pod.spec?.nodeName) return 0
  const configured = pod.spec.terminationGracePeriodSeconds as number | undefined
  const wanted = options.gracePeriodSeconds ?? configured ?? DEFAULT_GRACE_SECONDS
  // The grace period of a terminating pod can be shortened, not extended.
  return Math.min(wanted, pod.metadata.deletionGracePeriodSeconds ?? wanted)
}

function secondsFromNow(seconds: number): string {
  return seconds === 0 ? now() : new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
}

function checkPreconditions(
  resource: ResourceType,
  live: KubeObject,
  { preconditions }: DeleteOptions,
): void {
  const { name, uid, resourceVersion } = live.metadata
  const { uid: wantedUid, resourceVersion: wantedVersion } = preconditions ?? {}
  if (wantedUid !== undefined && wantedUid !== uid) {
    const cause = `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid})`
    throw preconditionFailed(
      resource,
      name,
      `${cause}. The object might have been deleted and then recreated`,
    )
  }
  if (wantedVersion !== undefined && wantedVersion !== resourceVersion) {
    const cause = `the ResourceVersion in the precondition (${wantedVersion}) does not match the ResourceVersion in record (${resourceVersion})`
    throw preconditionFailed(resource, name, `${cause}. The object might have been modified`)
  }
}

function dependentsOf(store: ObjectStore, owner: KubeObject): [ResourceType, KubeObject][] {
  return storedKinds(store).flatMap((resource) =>
    store
      .list(resource, owner.metadata.namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
      .map((object): [ResourceType, KubeObject] => [resource, object]),
  )
}

function isOwner(store: ObjectStore, object: KubeObject): boolean {
  return dependentsOf(store, object).length > 0
}

/** `--cascade=orphan`: the object's dependents stay, without an owner. */
function orphanDependents(store: ObjectStore, owner: KubeObject): void {
  for (const [resource, dependent] of dependentsOf(store, owner)) {
    const orphan = structuredClone(dependent)
    orphan.metadata.ownerReferences = orphan.metadata.ownerReferences?.filter(
      ({ uid }) => uid !== owner.metadata.uid,
    )
    store.update(resource, orphan)
  }
}

function success(resource: ResourceType, { metadata }: KubeObject): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: metadata.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: metadata.uid,
    },
  }
}
