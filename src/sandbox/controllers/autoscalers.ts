import { trackUpdate } from '../api-server/apply/field-manager.js'
import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import { schemaOf } from '../api-server/schema/lookup.js'
import { now, type StoreEvent } from '../api-server/store.js'
import { recordEvent } from './events.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

const { deployments, horizontalpodautoscalers } = RESOURCES
const WRITER = {
  manager: 'horizontal-pod-autoscaler',
  operation: 'Update',
  apiVersion: 'apps/v1',
  subresource: 'scale',
} as const

/** HorizontalPodAutoscaler → replicas of a Deployment, kept within minimum and maximum; there are no metrics. */
export class AutoscalerController extends Reconciler {
  protected keysOf({ resource, object }: StoreEvent): string[] {
    const { namespace, name } = object.metadata
    if (resource === horizontalpodautoscalers) return [keyOf(namespace, name)]
    if (resource !== deployments) return []
    return this.store
      .list(horizontalpodautoscalers, namespace)
      .filter((autoscaler) => isFor(autoscaler, object))
      .map(({ metadata }) => keyOf(metadata.namespace, metadata.name))
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const autoscaler = this.store.get(horizontalpodautoscalers, namespace, name)
    const target = this.store.list(deployments, namespace).find((one) => autoscaler && isFor(autoscaler, one))
    if (!autoscaler || !target || target.metadata.deletionTimestamp) return
    const { minReplicas = 1, maxReplicas } = autoscaler.spec
    const current: number = target.spec.replicas
    const rivals = this.store.list(horizontalpodautoscalers, namespace).filter((one) => isFor(one, target))
    // A Deployment at 0 is switched off, and one with two autoscalers is ambiguous: both are left alone.
    const isLeftAlone = current === 0 || rivals.length > 1
    const desired = isLeftAlone ? current : Math.min(Math.max(current, minReplicas), maxReplicas)
    if (desired !== current) this.scale(autoscaler, target, desired)
    this.writeStatus(autoscaler, target, desired)
  }

  private scale(autoscaler: KubeObject, target: KubeObject, desired: number): void {
    const next = structuredClone(target)
    next.spec.replicas = desired
    if (target.metadata.managedFields) {
      const tracking = { schema: schemaOf(deployments), manager: WRITER, ignoredRoots: ['status'] }
      next.metadata.managedFields = trackUpdate(target, next, tracking)
    }
    this.store.update(deployments, next)
    const bound = desired > target.spec.replicas ? 'below Spec.MinReplicas' : 'above Spec.MaxReplicas'
    recordEvent(this.store, autoscaler, {
      reason: 'SuccessfulRescale',
      message: `New size: ${desired}; reason: Current number of replicas ${bound}`,
      component: 'horizontal-pod-autoscaler',
    })
  }

  private writeStatus(autoscaler: KubeObject, { status }: KubeObject, desired: number): void {
    const before: { lastTransitionTime: string }[] = autoscaler.status?.conditions ?? []
    const condition = {
      type: 'AbleToScale',
      status: 'True',
      lastTransitionTime: before[0]?.lastTransitionTime ?? now(),
      reason: 'ReadyForNewScale',
      message: 'recommended size matches current size',
    }
    this.store.update(horizontalpodautoscalers, {
      ...autoscaler,
      status: {
        currentReplicas: (status?.replicas as number | undefined) ?? 0,
        desiredReplicas: desired,
        conditions: [condition],
      },
    })
  }
}

function isFor({ spec, metadata }: KubeObject, deployment: KubeObject): boolean {
  const { kind, name } = spec?.scaleTargetRef ?? {}
  return (
    kind === 'Deployment' &&
    name === deployment.metadata.name &&
    metadata.namespace === deployment.metadata.namespace
  )
}
