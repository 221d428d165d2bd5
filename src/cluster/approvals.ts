import { ExternalError } from '../model/errors.js'
import { ApiError } from './api-errors.js'
import type { Approval } from './cluster.js'
import type { KubeApi } from './kube-api.js'
import { LEASES } from './kube-types.js'
import { readLease } from './lease.js'
import { approvalsOf, type Lease, leaseName, newLease, withApproval } from './lease-object.js'

/** Others that write the same Lease in between: after so many tries something else is wrong. */
const MOST_TRIES = 10

/** Approvals kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function approvals(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<Approval[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? approvalsOf(lease) : []
}

/** Keeps an approval with the app's Lease, by compare-and-swap. Throws ExternalError where it may not be written. */
export async function approve(
  api: Pick<KubeApi, 'find' | 'create' | 'replace'>,
  app: string,
  namespace: string,
  approval: Approval,
): Promise<void> {
  const target = { resource: LEASES, namespace, name: leaseName(app) }
  for (let tries = 1; ; tries += 1) {
    try {
      const lease = await api.find<Lease>(target)
      if (lease) await api.replace<Lease>(target, withApproval(lease, approval))
      else
        await api.create<Lease>(
          { resource: LEASES, namespace },
          withApproval(newLease(app, namespace), approval),
        )
      return
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 409 && tries < MOST_TRIES) continue
      if (error.status !== 403) throw error
      throw new ExternalError(
        `The approval can't be kept: you may not write Leases in namespace ${namespace}.`,
        {
          nextSteps: ['docs/rbac.yaml has the permissions', 'approve with --approve, for one run'],
          cause: error,
        },
      )
    }
  }
}
