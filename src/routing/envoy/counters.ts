import type { PinnedCluster } from '../../cluster/options.js'
import type { RequestCounters } from '../provider.js'
import { readCounters } from './admin.js'
import { openAdmins, type Proxies } from './admins.js'

/** Proxy pods, and patterns of Envoy's names for the clusters that get requests of an app, and copies of them. */
export interface CountersRequest extends Proxies {
  requests: string[]
  copies: string[]
}

/**
 * The counters of all these proxies, through a port-forward to each admin interface. Throws ExternalError if there is
 * no proxy, or one is out of reach.
 */
export async function openEnvoyCounters(
  { requests: counted, copies: copied, ...proxies }: CountersRequest,
  options: PinnedCluster,
): Promise<RequestCounters> {
  const admins = await openAdmins(proxies, options)
  const patterns = [counted, copied].map((names) => `cluster\\.(${names.join('|')})\\.upstream_rq_total`)
  return {
    async read() {
      const reported = await admins.each((origin, signal) => readCounters(origin, patterns, signal))
      const [requests = 0, copies = 0] = patterns.map((_, index) =>
        reported.reduce((sum, counters) => sum + (counters[index] ?? 0), 0),
      )
      return { requests, copies, isKnown: reported.every(([own]) => own !== undefined) }
    },
    close: () => admins.close(),
  }
}
