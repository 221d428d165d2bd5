import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import { now, type ObjectStore, type StoreEvent } from '../api-server/store.js'
import type { FaultRegistry } from '../faults.js'
import { pullProblem } from '../workloads/images.js'
import { type PodServer, startPodServer } from '../workloads/pod-server.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

export interface KubeletOptions {
  /** From a pod's creation until it is ready, milliseconds. */
  startMs: number
  /** How long a pod goes on answering after its deletion was asked for, milliseconds: longer than endpoints travel. */
  drainMs: number
}

interface Running {
  uid: string
  ip: string
  server?: PodServer
  cancel?: () => void
  ending?: boolean
}

/** Runs pods: each is a real listener, reached by its made-up address through `addressOf`. */
export class Kubelet extends Reconciler {
  private readonly running = new Map<string, Running>()
  private readonly logs = new Map<string, string[]>()
  private lastAddress = 1

  constructor(
    store: ObjectStore,
    private readonly faults: FaultRegistry,
    private readonly options: KubeletOptions,
  ) {
    super(store)
    faults.subscribe(() => {
      for (const pod of store.list(RESOURCES.pods))
        this.enqueue(keyOf(pod.metadata.namespace, pod.metadata.name))
    })
  }

  /** The real port of a pod's address; undefined when no pod of that address runs. */
  portOf(ip: string): number | undefined {
    for (const { ip: address, server } of this.running.values()) if (address === ip) return server?.port
    return undefined
  }

  /** What a pod logged, for `kubectl logs`; undefined for pods that never started. */
  logsOf(namespace: string, name: string): string | undefined {
    return this.logs.get(keyOf(namespace, name))?.join('')
  }

  async closeAll(): Promise<void> {
    this.close()
    await Promise.all([...this.running.values()].flatMap(({ server }) => (server ? [server.close()] : [])))
  }

  protected keysOf({ resource, object }: StoreEvent): string[] {
    return resource === RESOURCES.pods ? [keyOf(object.metadata.namespace, object.metadata.name)] : []
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const pod = this.store.get(RESOURCES.pods, namespace, name)
    const running = this.running.get(key)
    if (!pod || (running && running.uid !== pod.metadata.uid)) {
      if (running) this.end(key, running)
      if (!pod) return
    }
    if (pod.metadata.deletionTimestamp) return this.terminate(key, pod)
    if (!this.running.has(key)) return this.admit(key, pod)
    const ready = this.running.get(key)?.server !== undefined && !this.isHeldBack(pod)
    if (pod.status?.phase === 'Running') this.setReady(pod, ready)
  }

  private admit(key: string, pod: KubeObject): void {
    this.lastAddress += 1
    const ip = `10.42.${this.lastAddress >> 8}.${this.lastAddress & 255}`
    const entry: Running = { uid: pod.metadata.uid!, ip }
    this.running.set(key, entry)
    this.setStatus(pod, { phase: 'Pending', ...waiting(pod, 'ContainerCreating') })
    const problem = pod.spec.containers
      .map(({ image }: { image: string }) => pullProblem(image))
      .find(Boolean)
    entry.cancel = this.later(this.options.startMs, () => {
      if (problem) this.failToPull(key, problem)
      else void this.start(key, entry)
    })
  }

  private failToPull(key: string, problem: { reason: string; message: string }): void {
    const pod = this.current(key)
    if (!pod) return
    const { image } = pod.spec.containers[0]
    this.event(pod, 'Failed', `Failed to pull image "${image}": ${problem.message}`)
    this.setStatus(pod, { phase: 'Pending', ...waiting(pod, problem.reason, problem.message) })
    if (problem.reason !== 'ErrImagePull') return
    this.later(this.options.startMs, () => {
      const again = this.current(key)
      if (!again) return
      const message = `Back-off pulling image "${image}": ErrImagePull: ${problem.message}`
      this.event(again, 'BackOff', message)
      this.setStatus(again, { phase: 'Pending', ...waiting(again, 'ImagePullBackOff', message) })
    })
  }

