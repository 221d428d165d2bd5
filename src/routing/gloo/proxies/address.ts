import { canaryCommand, commented, kubectlCommand } from '../../../model/command-line.js'
import { ExternalError } from '../../../model/errors.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { type Pod, type Service, type ServicePort, SERVICES } from '../../../cluster/kube/kube-types.js'
import type { ProxyAddress } from '../../../cluster/kube/port-forward.js'
import type { ClusterOptions } from '../../../cluster/options.js'
import { podsBehind, type ProxyService, serviceAddress } from '../../proxies/proxy-service.js'
import { GLOO_NAMESPACE, PROXY_SERVICE } from '../shared-virtual-service.js'

/** The proxies' address. Throws ExternalError if their Service is missing, or out of reach. */
export async function findProxyAddress(api: KubeApi, options: ClusterOptions): Promise<ProxyAddress> {
  return serviceAddress(api, await proxyService(api), options)
}

/**
 * The Service of the gateway's proxies, with its HTTP port. Throws ExternalError if it is missing, or has no such port.
 */
export async function proxyService(api: KubeApi): Promise<ProxyService> {
  const found = await findService(api)
  const port = httpPort(found.service)
  return { ...found, port, scheme: port.name === 'https' ? 'https' : 'http' }
}

/** The Service of the gateway's proxies. Throws ExternalError if it is missing. */
async function findService(api: KubeApi): Promise<Omit<ProxyService, 'port' | 'scheme'>> {
  const name = PROXY_SERVICE
  const namespace = GLOO_NAMESPACE
  const service = await api.find<Service>({ resource: SERVICES, namespace, name })
  if (service) return { name, namespace, service }
  throw new ExternalError(`Service ${name}, the proxy, not found in namespace ${GLOO_NAMESPACE}.`, {
    command: kubectlCommand(['get', 'service', name], GLOO_NAMESPACE),
    nextSteps: [
      'give its address with --proxy-url http://HOST:PORT (or CANARY_PROXY_URL)',
      commented(canaryCommand(['doctor']), 'checks whether Gloo is installed'),
    ],
  })
}

/** The proxies' pods that are not terminating. Throws ExternalError if their Service is missing. */
export async function listProxyPods(api: KubeApi): Promise<Pod[]> {
  return podsBehind(api, await findService(api))
}

/** The port for HTTP: the only one, else the one named http, like `glooctl proxy url`. */
export function httpPort({ spec }: Service): ServicePort {
  const ports = spec?.ports ?? []
  const port = ports.length === 1 ? ports[0] : ports.find(({ name }) => name === 'http')
  if (port) return port
  const found = ports.map(({ name, port: number }) => `${name ?? 'unnamed'} ${number}`).join(', ')
  throw new ExternalError(
    `Service ${GLOO_NAMESPACE}/${PROXY_SERVICE} has no port named http (it has ${found || 'none'}).`,
    { nextSteps: ["give the proxy's address with --proxy-url http://HOST:PORT"] },
  )
}
