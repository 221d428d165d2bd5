import type { LockHolder, Approval, RunWait, RunStart } from '../../model/results/runs.js'
import { ExternalError } from '../../model/errors.js'
import { ApiError } from '../kube/api-errors.js'
import type { RecordedProof, RecordedRollback } from '../ports/proofs.js'
import type { RunNotes } from '../ports/runs.js'
import type { KubeApi } from '../kube/kube-api.js'
import { LEASES } from '../kube/kube-types.js'
import {
  approvalsOf,
  holderOf,
  type Lease,
  LEASE_SECONDS,
  leaseName,
  newLease,
  proofsOf,
  rollbacksOf,
  startOf,
  waitOf,
  withApproval,
  withoutWait,
  withProof,
  withProofs,
  withRollback,
  withStart,
  withWait,
} from './lease-object.js'
import { hasDied } from './lock-holder.js'

/** Others that write the same Lease in between: after so many tries something else is wrong. */
const MOST_TRIES = 10
/** Four times what a Lease lasts: clocks differ. */
const LONGEST_SILENCE_MS = 4 * LEASE_SECONDS * 1000

/** What of the API notes and locks need. */
export type LeaseApi = Pick<KubeApi, 'find' | 'create' | 'replace' | 'remove'>

/** Proofs kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function recordedProofs(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RecordedProof[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? proofsOf(lease) : []
}

/** Rollbacks kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function recordedRollbacks(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RecordedRollback[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? rollbacksOf(lease) : []
}

/** Keeps who had Helm roll back with the app's Lease, whoever holds it. Throws ApiError where it may not be written. */
export function keepRollback(
  api: LeaseApi,
  app: string,
  namespace: string,
  rollback: RecordedRollback,
): Promise<void> {
  return note(api, app, namespace, (lease) => withRollback(lease, rollback))
}

/** Who holds the app by its Lease; nobody where there is no Lease, or it may not be read. */
export async function lockHolder(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<LockHolder | undefined> {
  const lease = await readLease(api, app, namespace)
  return lease && reportedHolder(lease)
}

function reportedHolder(lease: Lease): LockHolder | undefined {
  const holder = holderOf(lease)
  if (!holder) return undefined
  const { who, pid, command, since, runId } = holder
  return { who, pid, command, since, runId, isDead: hasDied(holder) || isSilent(lease) }
}

/** What the app's Lease says of runs; empty where there is none, or it may not be read. */
export async function runNotes(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RunNotes> {
  const lease = await readLease(api, app, namespace)
  return lease ? runNotesOf(lease) : {}
}

/** What the Leases of all apps say of runs, or those of one namespace. Throws ApiError where they may not be listed. */
export async function allRunNotes(
  api: Pick<KubeApi, 'list'>,
  namespace?: string,
): Promise<(RunNotes & { app: string; namespace: string })[]> {
  const selection = { labelSelector: 'app.kubernetes.io/managed-by=canary' }
  const { items } = await api.list<Lease>({ resource: LEASES, namespace }, selection)
  return items.flatMap((lease) => {
    const { labels = {}, namespace: where = namespace } = lease.metadata
    const { app } = labels
    const isOurs = app !== undefined && where !== undefined && lease.metadata.name === leaseName(app)
    return isOurs ? [{ app, namespace: where, ...runNotesOf(lease) }] : []
  })
}

function runNotesOf(lease: Lease): RunNotes {
  return { holder: reportedHolder(lease), waiting: waitOf(lease), started: startOf(lease) }
}

/** Keeps what a run waits for with the app's Lease. Throws ApiError where it may not be written. */
export function noteWait(api: LeaseApi, app: string, namespace: string, wait: RunWait): Promise<void> {
  return note(api, app, namespace, (lease) => withWait(lease, wait))
}

/** Removes what a run waits for; nothing is written where it waits for nothing. Throws as `noteWait` does. */
export async function clearWait(api: LeaseApi, app: string, namespace: string, run: string): Promise<void> {
  const lease = await readLease(api, app, namespace)
  if (lease && waitOf(lease)?.run === run) await note(api, app, namespace, (one) => withoutWait(one, run))
}

/** Keeps who started a run with the app's Lease. Throws ApiError where it may not be written. */
export function noteStart(api: LeaseApi, app: string, namespace: string, start: RunStart): Promise<void> {
  return note(api, app, namespace, (lease) => withStart(lease, start))
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
