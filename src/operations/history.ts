import { ConflictError } from '../model/errors.js'
import type { RolloutHistory } from '../model/history.js'
import { rolloutHistory } from '../rollout/history.js'
import type { AppRequest, OperationContext } from './context.js'
import { observe } from './observe.js'

/** The newest revisions of a release as events, oldest first. */
export interface AppHistory extends RolloutHistory {
  app: string
  namespace: string
  /** How many older revisions there are that were not asked for. */
  older: number
}

/**
 * Reads the release and the proofs kept with its Lease; sends no request and changes nothing. Throws ConflictError where
 * there is no release.
 */
export async function history(
  context: OperationContext,
  request: AppRequest & { limit: number },
): Promise<AppHistory> {
  const { app, limit } = request
  const { namespace, history: found } = await observe(context, request)
  if (!namespace || !found) {
    throw new ConflictError(
      `There is no release named ${app}${namespace ? ` in namespace ${namespace}` : ''}.`,
      {
        nextSteps: [`canary install ${app} VERSION`, 'canary status    (lists the apps there are)'],
      },
    )
  }
  const proofs = await context.cluster.recordedProofs(app, namespace)
  const { entries, gaps } = rolloutHistory(found.revisions, proofs)
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
