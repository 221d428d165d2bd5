import type { Objects } from '../../cluster/ports/objects.js'
import type {
  Autoscaled,
  Autoscaler,
  Controller,
  Difference,
  LiveObject,
  ObjectName,
} from '../../model/results/drift.js'
import { malformed } from '../../model/object-form.js'
import type { Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import { controllerObject, controllerOf, isPaused } from '../../rollout/drift/controllers.js'
import { autoscaledOf, driftOf } from '../../rollout/drift/drift.js'
import { mapOf } from '../../rollout/values/json-fields.js'
import { parseManifest } from '../observe/manifest.js'

/** An app with a deployed revision, the reference for drift. */
export interface Deployed {
  app: string
  namespace: string
  deployed: Revision
}

/** Drift of an app, as far as the user may read it. */
export interface AppDrift {
  /** The objects as deployed, and as found in the cluster. */
  manifest: JsonObject[]
  live: LiveObject[]
  differences: Difference[]
  /** Autoscalers of the app's Deployments, and those that have set other replicas than were deployed. */
  autoscalers: Autoscaler[]
  autoscaled: Autoscaled[]
  /** The controller that applies the release; undefined if paused. */
  controller?: Controller
  /** Whether something other than canary created the revision. */
  byHand: boolean
  /** Whether the namespace is being deleted. */
  namespaceIsGoing: boolean
}

/** Compares the cluster with the deployed manifest: one read per object, in parallel. */
export async function readDrift(
  { cluster }: { cluster: Objects },
  { namespace, deployed }: Deployed,
): Promise<AppDrift> {
  const manifest = parseManifest(deployed.manifest)
  const names = [
    ...manifest.flatMap((object) => objectName(object, namespace)),
    { apiVersion: 'v1', kind: 'Namespace', name: namespace },
  ]
  const [live, allAutoscalers] = await Promise.all([
    cluster.liveObjects(names, namespace),
    cluster.autoscalers(namespace),
  ])
  const deployments = new Set(names.filter(({ kind }) => kind === 'Deployment').map(({ name }) => name))
  const autoscalers = allAutoscalers.filter(({ deployment }) => deployments.has(deployment))
  return {
    manifest,
    live,
    differences: driftOf(manifest, live, new Set(autoscalers.map(({ deployment }) => deployment))),
    autoscalers,
    autoscaled: autoscaledOf(manifest, live, autoscalers),
    controller: await activeController(cluster, manifest, live),
    byHand: !deployed.description.startsWith('canary '),
    namespaceIsGoing: live.some(({ kind, object }) => kind === 'Namespace' && isGoing(object)),
  }
}

async function activeController(
  cluster: Objects,
  manifest: JsonObject[],
  live: LiveObject[],
): Promise<Controller | undefined> {
  const own = live.flatMap(({ kind, object }) => (object && kind !== 'Namespace' ? [object] : []))
  const controller = controllerOf([...manifest, ...own])
  if (!controller) return undefined
  const { object, namespace } = controllerObject(controller)
  const [found] = await cluster.liveObjects([object], namespace)
  return isPaused(controller, found) ? undefined : controller
}

/** Skips objects of other namespaces and those without a valid name: no step touches them. */
function objectName(object: JsonObject, namespace: string): ObjectName[] {
  const { apiVersion, kind, metadata } = object
  const { name, namespace: its = namespace } = mapOf(metadata)
  if (malformed({ apiVersion, kind, name, namespace: its }) || its !== namespace) return []
  return kind === 'Namespace' ? [] : [{ apiVersion, kind, name } as ObjectName]
}

function isGoing(object: LiveObject['object']): boolean {
  const { deletionTimestamp } = (object?.metadata ?? {}) as { deletionTimestamp?: unknown }
  return deletionTimestamp !== undefined
}
