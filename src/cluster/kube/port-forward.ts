import type { PinnedCluster } from '../options.js'
import { startKubectl } from './kubectl-process.js'
import { sleep } from '../../lib/sleep.js'

/** How to reach a proxy. */
export interface ProxyAddress {
  /** Origin, e.g. `http://127.0.0.1:8080`. */
  origin: string
  /** Where it comes from: `--proxy-url`, `LoadBalancer of infra/proxy`, `port-forward to …`. */
  source: string
  /** Ends what was opened to reach it (a port-forward). */
  close(): Promise<void>
}

const READY = /Forwarding from 127\.0\.0\.1:(\d+)/
/** A forward that ends more often than this in a row no longer has a target. */
const MAX_RESTARTS = 5
const FIRST_PAUSE_MS = 50

/**
 * A port-forward, open until `close`. kubectl ends it when one connection breaks in the pod: it is then restarted on
 * the same port, so that its users only have to retry.
 *
 * @throws ExternalError with kubectl's message if it cannot be opened
 */
export async function forwardPort(
  {
    target,
    namespace,
    port,
    scheme,
  }: { target: string; namespace: string; port: number; scheme: 'http' | 'https' },
  options: PinnedCluster,
): Promise<ProxyAddress> {
  const start = (local: string) => {
    const args = ['port-forward', target, `${local}:${port}`, '-n', namespace, '--address', '127.0.0.1']
    return startKubectl(args, READY, options)
  }
  const closing = new AbortController()
  let current = await start('')
  const local = current.ready[1]!
  const keep = async () => {
    for (let failures = 0; failures < MAX_RESTARTS;) {
      const since = Date.now()
      await current.ended
      if (Date.now() - since > 1000) failures = 0
      await sleep(FIRST_PAUSE_MS * 2 ** failures, closing.signal)
      if (closing.signal.aborted) return
      failures += 1
      try {
        current = await start(local)
        if (closing.signal.aborted) return current.close()
      } catch {
        continue // its users get a refused connection, and report that
      }
    }
  }
  const kept = keep()
  return {
    origin: `${scheme}://127.0.0.1:${local}`,
    source: `port-forward to ${namespace}/${target.replace('service/', '')}`,
    close: async () => {
      closing.abort()
      await current.close()
      await kept
    },
  }
}
