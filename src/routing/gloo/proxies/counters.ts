import { ExternalError } from '../../../model/errors.js'
import type { ClusterOptions, ShadowCounters } from '../../../cluster/port.js'
import { GLOO_NAMESPACE } from '../shared-virtual-service.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { forwardPort } from '../../../cluster/kube/port-forward.js'
import { ADMIN_PORT, readCounters } from '../../envoy/admin.js'
import { readyProxyPods } from './pods.js'

/** Counters of a proxy on this side of a port-forward answer at once, or not at all. */
const TIME_LIMIT_MS = 5000

/**
 * The counters of all ready proxies for an app's Upstream and that of its shadow (`<app>-shadow`), by a port-forward to
 * each proxy's admin interface. Throws ExternalError where there is no proxy, or one can't be reached.
 */
export async function openShadowCounters(
  api: KubeApi,
  app: string,
  namespace: string,
  options: ClusterOptions,
): Promise<ShadowCounters> {
  const pods = await readyProxyPods(api)
  if (pods.length === 0) throw new ExternalError(`No proxy in ${GLOO_NAMESPACE} is ready.`)
  const opened = await Promise.allSettled(
    pods.map((pod) =>
      forwardPort(
        { namespace: GLOO_NAMESPACE, target: `pod/${pod}`, port: ADMIN_PORT, scheme: 'http' },
        options,
      ),
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
  const names = [`${app}_${namespace}`, `${app}-shadow_${namespace}`].map(
    (cluster) => `cluster.${cluster}.upstream_rq_total`,
  )
  return {
    async read() {
      const signal = AbortSignal.timeout(TIME_LIMIT_MS)
      const reported = await Promise.all(ways.map((way) => readCounters(way.origin, names, signal))).catch(
        (error: Error) => {
          throw new ExternalError(`The admin interface of a proxy does not answer: ${error.message}`)
        },
      )
      const [requests = 0, copies = 0] = names.map((_, index) =>
        reported.reduce((sum, counters) => sum + (counters[index] ?? 0), 0),
      )
      return { requests, copies, isKnown: reported.every(([own]) => own !== undefined) }
    },
    close,
  }
}