  private async start(key: string, entry: Running): Promise<void> {
    const pod = this.current(key)
    if (!pod) return
    const server = await startPodServer(pod, this.faults)
    if (this.running.get(key) !== entry || entry.ending) return server.close()
    entry.server = server
    this.logs.set(key, [`${now()} [INFO] server is listening on :${containerPort(pod)}\n`])
    const fresh = this.current(key)
    if (!fresh) return
    const startedAt = now()
    this.setStatus(fresh, {
      phase: 'Running',
      hostIP: '127.0.0.1',
      podIP: entry.ip,
      podIPs: [{ ip: entry.ip }],
      startTime: startedAt,
      containerStatuses: fresh.spec.containers.map(({ name, image }: { name: string; image: string }) => ({
        name,
        image,
        imageID: `${image}@sandbox`,
        ready: !this.isHeldBack(fresh),
        started: true,
        restartCount: 0,
        state: { running: { startedAt } },
      })),
      conditions: conditions(fresh, !this.isHeldBack(fresh)),
    })
  }

  /** Ready or not, as the faults have it now. */
  private setReady(pod: KubeObject, ready: boolean): void {
    const { status } = pod
    this.setStatus(pod, {
      ...status,
      containerStatuses: (status.containerStatuses ?? []).map((one: object) => ({ ...one, ready })),
      conditions: conditions(pod, ready),
    })
  }

  private isHeldBack({ metadata }: KubeObject): boolean {
    const { app, version } = metadata.labels ?? {}
    return this.faults.of('never-ready').some((fault) => fault.app === app && fault.version === version)
  }

  private terminate(key: string, pod: KubeObject): void {
    const entry = this.running.get(key)
    if (entry?.ending) return
    if (entry) entry.ending = true
    const grace = pod.metadata.deletionGracePeriodSeconds ?? 30
    this.later(entry?.server ? Math.min(this.options.drainMs, grace * 1000) : 0, () => {
      if (entry) this.end(key, entry)
      this.store.delete(RESOURCES.pods, pod.metadata.namespace, pod.metadata.name)
    })
  }

  private end(key: string, entry: Running): void {
    entry.cancel?.()
    entry.ending = true
    if (this.running.get(key) === entry) this.running.delete(key)
    this.logs.delete(key)
    void entry.server?.close()
  }

  private current(key: string): KubeObject | undefined {
    const [namespace, name] = splitKey(key)
    const pod = this.store.get(RESOURCES.pods, namespace, name)
    return pod && !pod.metadata.deletionTimestamp && pod.metadata.uid === this.running.get(key)?.uid
      ? pod
      : undefined
  }

  private setStatus(pod: KubeObject, status: object): void {
    const current = this.store.get(RESOURCES.pods, pod.metadata.namespace, pod.metadata.name)
    if (!current) return
    this.store.update(RESOURCES.pods, {
      ...structuredClone(current),
      spec: { ...structuredClone(current.spec), nodeName: 'sandbox' },
      status: structuredClone(status),
    })
  }

  private event(pod: KubeObject, reason: string, message: string): void {
    const { namespace, name, uid } = pod.metadata
    const time = now()
    const eventName = `${name}.${reason.toLowerCase()}`
    if (this.store.get(RESOURCES.events, namespace, eventName)) return
    this.store.create(RESOURCES.events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      reason,
      message,
      type: 'Warning',
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: 'kubelet', host: 'sandbox' },
    })
  }
}

function containerPort(pod: KubeObject): number {
  return pod.spec.containers[0]?.ports?.[0]?.containerPort ?? 8080
}

function waiting(pod: KubeObject, reason: string, message?: string): object {
  return {
    containerStatuses: pod.spec.containers.map(({ name, image }: { name: string; image: string }) => ({
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

function conditions(pod: KubeObject, ready: boolean): object[] {
  const before: { type: string; status: string; lastTransitionTime: string }[] = pod.status?.conditions ?? []
  const names = pod.spec.containers.map(({ name }: { name: string }) => name).join(' ')
  return (['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'] as const).map((type) => {
    const holds = ready || type === 'PodScheduled' || type === 'Initialized'
    const status = holds ? 'True' : 'False'
    const old = before.find((condition) => condition.type === type && condition.status === status)
    const why = holds
      ? {}
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` }
    return { type, status, lastTransitionTime: old?.lastTransitionTime ?? now(), ...why }
  })
}
