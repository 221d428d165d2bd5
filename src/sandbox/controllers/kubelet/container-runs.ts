import type { KubeObject } from '../../api-server/objects.js'
import type { FaultRegistry } from '../../faults.js'
import type { Random } from '../../random.js'
import { type PodServer, startPodServer } from '../../workloads/pod-server.js'
import { type Program, programOf } from '../../workloads/program.js'
import { readinessProbeOf } from '../../workloads/readiness.js'
import type { PodConfiguration } from './pod-configuration.js'
import type { PodRecords } from './pod-records.js'
import { crashedStatus, endedStatus, runningStatus, waitingStatus } from './pod-status.js'
import { portBehind, type RunningPod } from './running-pod.js'

const FIRST_BACKOFF_S = 10
/** Retry interval of a pod whose configuration is missing. */
const CONFIG_RETRY_MS = 500
const LONGEST_BACKOFF_S = 300
const ORDERED_CRASH: Program = {
  does: 'fail',
  exitCode: 1,
  output: 'panic: an ordered crash (canary sandbox fault crash)',
}

export interface ContainerOptions {
  random?: Random
  /** Starts the process in pods of the gateway; undefined for all other pods. */
  startProxy?: (pod: KubeObject, ip: string) => Promise<PodServer> | undefined
  /** Whether other programs of this machine reach pods by their addresses, on the pods' real ports. */
  isReachable?: boolean
  /** Requests a URL as a pod would, by cluster names; resolves with the status, or 0 without an answer. */
  ask?: (url: string) => Promise<number>
}

/** What a run needs of the kubelet's loop. */
interface KubeletLoop {
  /** The pod, if it is still the one that was admitted and not terminating. */
  current: (key: string) => KubeObject | undefined
  /** Runs something later; returns the function that cancels it. */
  later: (ms: number, work: () => void) => () => void
  enqueue: (key: string) => void
}

/** Runs the containers of admitted pods: configuration, program, readiness, and back-off after a crash. */
export class ContainerRuns {
  constructor(
    private readonly kubelet: KubeletLoop,
    private readonly records: PodRecords,
    private readonly configuration: PodConfiguration,
    private readonly faults: FaultRegistry,
    private readonly options: ContainerOptions,
  ) {}

  /** Starts the container, again after a crash; waits for missing configuration. */
  run(key: string, running: RunningPod): void {
    running.cancel?.()
    const pod = this.kubelet.current(key)
    if (!pod) return
    if (this.waitsForConfig(pod)) {
      running.cancel = this.kubelet.later(CONFIG_RETRY_MS, () => this.run(key, running))
      return
    }
    const program = this.programOf(pod)
    running.log.begin()
    for (const { name } of pod.spec.containers) this.records.note(pod, 'Started', `Started container ${name}`)
    if (program.does === 'fail') this.crash(key, running, program)
    else if (program.does === 'ask') void this.askOnce(key, running, program.url)
    else void this.serve(key, running, program)
  }

  private waitsForConfig(pod: KubeObject): boolean {
    const lack = this.configuration.lackOf(pod)
    if (!lack) return false
    this.records.warn(pod, lack.event, lack.text)
    this.records.write(pod, waitingStatus(pod, lack.reason, lack.message))
    return true
  }

  /** A pod that sends one request and ends: it succeeded if the answer is not an error. */
  private async askOnce(key: string, running: RunningPod, url: string): Promise<void> {
    const status = (await this.options.ask?.(url)) ?? 0
    const pod = this.kubelet.current(key)
    if (!pod) return
    const exitCode = status === 0 ? 7 : status >= 400 ? 22 : 0
    if (exitCode === 7) running.log.add(`curl: (7) Failed to connect to ${new URL(url).host}`)
    if (exitCode === 22) running.log.add(`curl: (22) The requested URL returned error: ${status}`)
    running.hasEnded = true
    this.records.write(pod, endedStatus(pod, { ip: running.ip, exitCode }))
  }

  private async serve(
    key: string,
    running: RunningPod,
    program: Extract<Program, { does: 'serve' }>,
  ): Promise<void> {
    const pod = this.kubelet.current(key)
    if (!pod) return
    running.isCrashed = false
    const { faults, options } = this
    const server = await (options.startProxy?.(pod, running.ip) ??
      startPodServer(pod, program, {
        faults,
        random: options.random ?? Math.random,
        log: (line) => running.log.add(line),
        ...(options.isReachable ? { ip: running.ip } : {}),
      }))
    const fresh = this.kubelet.current(key)
    if (fresh?.metadata.uid !== running.uid || running.isEnding) return server.close()
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
      if (running.isReady !== before) this.kubelet.enqueue(key)
      this.kubelet.later(probe.periodMs, () => void ask())
    }
    this.kubelet.later(probe.initialDelayMs, () => void ask())
  }

  private crash(key: string, running: RunningPod, program: Extract<Program, { does: 'fail' }>): void {
    const pod = this.kubelet.current(key)
    if (!pod) return
    running.isCrashed = true
    running.log.add(program.output)
    const backoffS = Math.min(FIRST_BACKOFF_S * 2 ** running.crashes, LONGEST_BACKOFF_S)
    running.crashes += 1
    const { ip, crashes } = running
    const [{ name }] = pod.spec.containers
    this.records.warn(
      pod,
      'BackOff',
      `Back-off restarting failed container ${name} in pod ${pod.metadata.name}_${pod.metadata.namespace}(${running.uid})`,
    )
    this.records.write(pod, crashedStatus(pod, { ip, exitCode: program.exitCode, crashes, backoffS }))
    running.cancel = this.kubelet.later(backoffS * 1000, () => this.run(key, running))
  }

  /** Ready, unless a fault prevents it, permanently or for some time. */
  showServing(key: string, pod: KubeObject, running: RunningPod): void {
    const { ip, crashes, servingSince = 0 } = running
    const concerns = this.concerns(pod)
    const slow = this.faults.of('slow-ready').find(concerns)
    const waitMs = slow ? servingSince + slow.ms - Date.now() : 0
    const isHeldBack = waitMs > 0 || this.faults.of('never-ready').some(concerns)
    const ready = !isHeldBack && running.isReady !== false
    running.cancel?.()
    running.cancel = waitMs > 0 ? this.kubelet.later(waitMs, () => this.kubelet.enqueue(key)) : undefined
    if (isHeldBack)
      this.records.warn(pod, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')
    this.records.write(pod, runningStatus(pod, { ip, ready, crashes }))
  }

  private concerns({ metadata }: KubeObject): (fault: { app: string; version: string }) => boolean {
    const { app, version } = metadata.labels ?? {}
    return (fault) => fault.app === app && fault.version === version
  }

  programOf(pod: KubeObject): Program {
    if (this.faults.of('crash').some(this.concerns(pod))) return ORDERED_CRASH
    return programOf(pod, this.configuration.environmentOf(pod))
  }
}
