import type { OperationContext } from '../context.js'
import { providerOf } from '../observe/provider.js'
import { type Found, takesRequests, unchanged } from './found-release.js'
import { Idle } from './idle.js'

/** Throws CanaryError `inconclusive` if no counters could show that nobody sends the app requests. */
export async function requireCounters(
  context: OperationContext,
  found: Found,
  idleMs: number,
): Promise<void> {
  const { app, namespace, revision } = found
  const provider = providerOf(context, revision)
  if (!takesRequests(found, provider.description.texts)) return
  const idle = await Idle.open(context, provider, {
    app,
    namespace,
    idleMs,
    stop: [context.signal],
    failedState: () => unchanged(found),
  })
  try {
    await idle.check()
  } finally {
    await idle.close()
  }
}
