import { isKnown, storedKinds } from '../api-server/custom-kinds/served-kinds.js'
import { kindOfDefinition } from '../api-server/custom-kinds/definition.js'
import type { KubeObject, ResourceType } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import { now, type StoreEvent } from '../api-server/store.js'
import { markForDeletion } from './owned.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

const FOREGROUND = 'foregroundDeletion'
/** Kinds that own others here. */
const OWNERS: ResourceType[] = [RESOURCES.deployments, RESOURCES.replicasets, RESOURCES.services]

/**
 * Removes orphaned objects and those whose definition is gone, waits for dependents in foreground deletions, and empties
 * terminating namespaces.
 */
export class GarbageCollector extends Reconciler {
  /** Kinds whose definitions were deleted, by the definitions' names. */
  private readonly undefinedKinds = new Map<string, ResourceType>()

  protected keysOf({ resource, object, type }: StoreEvent): string[] {
    const { namespace, name, uid, deletionTimestamp, ownerReferences } = object.metadata
    if (resource === RESOURCES.customresourcedefinitions) return this.keysOfDefinition(type, object)
    if (resource === RESOURCES.namespaces) return deletionTimestamp ? [`namespace ${keyOf('', name)}`] : []
    const keys: string[] = []
    if (type === 'DELETED') keys.push(`orphans ${keyOf(namespace, uid!)}`)
    const isForeground = object.metadata.finalizers?.includes(FOREGROUND)
    if (deletionTimestamp && isForeground) keys.push(`foreground ${keyOf(namespace, uid!)}`)
    for (const owner of type === 'DELETED' ? (ownerReferences ?? []) : []) {
      keys.push(`foreground ${keyOf(namespace, owner.uid)}`)
    }
    if (namespace && this.store.get(RESOURCES.namespaces, undefined, namespace)?.metadata.deletionTimestamp) {
      keys.push(`namespace ${keyOf('', namespace)}`)
    }
    return keys
  }

  protected reconcile(task: string): void {
    const space = task.indexOf(' ')
    const [namespace, id] = splitKey(task.slice(space + 1))
    switch (task.slice(0, space)) {
      case 'orphans':
        return this.removeDependants(namespace, id)
      case 'kind':
        return this.removeKind(id)
      case 'foreground':
        return this.finishForeground(namespace, id)
      default:
        return this.emptyNamespace(id)
    }
  }

  /** Objects of the kinds that the sandbox knows itself stay: a fault may take a definition away for a while. */
  private keysOfDefinition(type: StoreEvent['type'], definition: KubeObject): string[] {
    const { name } = definition.metadata
    const kind = type === 'DELETED' && !isKnown(name) ? kindOfDefinition(definition) : undefined
    if (!kind) return []
    this.undefinedKinds.set(name, kind)
    return [`kind ${keyOf('', name)}`]
  }

  private removeKind(name: string): void {
    const kind = this.undefinedKinds.get(name)
    this.undefinedKinds.delete(name)
    for (const object of kind ? this.store.list(kind) : []) this.remove(kind!, object)
  }

  private removeDependants(namespace: string, owner: string): void {
    for (const [resource, object] of this.dependants(namespace, owner)) this.remove(resource, object)
  }

  private finishForeground(namespace: string, uid: string): void {
    for (const resource of OWNERS) {
      const owner = this.store.list(resource, namespace).find((object) => object.metadata.uid === uid)
      if (!owner?.metadata.deletionTimestamp || !owner.metadata.finalizers?.includes(FOREGROUND)) continue
      const dependants = this.dependants(namespace, uid)
      for (const [kind, object] of dependants) {
        if (kind !== RESOURCES.replicasets) this.remove(kind, object)
        else this.markForeground(object)
      }
      if (dependants.length === 0) this.store.delete(resource, namespace, owner.metadata.name)
    }
  }

  private markForeground(object: KubeObject): void {
    if (object.metadata.deletionTimestamp) return
    const marked = structuredClone(object)
    marked.metadata.deletionTimestamp = now()
    marked.metadata.finalizers = [FOREGROUND]
    this.store.update(RESOURCES.replicasets, marked)
  }

  private emptyNamespace(name: string): void {
    const ending = this.store.get(RESOURCES.namespaces, undefined, name)
    if (!ending?.metadata.deletionTimestamp) return
    let left = 0
    for (const resource of storedKinds(this.store)) {
      if (!resource.namespaced) continue
      for (const object of this.store.list(resource, name)) {
        left += 1
        this.remove(resource, object)
      }
    }
    if (left === 0) this.store.delete(RESOURCES.namespaces, undefined, name)
  }

  private dependants(namespace: string, uid: string): [ResourceType, KubeObject][] {
    return [RESOURCES.replicasets, RESOURCES.pods, RESOURCES.endpointslices].flatMap((resource) =>
      this.store
        .list(resource, namespace)
        .filter((object) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid))
        .map((object): [ResourceType, KubeObject] => [resource, object]),
    )
  }

  /** Pods terminate gracefully; everything else is removed at once. */
  private remove(resource: ResourceType, object: KubeObject): void {
    if (resource === RESOURCES.pods) markForDeletion(this.store, resource, object, now())
    else this.store.delete(resource, object.metadata.namespace, object.metadata.name)
  }
}
