import {
  controllerOf,
  isOwnedBy,
  type Neighbour,
  ownerOf,
  type ReleaseName,
} from '../../model/results/ownership.js'
import type { ClusterObject } from '../ports/objects.js'
import type { Deployment, Pod } from '../kube/kube-types.js'
import { isReady, isTerminating, podVersion } from './pods.js'

/** The objects of a namespace that show which Deployment owns which pods. */
export interface AppObjects {
  deployments: Deployment[]
  /** Empty if they may not be read. */
  replicaSets: ClusterObject[]
  /** Those with the label `app`. */
  pods: Pod[]
}

/** A Deployment of the app with its pods. */
export interface OwnDeployment {
  version: string
  deployment: Deployment
  /** Terminating ones included. */
  pods: Pod[]
}

/** What made a pod: the Deployment of its ReplicaSet, another controller, or itself. */
interface Maker {
  kind: string
  name: string
  uid?: string
  /** The object with its own metadata, if it was read. */
  object?: ClusterObject
}

interface MadePods {
  maker: Maker
  /** Undefined if the maker is not a Deployment, or one that no longer exists. */
  deployment?: Deployment
  pods: Pod[]
}

/**
 * Separates the app's Deployments and pods from others with the same labels. A Deployment is the app's if Helm's marks
 * assign it to the release; pods belong to their Deployment, by their ReplicaSet. One that lost its marks counts as the
 * app's if it has the name that the chart gives it, but is also listed among the others: nothing shows that it may be
 * removed.
 */
export function appPodsOf(
  release: ReleaseName,
  objects: AppObjects,
): { own: OwnDeployment[]; others: Neighbour[] } {
  const made = podsByMaker(objects)
  const podsOf = (deployment: Deployment) => made.find((entry) => entry.deployment === deployment)?.pods ?? []
  const labelled = objects.deployments.flatMap((deployment) => {
    const { app, version } = podLabels(deployment)
    if (app !== release.app || version === undefined) return []
    return [{ version, deployment, pods: podsOf(deployment), isMarked: isMarked(deployment, release) }]
  })
  const marked = new Set(labelled.filter((entry) => entry.isMarked).map(({ version }) => version))
  const own = labelled.filter(
    (entry) =>
      entry.isMarked ||
      (!marked.has(entry.version) && lostItsMarks(entry.deployment, entry.version, release)),
  )
  const neighbours = labelled
    .filter((entry) => !entry.isMarked)
    .map(({ version, deployment, pods }): Neighbour => ({
      kind: 'Deployment',
      name: deployment.metadata.name,
      version,
      ready: pods.filter(isServing).length,
      owner: ownerOf(deployment.metadata),
    }))
  return {
    own: own.map(({ version, deployment, pods }) => ({ version, deployment, pods })),
    others: [...neighbours, ...otherMakers(made, labelled)],
  }
}

/**
 * The app's own pods of these versions by their labels, as long as they exist: a pod outlives its Deployment and
 * ReplicaSet. Pods whose maker exists and is not the app's are others'.
 */
export function podsLeft(release: ReleaseName, objects: AppObjects): Pod[] {
  const { own } = appPodsOf(release, objects)
  return podsByMaker(objects).flatMap(({ maker, deployment, pods }) => {
    if (maker.kind !== 'Deployment') return []
    return !deployment || own.some((entry) => entry.deployment === deployment) ? pods : []
  })
}

/** Whether a Deployment without an owner has the name that the app's chart gives to that version's. */
function lostItsMarks({ metadata }: Deployment, version: string, { app, namespace }: ReleaseName): boolean {
  const owner = ownerOf(metadata)
  const isFree = owner.by === 'nobody' || (owner.by === 'helm' && isSameRelease(owner, { app, namespace }))
  return isFree && metadata.name.replace(/[._]/g, '-') === `${app}-${version}`.replace(/[._]/g, '-')
}

function isSameRelease(one: ReleaseName, other: ReleaseName): boolean {
  return one.app === other.app && one.namespace === other.namespace
}

function isMarked({ metadata }: Deployment, release: ReleaseName): boolean {
  return isOwnedBy(ownerOf(metadata), release)
}

/** Makers of ready pods with both labels that are not a Deployment, or a Deployment without these labels itself. */
function otherMakers(made: MadePods[], labelled: { deployment: Deployment }[]): Neighbour[] {
  return made.flatMap(({ maker, deployment, pods }) => {
    if (labelled.some((entry) => entry.deployment === deployment)) return []
    // Its pods are about to go, or it is not visible yet.
    if (maker.kind === 'Deployment' && !deployment) return []
    const { kind, name, object = deployment } = maker
    const ready = pods.filter(isServing)
    const versions = new Set(ready.flatMap((pod) => podVersion(pod) ?? []))
    return [...versions].map((version) => ({
      kind,
      name,
      version,
      ready: ready.filter((pod) => podVersion(pod) === version).length,
      owner: object ? ownerOf(object.metadata) : { by: 'controller' as const, kind, name },
    }))
  })
}

function podsByMaker({ deployments, pods, replicaSets }: AppObjects): MadePods[] {
  const sets = new Map(replicaSets.map((set) => [set.metadata.name, set]))
  const made = new Map<string, MadePods>()
  for (const pod of pods) {
    const maker = makerOf(pod, sets)
    const isMaker = (entry: Deployment) => maker.kind === 'Deployment' && isObject(maker, entry)
    const deployment = deployments.find(isMaker)
    const key = `${maker.kind}/${maker.name}/${deployment ? '' : (maker.uid ?? '')}`
    const entry = made.get(key) ?? { maker, deployment, pods: [] }
    entry.pods.push(pod)
    made.set(key, entry)
  }
  return [...made.values()]
}

function makerOf(pod: Pod, sets: Map<string, ClusterObject>): Maker {
  const controller = controllerOf(pod.metadata)
  if (!controller) return { kind: 'Pod', name: pod.metadata.name, object: pod }
  if (controller.kind !== 'ReplicaSet') return controller
  const set = sets.get(controller.name)
  if (set && isObject(controller, set)) {
    return controllerOf(set.metadata) ?? { kind: 'ReplicaSet', name: controller.name, object: set }
  }
  // Gone, not there yet, or unreadable: a Deployment's ReplicaSet has its name and the pods' hash.
  const hash = `-${pod.metadata.labels?.['pod-template-hash'] ?? ''}`
  return hash.length > 1 && controller.name.endsWith(hash)
    ? { kind: 'Deployment', name: controller.name.slice(0, -hash.length) }
    : controller
}

/** Whether a reference means this object, and not a later one of the same name. */
function isObject({ name, uid }: Maker, { metadata }: ClusterObject): boolean {
  return name === metadata.name && (uid === undefined || metadata.uid === undefined || uid === metadata.uid)
}

/** Whether it may get requests. */
function isServing(pod: Pod): boolean {
  return isReady(pod) && !isTerminating(pod)
}

function podLabels({ spec }: Deployment): Record<string, string> {
  return spec?.template?.metadata?.labels ?? {}
}
