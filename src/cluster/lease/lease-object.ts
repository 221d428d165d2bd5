import type { LockHolder, Approval, RunWait, RunStart } from '../../model/results/runs.js'
import type { Verdict } from '../../model/verify/expectation.js'
import type { ClusterObject } from '../ports/objects.js'
import type { RecordedProof, RecordedRollback } from '../ports/proofs.js'
import type { ProcessIdentity } from './lock-holder.js'

/** The fields of a Lease that are read. */
export interface Lease extends ClusterObject {
  metadata: ClusterObject['metadata'] & { annotations?: Record<string, string> }
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number | null
    acquireTime?: string | null
    renewTime?: string | null
    leaseTransitions?: number | null
  }
}

/** How long a Lease without renewal stays its holder's. */
export const LEASE_SECONDS = 15

/** A holder; `token` distinguishes one hold from every other. */
export interface Holder extends LockHolder, ProcessIdentity {
  token: string
  /** An `abort`, which nobody can stop. */
  isAbort: boolean
}

/** Who asked the holder to stop. */
export interface Claim {
  who: string
  command: string
  token: string
}

const HOLDER = 'canary-rollout/holder'
const CLAIM = 'canary-rollout/claimed-by'
const PROOFS = 'canary-rollout/proofs'
const APPROVALS = 'canary-rollout/approvals'
const WAITING = 'canary-rollout/waiting'
const BROKEN = 'canary-rollout/broken'
const STARTED = 'canary-rollout/started-by'
const ROLLBACKS = 'canary-rollout/rollbacks'
/** As many as Helm keeps revisions. */
const MOST_PROOFS = 30
const MOST_ROLLBACKS = 20
const MOST_APPROVALS = 20
const WAITS: string[] = ['approval', 'pause', 'window'] satisfies RunWait['kind'][]
const VERDICTS: string[] = ['pass', 'fail', 'inconclusive'] satisfies Verdict[]

export function leaseName(app: string): string {
  return `canary-${app}`
}

/** The holder; undefined if the Lease is free. One taken by other tools is known by its identity only. */
export function holderOf(lease: Lease): Holder | undefined {
  const identity = lease.spec?.holderIdentity
  if (!identity) return undefined
  const noted = read(lease, HOLDER)
  const unknown = { who: identity, pid: 0, command: 'unknown', since: lease.spec?.acquireTime ?? 'unknown' }
  const holder = { ...unknown, host: '', scope: '', started: '', token: identity, isAbort: false }
  return isLike(noted, holder) && noted.token === identity && noted.pid > 0 ? noted : holder
}

/** Who asked the holder to stop; undefined if nobody did. */
export function claimOf(lease: Lease): Claim | undefined {
  const claim = read(lease, CLAIM)
  return isLike(claim, { who: '', command: '', token: '' }) ? claim : undefined
}

/** The proofs kept in a Lease, oldest first. */
export function proofsOf(lease: Lease): RecordedProof[] {
  const proofs = read(lease, PROOFS)
  if (!Array.isArray(proofs)) return []
  return proofs.filter(
    (proof): proof is RecordedProof =>
      isLike(proof, { revision: 0, verdict: '', at: '', who: '' }) && VERDICTS.includes(proof.verdict),
  )
}

/** The rollbacks kept in a Lease, oldest first. */
export function rollbacksOf(lease: Lease): RecordedRollback[] {
  const rollbacks = read(lease, ROLLBACKS)
  if (!Array.isArray(rollbacks)) return []
  const form: RecordedRollback = { revision: 0, command: '', who: '', at: '' }
  return rollbacks.filter((rollback): rollback is RecordedRollback => isLike(rollback, form))
}

/** The Lease with one more rollback; the newest are kept, one per revision. */
export function withRollback(lease: Lease, rollback: RecordedRollback): Lease {
  const others = rollbacksOf(lease).filter(({ revision }) => revision !== rollback.revision)
  return noted(lease, { [ROLLBACKS]: JSON.stringify([...others, rollback].slice(-MOST_ROLLBACKS)) })
}

/** The approvals kept in a Lease, oldest first. */
export function approvalsOf(lease: Lease): Approval[] {
  const approvals = read(lease, APPROVALS)
  if (!Array.isArray(approvals)) return []
  const form: Approval = { run: '', step: '', revision: 0, who: '', why: '', at: '' }
  return approvals.filter((approval): approval is Approval => isLike(approval, form))
}

/** The Lease with one more approval; the newest of each step is kept. */
export function withApproval(lease: Lease, approval: Approval): Lease {
  const others = approvalsOf(lease).filter(({ run, step }) => run !== approval.run || step !== approval.step)
  return noted(lease, { [APPROVALS]: JSON.stringify([...others, approval].slice(-MOST_APPROVALS)) })
}

