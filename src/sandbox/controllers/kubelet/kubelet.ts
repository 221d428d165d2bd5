import type { KubeObject } from '../../api-server/objects.js'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../../api-server/store.js'
import type { FaultRegistry } from '../../faults.js'
import type { Random } from '../../random.js'
import { type PullProblem, pullProblem } from '../../workloads/images.js'
import { type PodServer, startPodServer } from '../../workloads/pod-server.js'
import { type Program, programOf } from '../../workloads/program.js'
import { readinessProbeOf } from '../../workloads/readiness.js'
import { recordEvent } from '../events.js'
import { PodConfiguration, preStopMs } from './pod-configuration.js'
import { PodLog } from './pod-log.js'
import { crashedStatus, endedStatus, runningStatus, waitingStatus } from './pod-status.js'
import { keyOf, Reconciler, splitKey } from '../reconciler.js'

export interface KubeletOptions {
  /** From a pod's creation until it is ready, milliseconds. */
  startMs: number
  /**
   * How long a pod keeps answering after its deletion was requested, milliseconds: longer than endpoints take to
   * propagate.
   */
  drainMs: number
  random?: Random
  /** Starts the process in pods of the gateway; undefined for all other pods. */
  startProxy?: (pod: KubeObject) => Promise<PodServer> | undefined
  /** Requests a URL as a pod would, by cluster names; resolves with the status, or 0 without an answer. */
  ask?: (url: string) => Promise<number>
}

interface RunningPod {
  uid: string
  ip: string
  log: PodLog
  server?: PodServer
  /** Cancels its next start. */
  cancel?: () => void
  crashes: number
  isCrashed: boolean
  /** When its container began to serve; ms since the epoch. */
  servingSince?: number
  /** The result of its readiness probe; undefined without one. */
  isReady?: boolean
  /** Whether it ran to completion. */
  hasEnded?: boolean
  isEnding?: boolean
}

const DEFAULT_GRACE_S = 30
const FIRST_BACKOFF_S = 10
/** Retry interval of a pod whose configuration is missing. */
const CONFIG_RETRY_MS = 500
const LONGEST_BACKOFF_S = 300
const ORDERED_CRASH: Program = {
  does: 'fail',
  exitCode: 1,
  output: 'panic: an ordered crash (canary sandbox fault crash)',
}

/** Runs pods: each is a real listener, reached by its made-up address through `portOf`. */
export class Kubelet extends Reconciler {
  private readonly pods = new Map<string, RunningPod>()
  private readonly byAddress = new Map<string, RunningPod>()
  private readonly configuration: PodConfiguration
  private lastAddress = 1

  constructor(
    store: ObjectStore,
    private readonly faults: FaultRegistry,
    private readonly options: KubeletOptions,
  ) {
    super(store)
    this.configuration = new PodConfiguration(store)
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
    const fails = this.programOf(pod).does === 'fail'
    if (fails === running.isCrashed) {
      if (running.server) this.showServing(key, pod, running)
      return
    }
    this.stop(running)
    this.run(key, running)
  }

  private admit(key: string, pod: KubeObject): void {
    this.lastAddress += 1
    const ip = `10.42.${this.lastAddress >> 8}.${this.lastAddress & 255}`
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
    this.tell(pod, 'Scheduled', `Successfully assigned ${namespace}/${name} to sandbox`, 'default-scheduler')
    this.write(pod, waitingStatus(pod, 'ContainerCreating'))
    const images: string[] = pod.spec.containers.map(({ image }: { image: string }) => image)
    const problem = images.map((image) => pullProblem(image)).find(Boolean)
    running.cancel = this.later(this.options.startMs, () => {
      if (problem) return this.failToPull(key, problem)
      for (const image of images)
        this.tell(pod, 'Pulled', `Container image "${image}" already present on machine`)
      this.run(key, running)
    })
  }

  private failToPull(key: string, { image, reason, message }: PullProblem): void {
    const pod = this.current(key)
    if (!pod) return
    if (reason === 'InvalidImageName') this.warn(pod, 'InspectFailed', message)
    else this.warn(pod, 'Failed', `Failed to pull image "${image}": ${message}`)
    this.warn(pod, 'Failed', `Error: ${reason}`)
    this.write(pod, waitingStatus(pod, reason, message))
    if (reason === 'InvalidImageName') return
    this.later(this.options.startMs, () => {
      const again = this.current(key)
      if (!again) return
      this.warn(again, 'BackOff', `Back-off pulling image "${image}"`)
      this.warn(again, 'Failed', 'Error: ImagePullBackOff')
      const why = `Back-off pulling image "${image}": ErrImagePull: ${message}`
      this.write(again, waitingStatus(again, 'ImagePullBackOff', why))
    })
  }

  /** Starts the container, again after a crash; waits for missing configuration. */
  private run(key: string, running: RunningPod): void {
    running.cancel?.()
    const pod = this.current(key)
    if (!pod) return
    if (this.waitsForConfig(pod)) {
      running.cancel = this.later(CONFIG_RETRY_MS, () => this.run(key, running))
      return
    }
    const program = this.programOf(pod)
    running.log.begin()
    for (const { name } of pod.spec.containers) this.tell(pod, 'Started', `Started container ${name}`)
    if (program.does === 'fail') this.crash(key, running, program)
    else if (program.does === 'ask') void this.askOnce(key, running, program.url)
    else void this.serve(key, running, program)
  }

  private waitsForConfig(pod: KubeObject): boolean {
    const lack = this.configuration.lackOf(pod)
    if (!lack) return false
    this.warn(pod, lack.event, lack.told)
    this.write(pod, waitingStatus(pod, lack.reason, lack.message))
    return true
  }

