import type { KubeObject } from '../api-server/objects.js'
import { now } from '../api-server/store.js'

export interface Condition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
  lastUpdateTime: string
  lastTransitionTime: string
}

/** Whether this ReplicaSet was complete before. */
export function hasArrived({ status }: KubeObject, set: string): boolean {
  const conditions: Condition[] = status?.conditions ?? []
  const { reason, message } = arrival(set)
  return conditions.some((one) => one.reason === reason && one.message === message)
}

function arrival(set: string) {
  return { reason: 'NewReplicaSetAvailable', message: `ReplicaSet "${set}" has successfully progressed.` }
}

/** The content of the Progressing condition. */
export function progress(set: string, state: { arrived: boolean; timedOut: boolean; updated: number }) {
  if (state.arrived) return arrival(set)
  if (state.timedOut) {
    return { reason: 'ProgressDeadlineExceeded', message: `ReplicaSet "${set}" has timed out progressing.` }
  }
  if (state.updated === 0)
    return { reason: 'NewReplicaSetCreated', message: `Created new replica set "${set}"` }
  return { reason: 'ReplicaSetUpdated', message: `ReplicaSet "${set}" is progressing.` }
}

/** A condition with its times; without a change it keeps them. */
export function stamped(
  condition: { type: string; status: boolean; reason: string; message: string },
  before: Condition[] | undefined,
): Condition {
  const status = condition.status ? 'True' : 'False'
  const old = before?.find(({ type }) => type === condition.type)
  if (old && old.status === status && old.reason === condition.reason && old.message === condition.message)
    return old
  const time = now()
  return {
    ...condition,
    status,
    lastUpdateTime: time,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
  }
}

/** Kubernetes omits counts of zero. */
export function withoutZeros(status: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0))
}
