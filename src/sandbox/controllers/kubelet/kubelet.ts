import type { KubeObject } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../../api-server/store.js'
import type { FaultRegistry } from '../../faults.js'
import { type PullProblem, pullProblem } from '../../workloads/images.js'
import { PodConfiguration, preStopMs } from './pod-configuration.js'
import { PodLog } from './pod-log.js'
import { PodRecords } from './pod-records.js'
import { waitingStatus } from './pod-status.js'
import { portBehind, type RunningPod } from './running-pod.js'
import { type ContainerOptions, ContainerRuns } from './container-runs.js'
import { keyOf, Reconciler, splitKey } from '../reconciler.js'

export interface KubeletOptions extends ContainerOptions {
  /** From a pod's creation until it is ready, milliseconds. */
  startMs: number
  /**
   * How long a pod keeps answering after its deletion was requested, milliseconds: longer than endpoints take to
   * propagate.
   */
  drainMs: number
}

const DEFAULT_GRACE_S = 30

/** Runs pods: each is a real listener, reached by its made-up address through `portOf`. */
export class Kubelet extends Reconciler {
  private readonly pods = new Map<string, RunningPod>()
  private readonly byAddress = new Map<string, RunningPod>()
  private readonly records: PodRecords
  private readonly runs: ContainerRuns
  private lastAddress = 1

  constructor(
    store: ObjectStore,
    faults: FaultRegistry,
    private readonly options: KubeletOptions,
  ) {
    super(store)
    this.records = new PodRecords(store)
    const loop = {
      current: (key: string) => this.current(key),
      later: (ms: number, work: () => void) => this.later(ms, work),
      enqueue: (key: string) => this.enqueue(key),
    }
    this.runs = new ContainerRuns(loop, this.records, new PodConfiguration(store), faults, options)
    faults.subscribe(() => {
      for (const { metadata } of store.list(RESOURCES.pods)) {
        this.enqueue(keyOf(metadata.namespace, metadata.name))
      }
    })
  }

  /** The real port behind an address; undefined when no pod listens there. */
  portOf(ip: string, port: number): number | undefined {
    return portBehind(this.byAddress.get(ip)?.server, port)
  }

  /** The real port behind a port of the pod's own loopback interface; undefined if nothing listens. */
  loopbackPortOf(namespace: string, name: string, port: number): number | undefined {
    const server = this.pods.get(keyOf(namespace, name))?.server
    return server?.loopback?.[port] ?? portBehind(server, port)
  }

  /** A pod's log for `kubectl logs`, or of the previous run (`--previous`); undefined if it did not run. */
  logsOf(namespace: string, name: string, isBefore = false): string | undefined {
    const pod = this.pods.get(keyOf(namespace, name))
    // Between two runs, the one that ended is both the last and the previous one.
    return pod?.log.text(isBefore && !pod.isCrashed)
  }

  async closeAll(): Promise<void> {
    this.close()
    const all = [...this.pods.values()]
    for (const pod of all) pod.isEnding = true // one that is just starting ends itself
    await Promise.all(all.map(async ({ server }) => server?.close()))
  }

  protected keysOf({ resource, object }: StoreEvent): string[] {
    return resource === RESOURCES.pods ? [keyOf(object.metadata.namespace, object.metadata.name)] : []
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const pod = this.store.get(RESOURCES.pods, namespace, name)
    const known = this.pods.get(key)
    if (known && known.uid !== pod?.metadata.uid) this.forget(key, known)
    if (!pod) return
    if (pod.metadata.deletionTimestamp) return this.terminate(key, pod)
    const running = this.pods.get(key)
    if (!running) return this.admit(key, pod)
    if (running.hasEnded) return
    if (!running.server && !running.isCrashed) return // it is starting, or waits for its image
    const fails = this.runs.programOf(pod).does === 'fail'
    if (fails === running.isCrashed) {
      if (running.server) this.runs.showServing(key, pod, running)
      return
    }
    this.stop(running)
    this.runs.run(key, running)
  }

