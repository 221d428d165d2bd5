import { ApiError } from './api-errors.js'
import type { AppLock, LockRequest, RecordedProof } from './cluster.js'
import type { KubeApi } from './kube-api.js'
import { LEASES } from './kube-types.js'
import { type Lease, leaseName, newLease, proofsOf, withProof, withProofs } from './lease-object.js'
import { atMost } from './pause.js'

const LONGEST_RELEASE_MS = 2000

/** The lock of an app for which the server refuses a Lease with this error; undefined where it says something else. */
export function unheldLock(
  api: Pick<KubeApi, 'find' | 'create' | 'replace'>,
  error: unknown,
  { app, namespace }: LockRequest,
): AppLock | undefined {
  if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) return undefined
  const isToCome = /namespaces? "[^"]*" not found/.test(error.stderr ?? '')
  let proofs: RecordedProof[] = []
  const keep = async () => {
    const target = { resource: LEASES, namespace, name: leaseName(app) }
    const there = await api.find<Lease>(target)
    const kept = withProofs(
      there ?? newLease(app, namespace),
      proofs.reduce(withProof, there ? proofsOf(there) : []),
    )
    await (there ? api.replace(target, kept) : api.create({ resource: LEASES, namespace }, kept))
  }
  return {
    unavailable: isToCome ? undefined : whyUnavailable(error, namespace),
    tookOverFromDead: false,
    lost: new AbortController().signal,
    confirm: () => Promise.resolve(),
    record: (proof) => {
      proofs = withProof(proofs, proof)
    },
    release: async () => {
      // By now the namespace is there, and what was proven in it can be kept; without that, nothing is lost but a word.
      if (isToCome && proofs.length > 0) await atMost(LONGEST_RELEASE_MS, () => keep().catch(() => undefined))
    },
  }
}

function whyUnavailable({ status, stderr = '', command = '' }: ApiError, namespace: string): string {
  if (/being terminated/.test(stderr))
    return `Namespace ${namespace} is being deleted, and takes no Lease any more.`
  if (status === 404) return 'The cluster has no Leases (coordination.k8s.io/v1).'
  const verb = { GET: 'get', POST: 'create', PUT: 'update' }[command.split(' ')[0] ?? ''] ?? 'write'
  return `Your user may not ${verb} leases in namespace ${namespace} (docs/rbac.yaml has the permissions to ask for).`
}
