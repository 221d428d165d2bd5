import type { KubeObject } from '../../api-server/objects.js'
import { now } from '../../api-server/store.js'

/** A pod's status as the kubelet writes it. All functions return the complete status, derived from the pod before. */

interface Container {
  name: string
  image: string
}

/** A container that could not be started, or not yet. */
export function waitingStatus(pod: KubeObject, reason: string, message?: string): object {
  return {
    phase: 'Pending',
    ...ownFields(pod),
    containerStatuses: containerStatuses(pod, {
      isPulled: false,
      state: { waiting: { reason, ...(message ? { message } : {}) } },
    }),
    conditions: conditions(pod, false),
  }
}

export function runningStatus(
  pod: KubeObject,
  { ip, ready, crashes }: { ip: string; ready: boolean; crashes: number },
): object {
  const before = pod.status?.containerStatuses?.[0]
  const startedAt = before?.state?.running?.startedAt ?? now()
  return {
    phase: 'Running',
    ...ownFields(pod),
    ...addresses(ip),
    containerStatuses: containerStatuses(pod, {
      ready,
      started: true,
      restartCount: crashes,
      ...(before?.lastState ? { lastState: before.lastState } : {}),
      state: { running: { startedAt } },
    }),
    conditions: conditions(pod, ready),
  }
}

/** Between two starts of a container that exits by itself. */
export function crashedStatus(
  pod: KubeObject,
  { ip, exitCode, crashes, backoffS }: { ip: string; exitCode: number; crashes: number; backoffS: number },
): object {
  const { namespace, name: podName, uid } = pod.metadata
  const container = containers(pod)[0]?.name
  const time = now()
  return {
    phase: 'Running',
    ...ownFields(pod),
    ...addresses(ip),
    containerStatuses: containerStatuses(pod, {
      restartCount: crashes,
      lastState: { terminated: { exitCode, reason: 'Error', startedAt: time, finishedAt: time } },
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off ${backoffS}s restarting failed container=${container} pod=${podName}_${namespace}(${uid})`,
        },
      },
    }),
    conditions: conditions(pod, false),
  }
}

/** A pod that ran to completion and is not restarted. */
export function endedStatus(pod: KubeObject, { ip, exitCode }: { ip: string; exitCode: number }): object {
  const time = now()
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ...ownFields(pod),
    ...addresses(ip),
    containerStatuses: containerStatuses(pod, {
      state: { terminated: { exitCode, reason, startedAt: time, finishedAt: time } },
    }),
    conditions: conditions(pod, false),
  }
}

/** The same for each container of the pod; by default it is not running and was never restarted. */
function containerStatuses(
  pod: KubeObject,
  { isPulled = true, ...status }: { isPulled?: boolean; state: object } & Record<string, unknown>,
): object[] {
  return containers(pod).map(({ name, image }) => ({
    name,
    image,
    imageID: isPulled ? `${image}@sandbox` : '',
    ready: false,
    started: false,
    restartCount: 0,
    ...status,
  }))
}

function containers(pod: KubeObject): Container[] {
  return pod.spec.containers
}

function ownFields(pod: KubeObject): object {
  return { hostIP: '127.0.0.1', startTime: pod.status?.startTime ?? now(), qosClass: 'BestEffort' }
}

function addresses(ip: string): object {
  return { podIP: ip, podIPs: [{ ip }] }
}

function conditions(pod: KubeObject, ready: boolean): object[] {
  const before: { type: string; status: string; lastTransitionTime: string }[] = pod.status?.conditions ?? []
  const names = containers(pod)
    .map(({ name }) => name)
    .join(' ')
  return ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => {
    const holds = ready || type === 'PodScheduled' || type === 'Initialized'
    const status = holds ? 'True' : 'False'
    const old = before.find((condition) => condition.type === type && condition.status === status)
    const why = holds
      ? {}
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` }
    return { type, status, lastTransitionTime: old?.lastTransitionTime ?? now(), ...why }
  })
}
