import type { AppHistory } from '../model/results/history.js'
import { rolloutHistory } from '../rollout/history/history.js'
import { absentApp } from './observe/absent.js'
import type { AppRequest, OperationContext } from './context.js'
import { observe } from './observe/observe.js'

/**
 * Reads the release and the proofs kept with its Lease; sends no request and changes nothing. Throws ConflictError if
 * there is no release.
 */
export async function history(
  context: OperationContext,
  request: AppRequest & { limit: number },
): Promise<AppHistory> {
  const { app, limit } = request
  const observation = await observe(context, request)
  const { namespace, history: found } = observation
  if (!namespace || !found) throw await absentApp(context, observation)
  const [proofs, rollbacks] = await Promise.all([
    context.cluster.recordedProofs(app, namespace),
    context.cluster.recordedRollbacks(app, namespace),
  ])
  const { entries, gaps } = rolloutHistory(found.revisions, proofs, rollbacks)
  const shown = entries.slice(-limit)
  const first = shown[0]?.revision ?? 1
  return {
    app,
    namespace,
    entries: shown,
    gaps: gaps.filter(({ to }) => to >= first - 1),
    older: entries.length - shown.length,
  }
}
