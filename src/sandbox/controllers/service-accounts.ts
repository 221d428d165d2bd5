import { RESOURCES } from '../api-server/resources.js'
import type { StoreEvent } from '../api-server/store.js'
import { Reconciler } from './reconciler.js'

const NAME = 'default'

/** Every namespace has a ServiceAccount `default`, created with it, and again if somebody deletes it. */
export class ServiceAccountController extends Reconciler {
  protected keysOf({ resource, object, type }: StoreEvent): string[] {
    const { name, namespace } = object.metadata
    if (resource === RESOURCES.namespaces) return [name]
    const isGone = resource === RESOURCES.serviceaccounts && type === 'DELETED' && name === NAME
    return isGone && namespace !== undefined ? [namespace] : []
  }

  protected reconcile(namespace: string): void {
    const owner = this.store.get(RESOURCES.namespaces, undefined, namespace)
    if (!owner || owner.metadata.deletionTimestamp) return
    if (this.store.get(RESOURCES.serviceaccounts, namespace, NAME)) return
    this.store.create(RESOURCES.serviceaccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: NAME, namespace },
    })
  }
}
