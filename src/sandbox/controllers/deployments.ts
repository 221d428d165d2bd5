import { createHash } from 'node:crypto'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { StoreEvent } from '../api-server/store.js'
import { type Condition, hasArrived, progress, stamped, withoutZeros } from './deployment-conditions.js'
import { recordEvent } from './events.js'
import { controlledBy, controllerOf, isReady, referenceTo } from './owned.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

const REVISION = 'deployment.kubernetes.io/revision'
const DEFAULT_DEADLINE_S = 600
const DEFAULT_HISTORY_LIMIT = 10

/** Deployment → ReplicaSets: rolling updates and recreation, status and conditions as Kubernetes words them. */
export class DeploymentController extends Reconciler {
  private readonly deadlines = new Map<string, () => void>()

  protected keysOf({ resource, object }: StoreEvent): string[] {
    if (resource === RESOURCES.deployments) return [keyOf(object.metadata.namespace, object.metadata.name)]
    const { namespace } = object.metadata
    const owner = controllerOf(object)
    if (resource === RESOURCES.pods && owner) {
      const set = this.store.get(RESOURCES.replicasets, namespace, owner.name)
      const deployment = set && controllerOf(set)
      return deployment ? [keyOf(namespace, deployment.name)] : []
    }
    if (resource !== RESOURCES.replicasets) return []
    return owner?.kind === 'Deployment' ? [keyOf(namespace, owner.name)] : []
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const deployment = this.store.get(RESOURCES.deployments, namespace, name)
    if (!deployment || deployment.metadata.deletionTimestamp) return
    const sets = controlledBy(this.store, RESOURCES.replicasets, deployment)
    const hash = templateHash(deployment)
    const current = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
    if (!current) {
      this.createSet(deployment, sets, hash)
      return // its ADDED event comes back here
    }
    const old = sets.filter((set) => set !== current)
    this.scale(deployment, current, old)
    this.updateRevision(deployment, current, sets)
    this.updateStatus(key, current.metadata.name, sets)
    this.forgetOldest(deployment, old)
  }

  /** Empty ReplicaSets stay for `kubectl rollout undo`, up to revisionHistoryLimit. */
  private forgetOldest({ spec }: KubeObject, old: KubeObject[]): void {
    const empty = old.filter((set) => set.spec.replicas === 0 && set.status?.replicas === 0)
    const surplus = empty.length - (spec.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT)
    for (const { metadata } of empty
      .sort((a, b) => revisionOf(a) - revisionOf(b))
      .slice(0, Math.max(0, surplus)))
      this.store.delete(RESOURCES.replicasets, metadata.namespace, metadata.name)
  }

