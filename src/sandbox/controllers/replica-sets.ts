import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import { now, type StoreEvent } from '../api-server/store.js'
import { recordEvent } from './events.js'
import { controlledBy, controllerOf, isReady, markForDeletion, referenceTo, suffix } from './owned.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

/** ReplicaSet → Pods: as many as wanted; unready ones are removed first. */
export class ReplicaSetController extends Reconciler {
  protected keysOf({ resource, object }: StoreEvent): string[] {
    if (resource === RESOURCES.replicasets) return [keyOf(object.metadata.namespace, object.metadata.name)]
    if (resource !== RESOURCES.pods) return []
    const owner = controllerOf(object)
    return owner?.kind === 'ReplicaSet' ? [keyOf(object.metadata.namespace, owner.name)] : []
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const set = this.store.get(RESOURCES.replicasets, namespace, name)
    if (!set || set.metadata.deletionTimestamp) return
    const pods = controlledBy(this.store, RESOURCES.pods, set).filter(
      (pod) => !pod.metadata.deletionTimestamp,
    )
    const wanted: number = set.spec.replicas ?? 1
    for (let missing = wanted - pods.length; missing > 0; missing -= 1) this.createPod(set)
    const surplus = [...pods]
      .sort((a, b) => Number(isReady(a)) - Number(isReady(b)))
      .slice(0, Math.max(0, pods.length - wanted))
    for (const pod of surplus) {
      markForDeletion(this.store, RESOURCES.pods, pod, now())
      this.tell(set, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
    }
    this.updateStatus(set, pods)
  }

  private createPod(set: KubeObject): void {
    const { template } = set.spec
    const pod = this.store.create(RESOURCES.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...structuredClone(template.metadata),
        name: `${set.metadata.name}-${suffix()}`,
        generateName: `${set.metadata.name}-`,
        namespace: set.metadata.namespace,
        ownerReferences: [referenceTo(set)],
      },
      spec: structuredClone(template.spec),
      status: { phase: 'Pending', conditions: [] },
    })
    this.tell(set, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
  }

  private tell(set: KubeObject, reason: string, message: string): void {
    recordEvent(this.store, set, { reason, message, component: 'replicaset-controller' })
  }

  private updateStatus(set: KubeObject, pods: KubeObject[]): void {
    const ready = pods.filter(isReady).length
    this.store.update(RESOURCES.replicasets, {
      ...structuredClone(set),
      status: {
        observedGeneration: set.metadata.generation,
        replicas: pods.length,
        fullyLabeledReplicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
      },
    })
  }
}
