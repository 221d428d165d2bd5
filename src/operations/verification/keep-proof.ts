import type { Proofs } from '../../cluster/ports/proofs.js'
import type { Revision } from '../../model/release.js'
import type { StageProof } from '../../model/expectation.js'

/** Keeps what a proof came to with the app's Lease, for `history`. Where that fails nothing is lost but a word in it. */
export async function keepProof(
  { cluster, operator }: { cluster: Proofs; operator: string },
  { name: app, namespace, revision }: Revision,
  { verdict }: StageProof,
): Promise<void> {
  const reported = { revision, verdict, at: new Date().toISOString(), who: operator }
  await cluster.keepProof(app, namespace, reported).catch(() => undefined)
}
