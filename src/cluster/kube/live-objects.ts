import { commented, helmCommand } from '../../model/command-line.js'
import type { Autoscaler, LiveObject, ObjectFields, ObjectName } from '../../model/results/drift.js'
import { ConflictError } from '../../model/errors.js'
import { malformed } from '../../model/object-form.js'
import type { JsonObject } from '../../model/values.js'
import { ApiError, unlessForbidden } from './api-errors.js'
import type { ClusterObject } from '../ports/objects.js'
import type { KubeApi } from './kube-api.js'
import { AUTOSCALERS, type Resource, type Target } from './kube-types.js'

/** Plurals of the Kubernetes kinds that our chart renders, and of those that may control its release. */
const PLURALS: Record<string, string> = {
  Service: 'services',
  Deployment: 'deployments',
  ConfigMap: 'configmaps',
  ServiceAccount: 'serviceaccounts',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  PodDisruptionBudget: 'poddisruptionbudgets',
  Namespace: 'namespaces',
  HelmRelease: 'helmreleases',
  Kustomization: 'kustomizations',
  Application: 'applications',
}
/** Helm's manager name in managedFields. */
const HELM_MANAGER = 'helm'

/** Kinds that are not Kubernetes' own. */
export type CustomKinds = Readonly<Record<string, Resource>>

/**
 * The cluster's objects of these names; without those that the user may not read, and kinds other than these and those
 * above.
 */
export async function liveObjects(
  api: KubeApi,
  names: ObjectName[],
  namespace: string,
  kinds: CustomKinds,
): Promise<LiveObject[]> {
  const found = await Promise.all(
    names.map(async (name): Promise<LiveObject[]> => {
      const target = targetOf(name, namespace, kinds)
      if (!target) return []
      const asked = api.find<ClusterObject & ObjectFields>(target).then((object) => [{ ...name, object }])
      return (await unlessForbidden(asked)) ?? []
    }),
  )
  return found.flat()
}

interface AutoscalerObject extends ClusterObject {
  spec?: {
    scaleTargetRef?: { kind?: string; name?: string }
    minReplicas?: number
    maxReplicas?: number
  }
}

/** The HorizontalPodAutoscalers of Deployments; empty if the cluster has no such kind or the user may not read it. */
export async function autoscalers(api: KubeApi, namespace: string): Promise<Autoscaler[]> {
  try {
    const { items } = await api.list<AutoscalerObject>({ resource: AUTOSCALERS, namespace })
    return items.flatMap(({ metadata, spec }) => {
      const { kind, name } = spec?.scaleTargetRef ?? {}
      if (kind !== 'Deployment' || name === undefined) return []
      const { minReplicas: min = 1, maxReplicas: max = min } = spec ?? {}
      return [{ name: metadata.name, deployment: name, min, max }]
    })
  } catch (error) {
    if (error instanceof ApiError && [403, 404].includes(error.status)) return []
    throw error
  }
}

/**
 * Applies an object of a manifest in Helm's name. Helm adds annotations to its objects that the manifest does not have:
 * if omitted here, they would be removed, and no helm would accept the object as its own any more.
 */
export async function applyAsHelm(
  api: KubeApi,
  object: JsonObject,
  { app, namespace }: { app: string; namespace: string },
  kinds: CustomKinds,
): Promise<void> {
  const { apiVersion, kind, metadata } = object as unknown as ClusterObject
  const target = targetOf({ apiVersion, kind, name: metadata.name }, namespace, kinds)
  const isElsewhere = metadata.namespace !== undefined && metadata.namespace !== namespace
  if (!target?.namespace || isElsewhere) {
    throw new ConflictError(
      `${kind} ${metadata.name} is not an object of namespace ${namespace}: not written.`,
      {
        state: 'It was not changed.',
      },
    )
  }
  const owned = {
    ...metadata,
    namespace,
    labels: { ...metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: {
      ...metadata.annotations,
      'meta.helm.sh/release-name': app,
      'meta.helm.sh/release-namespace': namespace,
    },
  }
  await api.apply(target, { ...object, metadata: owned }, HELM_MANAGER)
}

/** Undefined for unknown kinds. Throws ConflictError for a name that Kubernetes would reject. */
function targetOf(
  { apiVersion, kind, name }: ObjectName,
  namespace: string,
  kinds: CustomKinds,
): Target | undefined {
  const custom = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  const plural = custom?.plural ?? (Object.hasOwn(PLURALS, kind) ? PLURALS[kind] : undefined)
  if (plural === undefined) return undefined
  const odd = malformed({ apiVersion, kind, name, namespace })
  if (odd !== undefined) {
    throw new ConflictError(`Helm's record contains an invalid object: ${odd}.`, {
      state: 'It was neither read nor written.',
      nextSteps: [
        commented(helmCommand(['get', 'manifest', 'RELEASE'], namespace), `the objects in Helm's record`),
      ],
    })
  }
  return { resource: { ...custom, apiVersion, plural }, name, ...(kind === 'Namespace' ? {} : { namespace }) }
}
