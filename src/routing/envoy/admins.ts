import { forwardPort } from '../../cluster/kube/port-forward.js'
import type { PinnedCluster } from '../../cluster/options.js'
import { ExternalError } from '../../model/errors.js'
import { ADMIN_PORT } from './admin.js'

/** Through a port-forward, an admin interface answers at once, or not at all. */
const TIME_LIMIT_MS = 5000

/** Proxy pods with an admin interface. */
export interface Proxies {
  namespace: string
  pods: string[]
  /** Of the admin interface. */
  port?: number
}

/** The admin interfaces of several proxies, each through a port-forward. */
export interface Admins {
  /** What each of them answers. Throws ExternalError if one does not. */
  each<T>(read: (origin: string, signal: AbortSignal) => Promise<T>): Promise<T[]>
  close(): Promise<void>
}

/** Throws ExternalError if there is no proxy, or one is out of reach. */
export async function openAdmins(
  { namespace, pods, port = ADMIN_PORT }: Proxies,
  options: PinnedCluster,
): Promise<Admins> {
  if (pods.length === 0) throw new ExternalError(`No proxy in ${namespace} is ready.`)
  const opened = await Promise.allSettled(
    pods.map((pod) => forwardPort({ namespace, target: `pod/${pod}`, port, scheme: 'http' }, options)),
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
  return {
    async each(read) {
      const signal = AbortSignal.timeout(TIME_LIMIT_MS)
      try {
        return await Promise.all(ways.map((way) => read(way.origin, signal)))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new ExternalError(`The admin interface of a proxy does not answer at port ${port}: ${why}`)
      }
    },
    close,
  }
}
