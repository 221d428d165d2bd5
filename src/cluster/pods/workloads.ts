import { kubectlCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import { describeOwner, isOwnedBy, ownerOf, type ReleaseName } from '../../model/results/ownership.js'
import { ApiError, unlessForbidden } from '../kube/api-errors.js'
import { type AppObjects, appPodsOf } from './app-pods.js'
import type { AppWorkloads } from '../ports/workloads.js'
import type { ClusterObject } from '../ports/objects.js'
import type { KubeApi } from '../kube/kube-api.js'
import { DEPLOYMENTS, PODS, REPLICA_SETS, type Deployment, type Pod } from '../kube/kube-types.js'
import { versionPodsOf } from './pods.js'

/** How often a Deployment is read again if it changes between check and removal. */
const MOST_READS = 5

/** All workloads whose pods carry the app's labels, separated by owner. */
export async function listWorkloads(api: KubeApi, release: ReleaseName): Promise<AppWorkloads> {
  const { own, others } = appPodsOf(release, await listAppObjects(api, release))
  return { own: versionPodsOf(own), others }
}

/** Three lists at once. Without permission to read ReplicaSets, pods are assigned by their names. */
export async function listAppObjects(api: KubeApi, { app, namespace }: ReleaseName): Promise<AppObjects> {
  const labelled = { labelSelector: `app=${app}` }
  const [deployments, pods, replicaSets] = await Promise.all([
    api.list<Deployment>({ resource: DEPLOYMENTS, namespace }),
    api.list<Pod>({ resource: PODS, namespace }, labelled),
    unlessForbidden(api.list<ClusterObject>({ resource: REPLICA_SETS, namespace }, labelled)),
  ])
  return { deployments: deployments.items, pods: pods.items, replicaSets: replicaSets?.items ?? [] }
}

/**
 * Deletes a Deployment with its pods, exactly as read when Helm's marks were checked. Throws ConflictError, and deletes
 * nothing, if they do not assign it to this release; fine if it is already gone.
 */
export async function removeDeployment(api: KubeApi, name: string, release: ReleaseName): Promise<void> {
  const target = { resource: DEPLOYMENTS, namespace: release.namespace, name }
  for (let reads = 1; ; reads += 1) {
    const found = await api.find<Deployment>(target)
    if (!found) return
    const owner = ownerOf(found.metadata)
    if (!isOwnedBy(owner, release)) {
      throw new ConflictError(
        `Deployment ${name} no longer belongs to Helm release ${release.namespace}/${release.app}: its owner is ${describeOwner(owner)}.`,
        {
          state: 'It was not removed.',
          nextSteps: [kubectlCommand(['get', 'deployment', name, '-o', 'yaml'], release.namespace)],
        },
      )
    }
    try {
      return await api.remove(target, found.metadata)
    } catch (error) {
      const changed = error instanceof ApiError && error.status === 409
      if (!changed || reads === MOST_READS) throw error
    }
  }
}
