import { commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { type Service, type ServicePort, SERVICES } from '../../cluster/kube/kube-types.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import type { ClusterOptions } from '../../cluster/options.js'
import { type RoutingObject, refOf } from '../objects.js'
import {
  accepts,
  fixedAddress,
  originOf,
  type ProxyService,
  type Scheme,
  serviceAddress,
} from '../proxies/proxy-service.js'
import { addressesOf, type Listener } from './gateway/gateways.js'

/** The label of what an implementation makes for a Gateway, in the Gateway's namespace. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
/** Envoy Gateway's own: its proxies are in its controller's namespace. */
const ENVOY_GATEWAY_NAME = 'gateway.envoyproxy.io/owning-gateway-name'
const ENVOY_GATEWAY_NAMESPACE = 'gateway.envoyproxy.io/owning-gateway-namespace'

/**
 * The address of a Gateway's listener: one of its status if something accepts connections there, else by the Service of its
 * proxies. Throws ExternalError if there is neither.
 */
export async function gatewayAddress(
  api: KubeApi,
  gateway: RoutingObject,
  listener: Listener,
  options: ClusterOptions,
): Promise<ProxyAddress> {
  const { namespace, name } = refOf(gateway)
  const where = `Gateway ${namespace}/${name}`
  const scheme = schemeOf(listener)
  const addresses = addressesOf(gateway)
  const fixed = (address: string) =>
    fixedAddress(
      originOf(scheme, address, listener.port, where),
      `listener ${listener.name} of Gateway ${namespace}/${name}`,
    )
  for (const address of addresses) if (await accepts(address, listener.port)) return fixed(address)
  const proxies = await findProxyService(api, gateway, listener)
  if (proxies) return serviceAddress(api, proxies, options)
  const [address] = addresses
  if (address !== undefined) return fixed(address)
  throw withoutProxies(gateway)
}

/** The Service of a Gateway's proxies. Throws ExternalError if it is not found. */
export async function proxyServiceOf(
  api: KubeApi,
  gateway: RoutingObject,
  listener: Listener,
): Promise<ProxyService> {
  const found = await findProxyService(api, gateway, listener)
  if (found) return found
  throw withoutProxies(gateway)
}

function withoutProxies(gateway: RoutingObject): ExternalError {
  const { namespace, name } = refOf(gateway)
  return new ExternalError(
    `Gateway ${namespace}/${name} has no address, and no Service is labelled as that of its proxies.`,
    {
      nextSteps: [
        commented(kubectlCommand(['get', 'gateway', name, '-o', 'yaml'], namespace), 'is it programmed?'),
        'give the address of the proxies with --proxy-url http://HOST:PORT (or CANARY_PROXY_URL)',
      ],
    },
  )
}

/** By the standard label, else by Envoy Gateway's, else by a load balancer with the Gateway's address. */
async function findProxyService(
  api: KubeApi,
  gateway: RoutingObject,
  listener: Listener,
): Promise<ProxyService | undefined> {
  const { namespace, name } = refOf(gateway)
  const labelled = async (labelSelector: string, where?: string) => listAllowed(api, { labelSelector }, where)
  const found = [
    () => labelled(`${GATEWAY_NAME}=${name}`, namespace),
    () => labelled(`${ENVOY_GATEWAY_NAME}=${name},${ENVOY_GATEWAY_NAMESPACE}=${namespace}`),
    async () => {
      const addresses = new Set(addressesOf(gateway))
      const services = addresses.size > 0 ? await listAllowed(api, {}) : []
      return services.filter(({ status }) =>
        (status?.loadBalancer?.ingress ?? []).some(({ ip, hostname }) => addresses.has(ip ?? hostname ?? '')),
      )
    },
  ]
  for (const look of found) {
    for (const service of await look()) {
      const port = portFor(service, listener)
      if (port) return { ...refOf(service), service, port, scheme: schemeOf(listener) }
    }
  }
  return undefined
}

async function listAllowed(
  api: KubeApi,
  selection: { labelSelector?: string },
  namespace?: string,
): Promise<Service[]> {
  const found = await unlessForbidden(api.list<Service>({ resource: SERVICES, namespace }, selection))
  return found?.items ?? []
}

/** The port with the listener's number, else the one that leads to it: a listener may have the number that the pods listen on. */
function portFor({ spec }: Service, { port, protocol }: Listener): ServicePort | undefined {
  const ports = spec?.ports ?? []
  const usual = protocol === 'HTTPS' ? 443 : 80
  return (
    ports.find((one) => one.port === port) ??
    ports.find(({ targetPort }) => targetPort === port) ??
    ports.find((one) => typeof one.targetPort === 'string' && one.port === usual)
  )
}

function schemeOf({ protocol }: Listener): Scheme {
  return protocol === 'HTTPS' ? 'https' : 'http'
}
