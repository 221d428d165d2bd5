import { ApiError } from '../kube/api-errors.js'
import type { AppLock, LockRequest } from '../ports/locks.js'
import type { RecordedProof } from '../ports/proofs.js'
import { keepProofs, type LeaseApi } from './lease-notes.js'
import { withProof } from './lease-object.js'
import { atMost } from '../../lib/sleep.js'

const LONGEST_RELEASE_MS = 2000

/** The lock of an app for which the server refuses a Lease with this error; undefined for any other error. */
export function unheldLock(
  api: LeaseApi,
  error: unknown,
  { app, namespace }: LockRequest,
): AppLock | undefined {
  if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) return undefined
  const isToCome = /namespaces? "[^"]*" not found/.test(error.stderr ?? '')
  let proofs: RecordedProof[] = []
  return {
    unavailable: isToCome ? undefined : whyUnavailable(error, namespace),
    tookOverFromDead: false,
    lost: new AbortController().signal,
    confirm: () => Promise.resolve(),
    record: (proof) => {
      proofs = withProof(proofs, proof)
    },
    release: async () => {
      // By now the namespace exists, and its proofs can be kept; without them only notes are lost.
      if (!isToCome || proofs.length === 0) return
      await atMost(LONGEST_RELEASE_MS, () => keepProofs(api, app, namespace, proofs).catch(() => undefined))
    },
    remove: () => Promise.resolve(isToCome),
  }
}

function whyUnavailable({ status, stderr = '', command = '' }: ApiError, namespace: string): string {
  if (/being terminated/.test(stderr))
    return `Namespace ${namespace} is being deleted, and no longer accepts a Lease.`
  if (status === 404) return 'The cluster has no Leases (coordination.k8s.io/v1).'
  const verb = { GET: 'get', POST: 'create', PUT: 'update' }[command.split(' ')[0] ?? ''] ?? 'write'
  return `Your user may not ${verb} leases in namespace ${namespace} (docs/rbac.yaml has the permissions to ask for).`
}
