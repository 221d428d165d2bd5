import type { KubeObject } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore } from '../../api-server/store.js'
import { environmentOf, missingVolume, type ReadObject } from '../../workloads/environment.js'

/** What keeps a container from starting, worded like the kubelet. */
export interface Lack {
  /** Reason and text of the event. */
  event: string
  text: string
  /** Of the container that waits. */
  reason: string
  message?: string
}

/** What pods read from ConfigMaps and Secrets of their namespace. */
export class PodConfiguration {
  constructor(private readonly store: ObjectStore) {}

  /** Undefined if everything that the pod names exists. */
  lackOf(pod: KubeObject): Lack | undefined {
    const volume = missingVolume(pod, this.reader(pod))
    if (volume !== undefined) return { event: 'FailedMount', text: volume, reason: 'ContainerCreating' }
    const environment = environmentOf(pod, this.reader(pod))
    if (!('missing' in environment)) return undefined
    const { missing: message } = environment
    return { event: 'Failed', text: `Error: ${message}`, reason: 'CreateContainerConfigError', message }
  }

  /** The variables of the pod's first container; empty while any source is missing. */
  environmentOf(pod: KubeObject): Record<string, string> {
    const environment = environmentOf(pod, this.reader(pod))
    return 'values' in environment ? environment.values : {}
  }

  private reader({ metadata }: KubeObject): ReadObject {
    return (kind, name) =>
      this.store.get(kind === 'secret' ? RESOURCES.secrets : RESOURCES.configmaps, metadata.namespace, name)
  }
}

/** How long a pod's preStop hooks sleep, milliseconds. */
export function preStopMs(pod: KubeObject): number {
  interface PreStop {
    sleep?: { seconds: number }
    exec?: { command?: string[] }
  }
  const containers: { lifecycle?: { preStop?: PreStop } }[] = pod.spec.containers
  const seconds = containers.map(({ lifecycle }) => {
    const { sleep, exec } = lifecycle?.preStop ?? {}
    const slept = /\bsleep\s+(\d+(\.\d+)?)/.exec(exec?.command?.join(' ') ?? '')?.[1]
    return sleep?.seconds ?? Number(slept ?? 0)
  })
  return Math.max(0, ...seconds) * 1000
}
