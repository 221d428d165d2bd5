import { ExternalError } from '../../../model/errors.js'
import type { Revision } from '../../../model/release.js'
import type { OperationContext } from '../../context.js'
import { requireNewest } from './step-guards.js'

const LOOK_EVERY_MS = 500

export interface Watched {
  app: string
  namespace: string
  /** The revision being verified. */
  revision: Revision
  /** Number of the newest revision: the same, or a failed one after it. */
  newest: number
}

export interface RevisionWatch {
  /** Aborted, with the ConflictError to throw, once the release has a newer revision. */
  signal: AbortSignal
  close(): void
}

/**
 * Throws ConflictError if the release has a newer revision: the verdict would be about a state that is gone. A release
 * that cannot be read counts as unchanged.
 */
export async function requireSame(
  context: OperationContext,
  { app, namespace, revision, newest }: Watched,
): Promise<void> {
  const expected = { ...revision, revision: newest }
  const state = 'Their revision is the current one.'
  try {
    await requireNewest(context, { app, namespace, revision: expected, wanted: revision.config, state })
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error
  }
}

/** Watches for a new revision while probes run. */
export function watchRevision(context: OperationContext, watched: Watched): RevisionWatch {
  const { app, namespace, newest } = watched
  const changed = new AbortController()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    const found = await context.cluster.findRevision(app, namespace, newest + 1).catch(() => undefined)
    try {
      if (found) await requireSame(context, watched)
    } catch (error) {
      if (!closed) changed.abort(error)
      return
    }
    if (!closed) again()
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
