import { ExternalError } from '../model/errors.js'
import { ApiError } from './api-errors.js'
import type { Approval, LockHolder, RecordedProof } from './cluster.js'
import type { KubeApi } from './kube-api.js'
import { LEASES } from './kube-types.js'
import {
  approvalsOf,
  holderOf,
  type Lease,
  LEASE_SECONDS,
  leaseName,
  newLease,
  proofsOf,
  withApproval,
  withProof,
  withProofs,
} from './lease-object.js'
import { hasDied } from './lock-holder.js'

/** Others that write the same Lease in between: after so many tries something else is wrong. */
const MOST_TRIES = 10
/** Four times what a Lease lasts: clocks differ. */
const LONGEST_SILENCE_MS = 4 * LEASE_SECONDS * 1000

/** What of the API notes and locks need. */
export type LeaseApi = Pick<KubeApi, 'find' | 'create' | 'replace'>

/** Proofs kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function recordedProofs(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RecordedProof[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? proofsOf(lease) : []
}

/** Who holds the app by its Lease; nobody where there is no Lease, or it may not be read. */
export async function lockHolder(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<LockHolder | undefined> {
  const lease = await readLease(api, app, namespace)
  const holder = lease && holderOf(lease)
  if (!holder) return undefined
  const { who, pid, command, since, runId } = holder
  return { who, pid, command, since, runId, isDead: hasDied(holder) || isSilent(lease) }
}

function isSilent({ spec }: Lease): boolean {
  return Date.now() - Date.parse(spec?.renewTime ?? '') > LONGEST_SILENCE_MS
}

/** The app's Lease; undefined where there is none, or it may not be read. */
async function readLease(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<Lease | undefined> {
  try {
    return await api.find<Lease>({ resource: LEASES, namespace, name: leaseName(app) })
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

/** Approvals kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function approvals(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<Approval[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? approvalsOf(lease) : []
}

/** Keeps an approval with the app's Lease. Throws ExternalError where it may not be written. */
export async function approve(
  api: LeaseApi,
  app: string,
  namespace: string,
  approval: Approval,
): Promise<void> {
  try {
    await note(api, app, namespace, (lease) => withApproval(lease, approval))
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error
    throw new ExternalError(
      `The approval can't be kept: you may not write Leases in namespace ${namespace}.`,
      {
        nextSteps: ['docs/rbac.yaml has the permissions', 'approve with --approve, for one run'],
        cause: error,
      },
    )
  }
}

/** Keeps proofs with the app's Lease, whoever holds it. Throws ApiError where it may not be written. */
export function keepProofs(
  api: LeaseApi,
  app: string,
  namespace: string,
  proofs: RecordedProof[],
): Promise<void> {
  return note(api, app, namespace, (lease) => withProofs(lease, proofs.reduce(withProof, proofsOf(lease))))
}

/** One write by compare-and-swap, to a new Lease where there is none; who holds it goes on holding it. */
async function note(
  api: LeaseApi,
  app: string,
  namespace: string,
  change: (lease: Lease) => Lease,
): Promise<void> {
  const target = { resource: LEASES, namespace, name: leaseName(app) }
  for (let tries = 1; ; tries += 1) {
    try {
      const lease = await api.find<Lease>(target)
      if (lease) await api.replace<Lease>(target, change(lease))
      else await api.create<Lease>({ resource: LEASES, namespace }, change(newLease(app, namespace)))
      return
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 409
      if (!isStale || tries >= MOST_TRIES) throw error
    }
  }
}
