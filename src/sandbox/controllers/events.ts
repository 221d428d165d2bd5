import { createHash } from 'node:crypto'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import { now, type ObjectStore } from '../api-server/store.js'

export interface EventNote {
  type?: 'Normal' | 'Warning'
  reason: string
  message: string
  /** The component that reports it: `kubelet`, `deployment-controller`, … */
  component: string
}

/** Writes an Event about an object for `kubectl describe` and `get events`; repeated ones are counted. */
export function recordEvent(
  store: ObjectStore,
  about: KubeObject,
  { type = 'Normal', reason, message, component }: EventNote,
): void {
  const { namespace, name, uid } = about.metadata
  if (store.get(RESOURCES.namespaces, undefined, namespace ?? '')?.metadata.deletionTimestamp) return
  const digest = createHash('sha256').update(`${uid} ${reason} ${message}`).digest('hex').slice(0, 16)
  const eventName = `${name}.${digest}`
  const time = now()
  const known = store.get(RESOURCES.events, namespace, eventName)
  if (known) {
    store.update(RESOURCES.events, { ...known, count: known.count + 1, lastTimestamp: time })
    return
  }
  store.create(RESOURCES.events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid },
    reason,
    message,
    type,
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component },
    reportingComponent: component,
  })
}
