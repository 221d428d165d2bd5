import type { ClusterObject, LockHolder, RecordedProof } from './cluster.js'
import type { ProcessIdentity } from './lock-holder.js'

/** The fields of a Lease that are looked at. */
export interface Lease extends ClusterObject {
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number | null
    acquireTime?: string | null
    renewTime?: string | null
    leaseTransitions?: number | null
  }
}

/** All that is known of a holder; `token` tells one hold from every other. */
export interface Holder extends LockHolder, ProcessIdentity {
  token: string
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
const MOST_PROOFS = 20

/** Name of the app's Lease. */
export function leaseName(app: string): string {
  return `canary-${app}`
}

/** The holder; undefined where the Lease is free. One taken by other means is known by its identity only. */
export function holderOf(lease: Lease): Holder | undefined {
  const identity = lease.spec?.holderIdentity
  if (!identity) return undefined
  const noted = read<Holder>(lease, HOLDER)
  if (noted?.token === identity) return noted
  const since = lease.spec?.acquireTime ?? 'an unknown time'
  const unknown = { who: identity, pid: 0, command: 'unknown', since }
  return { ...unknown, host: '', scope: '', started: '', token: identity }
}

export function claimOf(lease: Lease): Claim | undefined {
  return read<Claim>(lease, CLAIM)
}

export function proofsOf(lease: Lease): RecordedProof[] {
  const proofs = read<RecordedProof[]>(lease, PROOFS)
  return Array.isArray(proofs) ? proofs : []
}

/** The newest proofs, one a revision; a release that is installed anew counts its revisions from 1 again. */
export function withProof(proofs: RecordedProof[], proof: RecordedProof): RecordedProof[] {
  return [...proofs.filter(({ revision }) => revision !== proof.revision), proof].slice(-MOST_PROOFS)
}

/** A Lease held by this holder from now on; `before` is the one there is. */
export function held(before: Lease | undefined, app: string, namespace: string, holder: Holder): Lease {
  const { metadata, spec } = before ?? {}
  const now = microTime()
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...(metadata ?? { name: leaseName(app), namespace }),
      labels: { ...metadata?.labels, 'app.kubernetes.io/managed-by': 'canary', app },
      annotations: annotated(before, { [HOLDER]: JSON.stringify(holder), [CLAIM]: undefined }),
    },
    spec: {
      holderIdentity: holder.token,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: (spec?.leaseTransitions ?? -1) + 1,
    },
  }
}

/** How long a Lease that is not renewed stays its holder's. */
export const LEASE_SECONDS = 15

export function renewed(lease: Lease, proofs: RecordedProof[]): Lease {
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: annotated(lease, proofsNote(proofs)) },
    spec: { ...lease.spec, renewTime: microTime() },
  }
}

export function freed(lease: Lease, proofs: RecordedProof[]): Lease {
  return {
    ...lease,
    metadata: {
      ...lease.metadata,
      annotations: annotated(lease, { ...proofsNote(proofs), [HOLDER]: undefined }),
    },
    spec: { ...lease.spec, holderIdentity: '', renewTime: microTime() },
  }
}

export function claimed(lease: Lease, claim: Claim): Lease {
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: annotated(lease, { [CLAIM]: JSON.stringify(claim) }) },
  }
}

function proofsNote(proofs: RecordedProof[]): Record<string, string | undefined> {
  return proofs.length > 0 ? { [PROOFS]: JSON.stringify(proofs) } : {}
}

function annotated(
  lease: Lease | undefined,
  changes: Record<string, string | undefined>,
): Record<string, string> {
  const all = { ...(lease?.metadata.annotations as Record<string, string> | undefined), ...changes }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function read<T>(lease: Lease, name: string): T | undefined {
  const text = (lease.metadata.annotations as Record<string, string> | undefined)?.[name]
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T)
  } catch {
    return undefined // edited by hand: as if there were none
  }
}

/** Kubernetes' MicroTime. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z')
}