  private createSet(deployment: KubeObject, sets: KubeObject[], hash: string): void {
    const { metadata, spec } = deployment
    const labels = { ...spec.template.metadata?.labels, 'pod-template-hash': hash }
    const revision = String(Math.max(0, ...sets.map(revisionOf)) + 1)
    const replicas: number = sets.length === 0 ? (spec.replicas ?? 1) : 0
    const set = this.store.create(RESOURCES.replicasets, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace,
        labels,
        // `kubectl rollout undo` copies the ReplicaSet's annotations back: without Helm's, it would orphan the release.
        annotations: { ...metadata.annotations, [REVISION]: revision },
        ownerReferences: [referenceTo(deployment)],
      },
      spec: {
        replicas,
        selector: { matchLabels: { ...spec.selector.matchLabels, 'pod-template-hash': hash } },
        template: {
          ...spec.template,
          metadata: { ...spec.template.metadata, labels },
        },
      },
      status: { replicas: 0 },
    })
    if (replicas > 0) this.tellScaling(deployment, set, 0, replicas)
  }

  /** One step towards the new ReplicaSet: up within maxSurge, old ones down as far as maxUnavailable allows. */
  private scale(deployment: KubeObject, current: KubeObject, old: KubeObject[]): void {
    const { desired, surge, unavailable } = bounds(deployment)
    const wantedOld = old.reduce((sum, set) => sum + set.spec.replicas, 0)
    if (deployment.spec.strategy?.type === 'Recreate') {
      for (const set of old) this.setReplicas(deployment, set, 0)
      // Terminating pods count, too: the new ones wait until they are gone.
      const podsLeft = old.flatMap((set) => controlledBy(this.store, RESOURCES.pods, set)).length
      if (podsLeft === 0) this.setReplicas(deployment, current, desired)
      return
    }
    const room = Math.max(0, desired + surge - wantedOld)
    this.setReplicas(
      deployment,
      current,
      wantedOld === 0 ? desired : Math.min(desired, Math.max(current.spec.replicas, room)),
    )
    let spare = [current, ...old].reduce((sum, set) => sum + this.readyPods(set), 0) - (desired - unavailable)
    for (const set of old) {
      const ready = this.readyPods(set)
      const readyToGo = Math.max(0, Math.min(spare, ready))
      spare -= readyToGo
      this.setReplicas(deployment, set, ready - readyToGo)
    }
  }

  /** Ready pods of a set that will stay, without those it is about to delete. */
  private readyPods(set: KubeObject): number {
    return Math.min(set.spec.replicas, controlledBy(this.store, RESOURCES.pods, set).filter(isReady).length)
  }

  private setReplicas(deployment: KubeObject, set: KubeObject, replicas: number): void {
    if (set.spec.replicas === replicas) return
    this.store.update(RESOURCES.replicasets, { ...set, spec: { ...set.spec, replicas } })
    this.tellScaling(deployment, set, set.spec.replicas, replicas)
  }

  private tellScaling(deployment: KubeObject, { metadata }: KubeObject, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`
    recordEvent(this.store, deployment, {
      reason: 'ScalingReplicaSet',
      message,
      component: 'deployment-controller',
    })
  }

  /** The revision of the current template; a template that returns gets a new number. */
  private updateRevision(deployment: KubeObject, current: KubeObject, sets: KubeObject[]): void {
    const newest = Math.max(...sets.map(revisionOf))
    const revision = revisionOf(current) === newest ? newest : newest + 1
    this.annotate(RESOURCES.replicasets, current, String(revision))
    this.annotate(RESOURCES.deployments, deployment, String(revision))
  }

  private annotate(resource: typeof RESOURCES.replicasets, { metadata }: KubeObject, revision: string): void {
    const object = this.store.get(resource, metadata.namespace, metadata.name)
    if (!object || object.metadata.annotations?.[REVISION] === revision) return
    const changed = structuredClone(object)
    changed.metadata.annotations = { ...changed.metadata.annotations, [REVISION]: revision }
    this.store.update(resource, changed)
  }

  private updateStatus(key: string, currentName: string, sets: KubeObject[]): void {
    const [namespace, name] = splitKey(key)
    const deployment = this.store.get(RESOURCES.deployments, namespace, name)
    const current = this.store.get(RESOURCES.replicasets, namespace, currentName)
    if (!deployment || !current) return
    const { desired, unavailable } = bounds(deployment)
    const sum = (field: string) => sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0)
    const replicas = sum('replicas')
    const ready = sum('readyReplicas')
    const updated: number = current.status?.replicas ?? 0
    const complete = updated === desired && replicas === desired && ready === desired
    const available = ready >= desired - unavailable
    // Once a ReplicaSet is complete, pods that are temporarily not ready do not start a rollout again.
    const arrived = complete || (updated === replicas && hasArrived(deployment, currentName))
    const timedOut = !arrived && this.overdue(key, deployment)
    const conditions = [
      {
        type: 'Available',
        status: available,
        reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: `Deployment ${available ? 'has' : 'does not have'} minimum availability.`,
      },
      { type: 'Progressing', status: !timedOut, ...progress(currentName, { arrived, timedOut, updated }) },
    ].map((condition) => stamped(condition, deployment.status?.conditions))
    this.store.update(RESOURCES.deployments, {
      ...structuredClone(deployment),
      status: withoutZeros({
        observedGeneration: deployment.metadata.generation,
        replicas,
        updatedReplicas: updated,
        readyReplicas: ready,
        availableReplicas: ready,
        unavailableReplicas: Math.max(0, desired - ready),
        conditions,
      }),
    })
    if (arrived) this.calloff(key)
  }

  /** Whether progressDeadlineSeconds have passed since this generation was first seen incomplete. */
  private overdue(key: string, deployment: KubeObject): boolean {
    const id = `${key}@${deployment.metadata.generation}`
    const reached = deployment.status?.conditions?.some(
      (condition: Condition) => condition.reason === 'ProgressDeadlineExceeded',
    )
    if (reached && deployment.status.observedGeneration === deployment.metadata.generation) return true
    if (this.deadlines.has(id)) return this.deadlines.get(id) === EXPIRED
    this.calloff(key)
    const seconds = deployment.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_S
    const cancel = this.later(seconds * 1000, () => {
      this.deadlines.set(id, EXPIRED)
      this.enqueue(key)
    })
    this.deadlines.set(id, cancel)
    return false
  }

  private calloff(key: string): void {
    for (const [id, cancel] of this.deadlines) {
      if (!id.startsWith(`${key}@`)) continue
      cancel()
      this.deadlines.delete(id)
    }
  }
}

const EXPIRED = () => {}

function bounds({ spec }: KubeObject): { desired: number; surge: number; unavailable: number } {
  const desired: number = spec.replicas ?? 1
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {}
  const surge = amount(maxSurge, desired, Math.ceil)
  const unavailable = amount(maxUnavailable, desired, Math.floor)
  return { desired, surge: surge === 0 && unavailable === 0 ? 1 : surge, unavailable }
}

function amount(value: number | string, of: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number.parseInt(value, 10) * of) / 100) : Number(value)
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0)
}

function templateHash(deployment: KubeObject): string {
  const digest = createHash('sha256').update(JSON.stringify(deployment.spec.template)).digest()
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  return Array.from(digest.subarray(0, 10), (byte) => letters[byte % letters.length]).join('')
}