  /** A pod that sends one request and ends: it succeeded if the answer is not an error. */
  private async askOnce(key: string, running: RunningPod, url: string): Promise<void> {
    const status = (await this.options.ask?.(url)) ?? 0
    const pod = this.current(key)
    if (!pod) return
    const exitCode = status === 0 ? 7 : status >= 400 ? 22 : 0
    if (exitCode === 7) running.log.add(`curl: (7) Failed to connect to ${new URL(url).host}`)
    if (exitCode === 22) running.log.add(`curl: (22) The requested URL returned error: ${status}`)
    running.hasEnded = true
    this.write(pod, endedStatus(pod, { ip: running.ip, exitCode }))
  }

  private async serve(
    key: string,
    running: RunningPod,
    program: Extract<Program, { does: 'serve' }>,
  ): Promise<void> {
    const pod = this.current(key)
    if (!pod) return
    running.isCrashed = false
    const { faults, options } = this
    const server = await (options.startProxy?.(pod) ??
      startPodServer(pod, program, {
        faults,
        random: options.random ?? Math.random,
        log: (line) => running.log.add(line),
      }))
    const fresh = this.current(key)
    if (!fresh || running.isEnding || this.pods.get(key) !== running) return server.close()
    running.server = server
    running.servingSince = Date.now()
    this.probe(key, fresh, running)
    this.showServing(key, fresh, running)
  }

  /** Repeats the readiness probe of a pod during this run of it. */
  private probe(key: string, pod: KubeObject, running: RunningPod): void {
    const probe = readinessProbeOf(pod)
    const { server } = running
    running.isReady = probe ? false : undefined
    if (!probe || !server) return
    let [successes, failures] = [0, 0]
    const ask = async () => {
      const isGood = await probe.ask((port) => portBehind(server, port))
      if (running.server !== server || running.isEnding) return
      successes = isGood ? successes + 1 : 0
      failures = isGood ? 0 : failures + 1
      const before = running.isReady
      if (successes >= probe.successThreshold) running.isReady = true
      if (failures >= probe.failureThreshold) running.isReady = false
      if (running.isReady !== before) this.enqueue(key)
      this.later(probe.periodMs, () => void ask())
    }
    this.later(probe.initialDelayMs, () => void ask())
  }

  private crash(key: string, running: RunningPod, program: Extract<Program, { does: 'fail' }>): void {
    const pod = this.current(key)
    if (!pod) return
    running.isCrashed = true
    running.log.add(program.output)
    const backoffS = Math.min(FIRST_BACKOFF_S * 2 ** running.crashes, LONGEST_BACKOFF_S)
    running.crashes += 1
    const { ip, crashes } = running
    const [{ name }] = pod.spec.containers
    this.warn(
      pod,
      'BackOff',
      `Back-off restarting failed container ${name} in pod ${pod.metadata.name}_${pod.metadata.namespace}(${running.uid})`,
    )
    this.write(pod, crashedStatus(pod, { ip, exitCode: program.exitCode, crashes, backoffS }))
    running.cancel = this.later(backoffS * 1000, () => this.run(key, running))
  }

  /** Ready, unless a fault prevents it, permanently or for some time. */
  private showServing(key: string, pod: KubeObject, running: RunningPod): void {
    const { ip, crashes, servingSince = 0 } = running
    const concerns = this.concerns(pod)
    const slow = this.faults.of('slow-ready').find(concerns)
    const waitMs = slow ? servingSince + slow.ms - Date.now() : 0
    const isHeldBack = waitMs > 0 || this.faults.of('never-ready').some(concerns)
    const ready = !isHeldBack && running.isReady !== false
    running.cancel?.()
    running.cancel = waitMs > 0 ? this.later(waitMs, () => this.enqueue(key)) : undefined
    if (isHeldBack)
      this.warn(pod, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')
    this.write(pod, runningStatus(pod, { ip, ready, crashes }))
  }

  private concerns({ metadata }: KubeObject): (fault: { app: string; version: string }) => boolean {
    const { app, version } = metadata.labels ?? {}
    return (fault) => fault.app === app && fault.version === version
  }

  private programOf(pod: KubeObject): Program {
    if (this.faults.of('crash').some(this.concerns(pod))) return ORDERED_CRASH
    return programOf(pod, this.configuration.environmentOf(pod))
  }

  private terminate(key: string, pod: KubeObject): void {
    const running = this.pods.get(key)
    if (running?.isEnding) return
    running?.cancel?.()
    if (running) running.isEnding = true
    const { namespace, name } = pod.metadata
    if (running?.server) {
      for (const container of pod.spec.containers)
        this.tell(pod, 'Killing', `Stopping container ${container.name}`)
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

  private write({ metadata }: KubeObject, status: object): void {
    const current = this.store.get(RESOURCES.pods, metadata.namespace, metadata.name)
    if (!current) return
    this.store.update(RESOURCES.pods, {
      ...current,
      spec: { ...current.spec, nodeName: 'sandbox' },
      status,
    })
  }

  private tell(pod: KubeObject, reason: string, message: string, component = 'kubelet'): void {
    recordEvent(this.store, pod, { reason, message, component })
  }

  private warn(pod: KubeObject, reason: string, message: string): void {
    recordEvent(this.store, pod, { type: 'Warning', reason, message, component: 'kubelet' })
  }
}

function portBehind(server: PodServer | undefined, port: number): number | undefined {
  return server && (server.ports.length === 0 || server.ports.includes(port)) ? server.port : undefined
}