  private admit(key: string, pod: KubeObject): void {
    this.lastAddress += 1
    // 127.0.0.0/8 as a whole is the loopback interface.
    const network = this.options.isReachable ? '127.42' : '10.42'
    const ip = `${network}.${this.lastAddress >> 8}.${this.lastAddress & 255}`
    const running: RunningPod = {
      uid: pod.metadata.uid!,
      ip,
      log: new PodLog(),
      crashes: 0,
      isCrashed: false,
    }
    this.pods.set(key, running)
    this.byAddress.set(ip, running)
    const { namespace, name } = pod.metadata
    this.records.note(
      pod,
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to sandbox`,
      'default-scheduler',
    )
    this.records.write(pod, waitingStatus(pod, 'ContainerCreating'))
    const images: string[] = pod.spec.containers.map(({ image }: { image: string }) => image)
    const problem = images.map((image) => pullProblem(image)).find(Boolean)
    running.cancel = this.later(this.options.startMs, () => {
      if (problem) return this.failToPull(key, problem)
      for (const image of images)
        this.records.note(pod, 'Pulled', `Container image "${image}" already present on machine`)
      this.runs.run(key, running)
    })
  }

  private failToPull(key: string, { image, reason, message }: PullProblem): void {
    const pod = this.current(key)
    if (!pod) return
    if (reason === 'InvalidImageName') this.records.warn(pod, 'InspectFailed', message)
    else this.records.warn(pod, 'Failed', `Failed to pull image "${image}": ${message}`)
    this.records.warn(pod, 'Failed', `Error: ${reason}`)
    this.records.write(pod, waitingStatus(pod, reason, message))
    if (reason === 'InvalidImageName') return
    this.later(this.options.startMs, () => {
      const again = this.current(key)
      if (!again) return
      this.records.warn(again, 'BackOff', `Back-off pulling image "${image}"`)
      this.records.warn(again, 'Failed', 'Error: ImagePullBackOff')
      const why = `Back-off pulling image "${image}": ErrImagePull: ${message}`
      this.records.write(again, waitingStatus(again, 'ImagePullBackOff', why))
    })
  }

  private terminate(key: string, pod: KubeObject): void {
    const running = this.pods.get(key)
    if (running?.isEnding) return
    running?.cancel?.()
    if (running) running.isEnding = true
    const { namespace, name } = pod.metadata
    if (running?.server) {
      for (const container of pod.spec.containers)
        this.records.note(pod, 'Killing', `Stopping container ${container.name}`)
    }
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_S) * 1000
    const drainMs = running?.server ? Math.min(Math.max(this.options.drainMs, preStopMs(pod)), graceMs) : 0
    this.later(drainMs, () => {
      void (running?.server?.close(graceMs - drainMs) ?? Promise.resolve()).then(() => {
        if (running) this.forget(key, running)
        if (this.store.get(RESOURCES.pods, namespace, name)?.metadata.uid === pod.metadata.uid)
          this.store.delete(RESOURCES.pods, namespace, name)
      })
    })
  }

  private stop(running: RunningPod): void {
    void running.server?.close()
    running.server = undefined
  }

  private forget(key: string, running: RunningPod): void {
    running.cancel?.()
    running.isEnding = true
    this.stop(running)
    this.byAddress.delete(running.ip)
    if (this.pods.get(key) === running) this.pods.delete(key)
  }

  /** The pod, if it is still the one that was admitted and not terminating. */
  private current(key: string): KubeObject | undefined {
    const [namespace, name] = splitKey(key)
    const pod = this.store.get(RESOURCES.pods, namespace, name)
    const isSame = pod?.metadata.uid === this.pods.get(key)?.uid
    return isSame && !pod?.metadata.deletionTimestamp ? pod : undefined
  }
}
