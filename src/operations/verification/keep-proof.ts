import type { Clock } from '../../lib/clock.js'
import type { Proofs } from '../../cluster/ports/proofs.js'
import type { Revision } from '../../model/release.js'
import type { StageProof } from '../../model/verify/expectation.js'

/** Keeps the verdict with the app's Lease, for `history`. Best effort: a failure costs only that entry. */
export async function keepProof(
  { cluster, operator, clock }: { cluster: Proofs; operator: string; clock: Clock },
  { name: app, namespace, revision }: Revision,
  { verdict }: StageProof,
): Promise<void> {
  const reported = { revision, verdict, at: new Date(clock.now()).toISOString(), who: operator }
  await cluster.keepProof(app, namespace, reported).catch(() => undefined)
}
