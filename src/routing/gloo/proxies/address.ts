import { connect } from 'node:net'
import { canaryCommand, commented, kubectlCommand } from '../../../model/command-line.js'
import { ExternalError } from '../../../model/errors.js'
import { ApiError } from '../../../cluster/kube/api-errors.js'
import type { ClusterOptions } from '../../../cluster/options.js'
import type { ProxyAddress } from '../../../cluster/kube/port-forward.js'
import { GLOO_NAMESPACE, PROXY_SERVICE } from '../shared-virtual-service.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { forwardPort } from '../../../cluster/kube/port-forward.js'
import {
  NODES,
  SERVICES,
  type Node,
  type Service,
  type ServicePort,
} from '../../../cluster/kube/kube-types.js'

const WHERE = `${GLOO_NAMESPACE}/${PROXY_SERVICE}`
/** How long a node may take to accept a connection before it counts as out of reach from here. */
const CONNECT_TIMEOUT_MS = 1000

/**
 * The proxy's address from its Service: the load balancer's, else a node's that accepts connections from here, else a
 * port-forward, open until `close`. Throws ExternalError where there is no such Service or no way to it.
 */
export async function findProxyAddress(api: KubeApi, options: ClusterOptions): Promise<ProxyAddress> {
  const service = await proxyService(api)
  const port = httpPort(service)
  const ingress = service.status?.loadBalancer?.ingress?.[0]
  const host = ingress?.hostname ?? ingress?.ip
  if (host) return fixed(originOf(host, port.port, port), `LoadBalancer of ${WHERE}`)
  if (service.spec?.type === 'NodePort' && port.nodePort) {
    for (const address of await nodeAddresses(api)) {
      if (await accepts(address, port.nodePort)) {
        return fixed(originOf(address, port.nodePort, port), `NodePort of ${WHERE} on node ${address}`)
      }
    }
  }
  return forward(port, options)
}

/** The Service of the gateway's proxies. Throws ExternalError where there is none. */
export async function proxyService(api: KubeApi): Promise<Service> {
  const name = PROXY_SERVICE
  const service = await api.find<Service>({ resource: SERVICES, namespace: GLOO_NAMESPACE, name })
  if (service) return service
  throw new ExternalError(`There is no Service ${name} in namespace ${GLOO_NAMESPACE}: where is the proxy?`, {
    command: kubectlCommand(['get', 'service', name], GLOO_NAMESPACE),
    nextSteps: [
      'give its address with --proxy-url http://HOST:PORT (or CANARY_PROXY_URL)',
      commented(canaryCommand(['doctor']), 'is Gloo installed in this cluster?'),
    ],
  })
}

/** The port for HTTP: the only one, else the one named http, as `glooctl proxy url` chooses. */
export function httpPort({ spec }: Service): ServicePort {
  const ports = spec?.ports ?? []
  const port = ports.length === 1 ? ports[0] : ports.find(({ name }) => name === 'http')
  if (port) return port
  const found = ports.map(({ name, port: number }) => `${name ?? 'unnamed'} ${number}`).join(', ')
  throw new ExternalError(`Service ${WHERE} has no port named http (it has ${found || 'none'}).`, {
    nextSteps: ["give the proxy's address with --proxy-url http://HOST:PORT"],
  })
}

/** Addresses of the nodes, those for use inside the cluster's network first. */
async function nodeAddresses(api: KubeApi): Promise<string[]> {
  try {
    const { items } = await api.list<Node>({ resource: NODES })
    const addresses = items.flatMap(({ status }) => status?.addresses ?? [])
    return ['InternalIP', 'ExternalIP'].flatMap((wanted) =>
      addresses.filter(({ type }) => type === wanted).map(({ address }) => address),
    )
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return [] // a port-forward needs no nodes
    throw error
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS })
    const end = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

function forward(port: ServicePort, options: ClusterOptions): Promise<ProxyAddress> {
  const target = `service/${PROXY_SERVICE}`
  return forwardPort({ target, namespace: GLOO_NAMESPACE, port: port.port, scheme: schemeOf(port) }, options)
}

export function schemeOf({ name }: ServicePort): 'http' | 'https' {
  return name === 'https' ? 'https' : 'http'
}

function fixed(origin: string, source: string): ProxyAddress {
  return { origin, source, close: () => Promise.resolve() }
}

function originOf(host: string, port: number, named: ServicePort): string {
  const url = `${schemeOf(named)}://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (URL.canParse(url)) return new URL(url).origin
  throw new ExternalError(
    `Service ${WHERE} has an address that is none: ${JSON.stringify(host)}, port ${port}.`,
    {
      nextSteps: ["give the proxy's address with --proxy-url http://HOST:PORT"],
    },
  )
}
