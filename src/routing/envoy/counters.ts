import { forwardPort } from '../../cluster/kube/port-forward.js'
import type { PinnedCluster } from '../../cluster/options.js'
import { ExternalError } from '../../model/errors.js'
import type { RequestCounters } from '../provider.js'
import { ADMIN_PORT, readCounters } from './admin.js'

/** Through a port-forward, a proxy's counters answer at once, or not at all. */
const TIME_LIMIT_MS = 5000

/** Proxy pods, and patterns of Envoy's names for the clusters that get requests of an app, and copies of them. */
export interface CountersRequest {
  namespace: string
  pods: string[]
  requests: string[]
  copies: string[]
}

/**
 * The counters of all these proxies, through a port-forward to each admin interface. Throws ExternalError if there is
 * no proxy, or one is out of reach.
 */
export async function openEnvoyCounters(
  { namespace, pods, requests: counted, copies: copied }: CountersRequest,
  options: PinnedCluster,
): Promise<RequestCounters> {
  if (pods.length === 0) throw new ExternalError(`No proxy in ${namespace} is ready.`)
  const opened = await Promise.allSettled(
    pods.map((pod) =>
      forwardPort({ namespace, target: `pod/${pod}`, port: ADMIN_PORT, scheme: 'http' }, options),
    ),
  )
  const ways = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const close = async () => {
    await Promise.all(ways.map((way) => way.close()))
  }
  const failed = opened.find((result) => result.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const patterns = [counted, copied].map((names) => `cluster\\.(${names.join('|')})\\.upstream_rq_total`)
  return {
    async read() {
      const signal = AbortSignal.timeout(TIME_LIMIT_MS)
      const reported = await Promise.all(ways.map((way) => readCounters(way.origin, patterns, signal))).catch(
        (error: Error) => {
          throw new ExternalError(`The admin interface of a proxy does not answer: ${error.message}`)
        },
      )
      const [requests = 0, copies = 0] = patterns.map((_, index) =>
        reported.reduce((sum, counters) => sum + (counters[index] ?? 0), 0),
      )
      return { requests, copies, isKnown: reported.every(([own]) => own !== undefined) }
    },
    close,
  }
}
