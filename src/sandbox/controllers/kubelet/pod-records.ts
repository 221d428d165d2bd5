import type { KubeObject } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore } from '../../api-server/store.js'
import { recordEvent } from '../events.js'

/** What the kubelet writes about pods: their status and events. */
export class PodRecords {
  constructor(private readonly store: ObjectStore) {}

  write({ metadata }: KubeObject, status: object): void {
    const current = this.store.get(RESOURCES.pods, metadata.namespace, metadata.name)
    if (!current) return
    this.store.update(RESOURCES.pods, {
      ...current,
      spec: { ...current.spec, nodeName: 'sandbox' },
      status,
    })
  }

  note(pod: KubeObject, reason: string, message: string, component = 'kubelet'): void {
    recordEvent(this.store, pod, { reason, message, component })
  }

  warn(pod: KubeObject, reason: string, message: string): void {
    recordEvent(this.store, pod, { type: 'Warning', reason, message, component: 'kubelet' })
  }
}
