import type { Scaling } from '../../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../../model/values.js'
import { nameOf, versionOf } from '../../drift/drift.js'
import { isObject } from '../../values/merge.js'

/** How a manifest sets the number of a version's pods; undefined without a Deployment of it. */
export function scalingOf(objects: JsonObject[], version: string): Scaling | undefined {
  const deployment = objects.find((object) => versionOf(object) === version)
  if (!deployment) return undefined
  const { replicas } = specOf(deployment)
  if (typeof replicas === 'number') return { replicas }
  for (const object of objects) {
    const { scaleTargetRef, minReplicas, maxReplicas } = specOf(object)
    const isItsOwn =
      object.kind === 'HorizontalPodAutoscaler' &&
      isObject(scaleTargetRef) &&
      scaleTargetRef.kind === 'Deployment' &&
      scaleTargetRef.name === nameOf(deployment)
    if (!isItsOwn || typeof maxReplicas !== 'number') continue
    const least = typeof minReplicas === 'number' ? minReplicas : 1
    return { autoscaler: nameOf(object) ?? '', least, most: maxReplicas }
  }
  return { replicas: 1 }
}

/** The most pods that this scaling allows. */
export function mostOf(scaling: Scaling): number {
  return 'replicas' in scaling ? scaling.replicas : scaling.most
}

/** The values of all versions with this many pods: as their number, or as their autoscaler's maximum. */
export function withPods(values: JsonObject, scaling: Scaling, count: number): JsonObject {
  const app = isObject(values.app) ? values.app : {}
  if ('replicas' in scaling) return { ...values, app: { ...app, replicas: count } }
  const autoscaling = isObject(app.autoscaling) ? app.autoscaling : {}
  return { ...values, app: { ...app, autoscaling: { ...autoscaling, maxReplicas: count } } }
}

/** Names of the Deployments whose number of pods the first manifest sets and the second does not. */
export function leftAlone(before: JsonObject[], after: JsonObject[]): string[] {
  const setsReplicas = (object: JsonObject) => specOf(object).replicas !== undefined
  const deployments = (objects: JsonObject[]) => objects.filter(({ kind }) => kind === 'Deployment')
  const set = new Set(deployments(before).filter(setsReplicas).map(nameOf))
  return deployments(after).flatMap((object) => {
    const name = nameOf(object)
    return name !== undefined && !setsReplicas(object) && set.has(name) ? [name] : []
  })
}

function specOf({ spec }: JsonObject): JsonObject {
  return isObject(spec) ? spec : {}
}
