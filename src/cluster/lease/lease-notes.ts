import type { LockHolder, Approval, RunWait, RunStart } from '../../model/results/runs.js'
import { ExternalError } from '../../model/errors.js'
import { ApiError, unlessForbidden } from '../kube/api-errors.js'
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

/** Tries against other writers of the same Lease; more means another problem. */
const MOST_TRIES = 10
/** Four times the duration of a Lease: clocks differ. */
const LONGEST_SILENCE_MS = 4 * LEASE_SECONDS * 1000

/** The part of the API that notes and locks need. */
export type LeaseApi = Pick<KubeApi, 'find' | 'create' | 'replace' | 'remove'>

/** Proofs kept in the app's Lease; empty without a Lease, or if it may not be read. */
export async function recordedProofs(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RecordedProof[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? proofsOf(lease) : []
}

/** Rollbacks kept in the app's Lease; empty without a Lease, or if it may not be read. */
export async function recordedRollbacks(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RecordedRollback[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? rollbacksOf(lease) : []
}

/** Records who ran a rollback in the app's Lease, whoever holds it. Throws ApiError if it may not be written. */
export function keepRollback(
  api: LeaseApi,
  app: string,
  namespace: string,
  rollback: RecordedRollback,
): Promise<void> {
  return note(api, app, namespace, (lease) => withRollback(lease, rollback))
}

/** The app's holder by its Lease; undefined without a Lease, or if it may not be read. */
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

/** Notes about runs in the app's Lease; empty without a Lease, or if it may not be read. */
export async function runNotes(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<RunNotes> {
  const lease = await readLease(api, app, namespace)
  return lease ? runNotesOf(lease) : {}
}

/** Notes about runs in all Leases, or in those of one namespace. Throws ApiError if they may not be listed. */
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

/** Records what a run waits for in the app's Lease. Throws ApiError if it may not be written. */
export function noteWait(api: LeaseApi, app: string, namespace: string, wait: RunWait): Promise<void> {
  return note(api, app, namespace, (lease) => withWait(lease, wait))
}

/** Removes what a run waits for; writes nothing if there is no wait. Throws like `noteWait`. */
export async function clearWait(api: LeaseApi, app: string, namespace: string, run: string): Promise<void> {
  const lease = await readLease(api, app, namespace)
  if (lease && waitOf(lease)?.run === run) await note(api, app, namespace, (one) => withoutWait(one, run))
}

/** Records who started a run in the app's Lease. Throws ApiError if it may not be written. */
export function noteStart(api: LeaseApi, app: string, namespace: string, start: RunStart): Promise<void> {
  return note(api, app, namespace, (lease) => withStart(lease, start))
}

function isSilent({ spec }: Lease): boolean {
  return Date.now() - Date.parse(spec?.renewTime ?? '') > LONGEST_SILENCE_MS
}

/** The app's Lease; undefined if there is none, or it may not be read. */
async function readLease(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<Lease | undefined> {
  return unlessForbidden(api.find<Lease>({ resource: LEASES, namespace, name: leaseName(app) }))
}

/** Approvals kept in the app's Lease; empty without a Lease, or if it may not be read. */
export async function approvals(
  api: Pick<KubeApi, 'find'>,
  app: string,
  namespace: string,
): Promise<Approval[]> {
  const lease = await readLease(api, app, namespace)
  return lease ? approvalsOf(lease) : []
}

/** Records an approval in the app's Lease. Throws ExternalError if it may not be written. */
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
      `Cannot store the approval: you may not write Leases in namespace ${namespace}.`,
      {
        nextSteps: ['docs/rbac.yaml has the permissions', 'approve with --approve, valid for one run'],
        cause: error,
      },
    )
  }
}

/** Records proofs in the app's Lease, whoever holds it. Throws ApiError if it may not be written. */
export function keepProofs(
  api: LeaseApi,
  app: string,
  namespace: string,
  proofs: RecordedProof[],
): Promise<void> {
  return note(api, app, namespace, (lease) => withProofs(lease, proofs.reduce(withProof, proofsOf(lease))))
}

/** One write by compare-and-swap, to a new Lease if there is none; its holder stays the same. */
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