/** What a run waits for; undefined if none does. */
export function waitOf(lease: Lease): RunWait | undefined {
  const wait = read(lease, WAITING)
  const texts = { run: '', name: '', command: '', step: '', title: '', message: '', since: '' }
  const form: RunWait = { ...texts, kind: 'pause', revision: 0 }
  return isLike(wait, form) && WAITS.includes(wait.kind) ? wait : undefined
}

/** The Lease with a run's wait; an unchanged wait keeps the time it began. */
export function withWait(lease: Lease, wait: RunWait): Lease {
  const { run, step, revision, since } = waitOf(lease) ?? {}
  const isSame = run === wait.run && step === wait.step && revision === wait.revision
  return noted(lease, { [WAITING]: JSON.stringify(isSame ? { ...wait, since } : wait) })
}

/** The Lease without the wait of this run. */
export function withoutWait(lease: Lease, run: string): Lease {
  return waitOf(lease)?.run === run ? noted(lease, { [WAITING]: undefined }) : lease
}

/** Who started a run; undefined if it is not recorded. */
export function startOf(lease: Lease): RunStart | undefined {
  const start = read(lease, STARTED)
  return isLike(start, { run: '', who: '', at: '' }) ? start : undefined
}

export function withStart(lease: Lease, start: RunStart): Lease {
  return noted(lease, { [STARTED]: JSON.stringify(start) })
}

/** The Lease with a note, kept after its release, that it was taken from a live holder. */
export function withBreak(lease: Lease, from: LockHolder, by: LockHolder): Lease {
  const who = ({ who, command, since }: LockHolder) => ({ who, command, since })
  return noted(lease, { [BROKEN]: JSON.stringify({ from: who(from), by: who(by) }) })
}

/** Changes when the Lease is taken, renewed or released, but not when somebody claims it. */
export function signOfLife(lease: Lease): string {
  const { holderIdentity, renewTime } = lease.spec ?? {}
  return `${holderIdentity ?? ''} ${renewTime ?? ''}`
}

/** The newest proofs, one per revision; a release that is installed again restarts at revision 1. */
export function withProof(proofs: RecordedProof[], proof: RecordedProof): RecordedProof[] {
  return [...proofs.filter(({ revision }) => revision !== proof.revision), proof].slice(-MOST_PROOFS)
}

/** The app's first Lease, without a holder. */
export function newLease(app: string, namespace: string): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseName(app),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'canary', app },
    },
    spec: {},
  }
}

/** The Lease, held by this holder from now on. */
export function held(lease: Lease, holder: Holder): Lease {
  const now = microTime()
  return {
    ...lease,
    metadata: {
      ...lease.metadata,
      annotations: annotated(lease, { [HOLDER]: JSON.stringify(holder), [CLAIM]: undefined }),
    },
    spec: {
      ...lease.spec,
      holderIdentity: holder.token,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: (lease.spec?.leaseTransitions ?? -1) + 1,
    },
  }
}

export function withProofs(lease: Lease, proofs: RecordedProof[]): Lease {
  return noted(lease, proofs.length > 0 ? { [PROOFS]: JSON.stringify(proofs) } : {})
}

/** The Lease with a new sign of life of its holder. */
export function renewed(lease: Lease): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: microTime() } }
}

/** The released Lease. Who claimed it stays noted, as they come next. */
export function freed(lease: Lease): Lease {
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: annotated(lease, { [HOLDER]: undefined }) },
    spec: { ...lease.spec, holderIdentity: '', renewTime: microTime() },
  }
}

/** The Lease with a claim that asks its holder to stop. */
export function claimed(lease: Lease, claim: Claim): Lease {
  return noted(lease, { [CLAIM]: JSON.stringify(claim) })
}

function noted(lease: Lease, changes: Record<string, string | undefined>): Lease {
  return { ...lease, metadata: { ...lease.metadata, annotations: annotated(lease, changes) } }
}

function annotated(lease: Lease, changes: Record<string, string | undefined>): Record<string, string> {
  const all = { ...lease.metadata.annotations, ...changes }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function read(lease: Lease, name: string): unknown {
  try {
    return JSON.parse(lease.metadata.annotations?.[name] ?? 'null')
  } catch {
    return undefined // edited by hand: counts as missing
  }
}

/** Whether a value has all fields of another, with the same types. */
function isLike<T extends object>(value: unknown, pattern: T): value is T {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(pattern).every(
    ([field, like]) => typeof (value as Record<string, unknown>)[field] === typeof like,
  )
}

/** Kubernetes' MicroTime. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z')
}
