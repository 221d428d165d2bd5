import { get } from 'node:http'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore } from '../api-server/store.js'

const TIME_LIMIT_MS = 10_000

/**
 * Requests a URL as a pod would: its host is `service.namespace`, with or without `.svc.cluster.local`. Resolves with
 * the status, or with 0 without such a Service, a ready pod, or an answer.
 */
export async function askInCluster(
  store: ObjectStore,
  portOf: (ip: string, port: number) => number | undefined,
  url: string,
): Promise<number> {
  const { hostname, port, pathname, search } = new URL(url)
  const [name = '', namespace = ''] = hostname.split('.')
  const asked = Number(port || 80)
  const service = store.get(RESOURCES.services, namespace, name)
  const ports: { name?: string; port: number }[] = service?.spec.ports ?? []
  const wanted = ports.find((entry) => entry.port === asked)
  const [subset] = store.get(RESOURCES.endpoints, namespace, name)?.subsets ?? []
  const targets: { name?: string; port: number }[] = subset?.ports ?? []
  const target = targets.length === 1 ? targets[0] : targets.find((entry) => entry.name === wanted?.name)
  const ip = subset?.addresses?.[0]?.ip as string | undefined
  const real = wanted && target && ip !== undefined ? portOf(ip, target.port) : undefined
  if (real === undefined) return 0
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port: real, path: pathname + search, headers: { host: hostname }, agent: false },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    request.setTimeout(TIME_LIMIT_MS, () => request.destroy())
    request.on('error', () => resolve(0)).on('close', () => resolve(0))
  })
}
