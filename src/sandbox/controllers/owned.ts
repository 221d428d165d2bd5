import type { KubeObject, OwnerReference, ResourceType } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore } from '../api-server/store.js'

/** Objects of a kind that this owner controls. */
export function controlledBy(store: ObjectStore, resource: ResourceType, owner: KubeObject): KubeObject[] {
  return store
    .list(resource, owner.metadata.namespace)
    .filter((object) => controllerOf(object)?.uid === owner.metadata.uid)
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller)
}

export function referenceTo(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Whether labels match a selector's matchLabels. */
export function fits(labels: Record<string, string> | undefined, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels?.[name] === value)
}

export function isReady(pod: KubeObject): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status?.conditions ?? []).some(
      (condition: { type: string; status: string }) =>
        condition.type === 'Ready' && condition.status === 'True',
    )
  )
}

/** A random suffix of the letters Kubernetes uses for names. */
export function suffix(length = 5): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  return Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
}

/** Marks a pod for deletion; the kubelet ends it and removes it from the store. */
export function markForDeletion(
  store: ObjectStore,
  resource: ResourceType,
  object: KubeObject,
  now: string,
): void {
  if (object.metadata.deletionTimestamp !== undefined) return
  const marked = structuredClone(object)
  marked.metadata.deletionTimestamp = now
  marked.metadata.deletionGracePeriodSeconds = object.spec?.terminationGracePeriodSeconds ?? 30
  store.update(resource, marked)
}

/** Names of the ready pods of a namespace. */
export function readyPodsOf(store: ObjectStore, namespace: string): string[] {
  return store
    .list(RESOURCES.pods, namespace)
    .filter(isReady)
    .map(({ metadata }) => metadata.name)
}
