import { commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { PodProgress, VersionPods } from '../../model/events/events.js'
import { type AppObjects, appPodsOf, type OwnDeployment, podsLeft } from './app-pods.js'
import type { ClusterObject } from '../ports/objects.js'
import { type Followed, followUntil } from '../kube/follow.js'
import type { KubeApi } from '../kube/kube-api.js'
import { DEPLOYMENTS, PODS, REPLICA_SETS, type Deployment, type Pod } from '../kube/kube-types.js'
import { evidenceLines, gatherEvidence } from './pod-evidence.js'
import {
  isPastDeadline,
  isRolledOut,
  unreadyPods,
  updatedReady,
  versionPodsOf,
  wantedReplicas,
} from './pods.js'

/** Which pods to wait for, and how long. */
interface PodWait {
  app: string
  namespace: string
  versions: string[]
  timeoutMs: number
  signal?: AbortSignal
}

/** Ends a wait without success: the reasons are looked up before it is reported. */
class GaveUp extends Error {
  constructor(readonly within: string) {
    super('pods did not become ready')
  }
}

/**
 * Watches until the Deployments of these versions are rolled out, reporting each change. Throws ExternalError at the
 * timeout or when Kubernetes gives up on a Deployment, with the pods' reasons, logs and events; and at once if waiting
 * is pointless: no Deployment, or one without replicas.
 */
export async function waitForPods(
  api: KubeApi,
  wait: PodWait,
  report: (progress: PodProgress[]) => void,
): Promise<void> {
  const { versions } = wait
  if (versions.length === 0) return
  let seen: OwnDeployment[] = []
  let reported = ''
  let stuckBefore: Set<string> | undefined
  const late = () => new GaveUp(`within ${duration(wait.timeoutMs)}`)
  const waiting = followUntil(api, followed(wait), { ...wait, late }, (lists) => {
    seen = appPodsOf(wait, objectsOf(lists)).own
    const states = versionPodsOf(seen)
    const waitedFor = versions.map((version) => {
      const state = states.find((entry) => entry.version === version)
      const deployment = deploymentOf(seen, state)
      if (!state || !deployment) throw noDeployment(wait, version, states)
      if (wantedReplicas(deployment) === 0) throw noReplicas(wait, version, state.deployment)
      return { state, deployment }
    })
    const progress = waitedFor.map(({ state: { version, ready, wanted, problems }, deployment }) => ({
      version,
      ready: updatedReady(deployment, ready),
      wanted,
      problems,
    }))
    const news = JSON.stringify(progress)
    if (news !== reported) report(progress)
    reported = news
    // One that had failed before may have recovered since: it gets the full time.
    const stuck = waitedFor.filter(({ deployment }) => isPastDeadline(deployment))
    stuckBefore ??= new Set(stuck.map(({ state }) => state.version))
    if (stuck.some(({ state }) => !stuckBefore?.has(state.version))) {
      throw new GaveUp("within its Deployment's progress deadline")
    }
    // Deployments and pods have separate watches: both must have reported, or the last report would be outdated.
    return waitedFor.every(
      ({ deployment, state: { ready, wanted } }) => isRolledOut(deployment) && ready >= wanted,
    )
  })
  await waiting.catch(async (error: unknown) => {
    throw error instanceof GaveUp ? await notReady(api, wait, seen, error.within) : error
  })
}

/**
 * Watches until none of the app's own pods of these versions is left, terminating ones included. Throws ExternalError
 * at the timeout.
 */
export async function waitForPodsGone(api: KubeApi, wait: PodWait): Promise<void> {
  const { app, namespace, versions, timeoutMs } = wait
  if (versions.length === 0) return
  const labelSelector = `app=${app},version in (${versions.join(',')})`
  let left: string[] = []
  const late = () =>
    new ExternalError(
      `Pods of ${versions.join(', ')} of ${app} are still there after ${duration(timeoutMs)}: ${left.join(', ')}.`,
      {
        nextSteps: [
          commented(
            kubectlCommand(['get', 'pods', '-l', labelSelector], namespace),
            'check for a pod stuck terminating',
          ),
        ],
        evidence: { pods: left },
      },
    )
  await followUntil(api, followed(wait, labelSelector), { ...wait, late }, (lists) => {
    left = podsLeft(wait, objectsOf(lists)).map(({ metadata }) => metadata.name)
    return left.length === 0
  })
}

/** What identifies the app's pods, in the order of `objectsOf`'s parameters. */
function followed({ app, namespace }: PodWait, podSelector = `app=${app}`): Followed[] {
  const labelled = { labelSelector: `app=${app}` }
  return [
    { target: { resource: DEPLOYMENTS, namespace }, selection: {} },
    { target: { resource: PODS, namespace }, selection: { labelSelector: podSelector } },
    { target: { resource: REPLICA_SETS, namespace }, selection: labelled, mayBeForbidden: true },
  ]
}

function objectsOf([deployments = [], pods = [], replicaSets = []]: ClusterObject[][]): AppObjects {
  return { deployments, pods, replicaSets }
}

function deploymentOf(own: OwnDeployment[], state: VersionPods | undefined): Deployment | undefined {
  return own.find(({ deployment }) => deployment.metadata.name === state?.deployment)?.deployment
}

async function notReady(
  api: KubeApi,
  { app, namespace, versions, signal }: PodWait,
  own: OwnDeployment[],
  within: string,
): Promise<ExternalError> {
  const states = versionPodsOf(own)
  const pods = own.flatMap((entry) => entry.pods)
  const unready = new Map<string, Deployment>()
  const waiting = states.filter((state) => {
    const { version, ready, wanted } = state
    const object = deploymentOf(own, state)
    if (!versions.includes(version) || !object || (isRolledOut(object) && ready >= wanted)) return false
    unready.set(version, object)
    return true
  })
  const reasons = waiting.map((state) => reasonLine(state, unready.get(state.version), pods))
  const selector = `app=${app},version=${waiting[0]?.version ?? versions[0]}`
  const seen = await gatherEvidence(api, { namespace, deployments: unready, pods, signal })
  return new ExternalError(`The pods of ${app} did not become ready ${within}: ${reasons.join(', ')}.`, {
    details: evidenceLines(seen),
    nextSteps: [
      kubectlCommand(['describe', 'pods', '-l', selector], namespace),
      kubectlCommand(['logs', '-l', selector, '--all-containers', '--tail=20'], namespace),
      'fix the cause and repeat the command, or use a longer --timeout',
    ],
    evidence: { pods: waiting, unready: seen },
  })
}

/** `v2 has 0 of 1 pods ready (ImagePullBackOff: …)`. */
function reasonLine(
  { version, ready, wanted, problems }: VersionPods,
  deployment: Deployment | undefined,
  pods: Pod[],
): string {
  const fresh = deployment ? updatedReady(deployment, ready) : ready
  const why = [...problems, ...unreadyPods(version, pods)].join('; ')
  return [
    `${version} has ${fresh} of ${wanted} ${ready > fresh ? 'new ' : ''}pods ready`,
    ready > fresh
      ? `, while ${ready - fresh} old ${ready - fresh === 1 ? 'pod still serves' : 'pods still serve'}`
      : '',
    why ? ` (${why})` : '',
  ].join('')
}

function noDeployment({ app, namespace }: PodWait, version: string, states: VersionPods[]): ExternalError {
  const there = states.map((state) => state.version).join(', ') || 'none'
  return new ExternalError(
    `${app} has no Deployment for version ${version} in namespace ${namespace} (found: ${there}).`,
    {
      nextSteps: [
        commented(kubectlCommand(['get', 'deployments'], namespace), 'check whether it was deleted by hand'),
      ],
    },
  )
}

function noReplicas({ app, namespace }: PodWait, version: string, deployment: string): ExternalError {
  return new ExternalError(
    `Deployment ${deployment} of ${app} has 0 replicas: ${version} could not answer.`,
    {
      nextSteps: [kubectlCommand(['scale', 'deployment', deployment, '--replicas=1'], namespace)],
    },
  )
}

function duration(ms: number): string {
  return ms % 60_000 === 0 && ms > 0 ? `${ms / 60_000} min` : `${ms / 1000} s`
}
