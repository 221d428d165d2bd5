import type { Revision } from '../model/release.js'
import type { OperationContext } from './context.js'
import { requireNewest } from './step-guards.js'

const LOOK_EVERY_MS = 500

export interface RevisionWatch {
  /** Aborted with the ConflictError to throw once the release has another newest revision. */
  signal: AbortSignal
  close(): void
}

/**
 * Looks for a revision that somebody makes while traffic is counted: what is counted then belongs to no one stage, so it
 * is no verdict. A release that can't be read meanwhile is not said to have changed.
 *
 * @param newest number of the newest revision there is, the deployed one or a failed one after it
 */
export function watchRevision(
  context: OperationContext,
  {
    app,
    namespace,
    revision,
    newest,
  }: { app: string; namespace: string; revision: Revision; newest: number },
): RevisionWatch {
  const changed = new AbortController()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    const found = await context.cluster.findRevision(app, namespace, newest + 1).catch(() => undefined)
    if (closed) return
    if (!found) return again()
    const state = 'The check was ended: what is there now is what they made.'
    const expected = { ...revision, revision: newest }
    const request = { app, namespace, revision: expected, wanted: revision.config, state }
    const error = await requireNewest(context, request).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    if (closed) return
    if (error) changed.abort(error)
    else again()
  }
  const again = () => {
    timer = setTimeout(() => void look(), LOOK_EVERY_MS)
  }
  again()
  return {
    signal: changed.signal,
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}
