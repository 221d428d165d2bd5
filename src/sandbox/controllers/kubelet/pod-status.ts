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
    containerStatuses: containers(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason, ...(message ? { message } : {}) } },
    })),
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
    containerStatuses: containers(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: `${image}@sandbox`,
      ready,
      started: true,
      restartCount: crashes,
      ...(before?.lastState ? { lastState: before.lastState } : {}),
      state: { running: { startedAt } },
    })),
    conditions: conditions(pod, ready),
  }
}

/** Between two starts of a container that exits by itself. */
export function crashedStatus(
  pod: KubeObject,
  { ip, exitCode, crashes, backoffS }: { ip: string; exitCode: number; crashes: number; backoffS: number },
): object {
  const { namespace, name: podName, uid } = pod.metadata
  const time = now()
  return {
    phase: 'Running',
    ...ownFields(pod),
    ...addresses(ip),
    containerStatuses: containers(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: `${image}@sandbox`,
      ready: false,
      started: false,
      restartCount: crashes,
      lastState: { terminated: { exitCode, reason: 'Error', startedAt: time, finishedAt: time } },
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off ${backoffS}s restarting failed container=${name} pod=${podName}_${namespace}(${uid})`,
        },
      },
    })),
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
    containerStatuses: containers(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: `${image}@sandbox`,
      ready: false,
      started: false,
      restartCount: 0,
      state: { terminated: { exitCode, reason, startedAt: time, finishedAt: time } },
    })),
    conditions: conditions(pod, false),
  }
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
