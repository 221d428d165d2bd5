import type { VersionPods } from '../../model/events/events.js'
import type { OwnDeployment } from './app-pods.js'
import type { ContainerStatus, Deployment, Pod } from '../kube/kube-types.js'

/** The state of the app's Deployments and their pods; sorted by version. */
export function versionPodsOf(own: OwnDeployment[]): VersionPods[] {
  return own
    .map(({ version, deployment, pods }) => {
      const staying = pods.filter((pod) => !isTerminating(pod))
      return {
        version,
        deployment: deployment.metadata.name,
        image: deployment.spec?.template?.spec?.containers?.[0]?.image ?? '',
        ready: staying.filter(isReady).length,
        wanted: wantedReplicas(deployment),
        problems: [...new Set([...deploymentProblems(deployment), ...staying.flatMap(podProblems)])],
      }
    })
    .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }))
}

/**
 * Whether the controller has observed the current Deployment, and all its pods are updated, ready and available: what
 * `kubectl rollout status` waits for.
 */
export function isRolledOut(deployment: Deployment): boolean {
  const { metadata, status = {} } = deployment
  const wanted = wantedReplicas(deployment)
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    updatedReplicas >= wanted &&
    replicas <= updatedReplicas &&
    readyReplicas >= wanted &&
    availableReplicas >= wanted
  )
}

/**
 * How many of the ready pods have the Deployment's current template; old ones being replaced are assumed to be ready.
 */
export function updatedReady({ metadata, status = {} }: Deployment, ready: number): number {
  const { replicas = 0, updatedReplicas = 0, observedGeneration = 0 } = status
  if (observedGeneration < (metadata.generation ?? 0)) return 0
  return Math.max(0, ready - Math.max(0, replicas - updatedReplicas))
}

/** Details of pods that run but are not ready at the timeout; during a start that is normal. */
export function unreadyPods(version: string, pods: Pod[]): string[] {
  return pods
    .filter((pod) => podVersion(pod) === version && !isTerminating(pod) && !isReady(pod))
    .filter((pod) => podProblems(pod).length === 0)
    .map((pod) => {
      const { name } = pod.metadata
      const running = pod.status?.containerStatuses?.some(({ state }) => state?.running)
      return running
        ? `pod ${name} runs, but is not ready (its readiness probe may fail)`
        : `pod ${name} is ${pod.status?.phase ?? 'Pending'}`
    })
}

/** The Deployment's replicas; Kubernetes' default is 1. */
export function wantedReplicas(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

export function podVersion(pod: Pod): string | undefined {
  return pod.metadata.labels?.version
}

/** Its containers in the order in which they start. */
export function containersOf({ status = {} }: Pod): ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
}

/** Whether Kubernetes gave up on the current Deployment: it made no progress within its deadline. */
export function isPastDeadline({ metadata, status = {} }: Deployment): boolean {
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status.conditions ?? []).some(isDeadlineExceeded)
  )
}

function isDeadlineExceeded({ type, reason }: { type: string; reason?: string }): boolean {
  return type === 'Progressing' && reason === 'ProgressDeadlineExceeded'
}

function deploymentProblems(deployment: Deployment): string[] {
  const conditions = deployment.status?.conditions ?? []
  return [
    ...(wantedReplicas(deployment) === 0 ? ['replicas is 0: no pod can answer'] : []),
    ...conditions
      // ReplicaFailure: no pod could be created at all (quota, admission); its message has the reason.
      .filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
      .map(({ reason, message }) => sentence(reason, message)),
    ...conditions.filter(isDeadlineExceeded).map(({ reason, message }) => sentence(reason, message)),
  ]
}

/** Reasons of a container that starts normally. */
const STARTING = ['ContainerCreating', 'PodInitializing']

/** Kubernetes' reason for a container in a crash loop; its message has only the pod's UID. */
export const CRASHING = 'CrashLoopBackOff'

/** `CrashLoopBackOff: container shop restarted 4 times, last exit code 1`. */
function crashes({ name, restartCount = 0, lastState }: ContainerStatus): string {
  const code = lastState?.terminated?.exitCode
  const times = restartCount === 1 ? 'once' : `${restartCount} times`
  return `${CRASHING}: container ${name} restarted ${times}${code === undefined ? '' : `, last exit code ${code}`}`
}

/** A message with `shop-1` for the kubelet's `shop-1_namespace(5c1f2a9e-…)`. */
export function withoutUids(message = ''): string {
  return message.replace(/([a-z0-9.-]+)_[a-z0-9-]+\([0-9a-f]{8}-[0-9a-f-]{27}\)/g, '$1')
}

function podProblems(pod: Pod): string[] {
  const { status = {} } = pod
  if (status.phase === 'Failed') return [sentence(status.reason ?? 'Failed', status.message)]
  const problems = (status.conditions ?? [])
    .filter(({ type, status }) => type === 'PodScheduled' && status === 'False')
    .map(({ reason, message }) => sentence(reason, message))
  for (const container of containersOf(pod)) {
    const { waiting, terminated } = container.state ?? {}
    const died = container.lastState?.terminated
    if (waiting?.reason && !STARTING.includes(waiting.reason)) {
      const exit = died?.exitCode === undefined ? '' : ` (last exit code ${died.exitCode})`
      problems.push(
        waiting.reason === CRASHING
          ? crashes(container)
          : sentence(waiting.reason, withoutUids(waiting.message)) + exit,
      )
    } else if (terminated && terminated.exitCode !== 0) {
      problems.push(
        sentence(terminated.reason ?? 'Error', terminated.message ?? `exit code ${terminated.exitCode}`),
      )
    }
  }
  return problems
}

function sentence(reason = 'problem', message = ''): string {
  return message ? `${reason}: ${message}` : reason
}
