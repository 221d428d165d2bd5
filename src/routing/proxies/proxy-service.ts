import { connect } from 'node:net'
import { kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import {
  NODES,
  type Node,
  type Pod,
  PODS,
  type Service,
  type ServicePort,
} from '../../cluster/kube/kube-types.js'
import { forwardPort, type ProxyAddress } from '../../cluster/kube/port-forward.js'
import type { ClusterOptions } from '../../cluster/options.js'
import { isReady, isTerminating } from '../../cluster/pods/pods.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'

export type Scheme = 'http' | 'https'

/** A Service of proxies, and its port for requests. */
export interface ProxyService extends ObjectRef {
  service: Service
  port: ServicePort
  scheme: Scheme
}

/** How long a connection may take before its address counts as unreachable from here. */
const CONNECT_TIMEOUT_MS = 1000

/**
 * The address of proxies by their Service: its load balancer, else a node that accepts connections from here, else a
 * port-forward, open until `close`. Throws ExternalError if there is none.
 */
export async function serviceAddress(
  api: KubeApi,
  proxies: ProxyService,
  options: ClusterOptions,
): Promise<ProxyAddress> {
  const { name, namespace, service, port, scheme } = proxies
  const where = `${namespace}/${name}`
  const ingress = service.status?.loadBalancer?.ingress?.[0]
  const host = ingress?.hostname ?? ingress?.ip
  if (host) return fixedAddress(originOf(scheme, host, port.port, where), `LoadBalancer of ${where}`)
  if (service.spec?.type === 'NodePort' && port.nodePort) {
    for (const address of await nodeAddresses(api)) {
      if (await accepts(address, port.nodePort)) {
        const origin = originOf(scheme, address, port.nodePort, where)
        return fixedAddress(origin, `NodePort of ${where} on node ${address}`)
      }
    }
  }
  return forwardPort({ target: `service/${name}`, namespace, port: port.port, scheme }, options)
}

export function fixedAddress(origin: string, source: string): ProxyAddress {
  return { origin, source, close: () => Promise.resolve() }
}

/** `http://10.0.0.1:80`. Throws ExternalError if the object at `where` has an invalid host. */
export function originOf(scheme: Scheme, host: string, port: number, where: string): string {
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (URL.canParse(url)) return new URL(url).origin
  throw new ExternalError(`${where} has an invalid address: ${JSON.stringify(host)}, port ${port}.`, {
    nextSteps: ["give the proxy's address with --proxy-url http://HOST:PORT"],
  })
}

/** Addresses of the nodes, those inside the cluster's network first. */
async function nodeAddresses(api: KubeApi): Promise<string[]> {
  const nodes = await unlessForbidden(api.list<Node>({ resource: NODES })) // a port-forward needs none
  const addresses = (nodes?.items ?? []).flatMap(({ status }) => status?.addresses ?? [])
  return ['InternalIP', 'ExternalIP'].flatMap((wanted) =>
    addresses.filter(({ type }) => type === wanted).map(({ address }) => address),
  )
}

/** Whether something accepts connections there within a second. */
export function accepts(host: string, port: number): Promise<boolean> {
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

/** The pods behind a Service that are not terminating. */
export async function podsBehind(
  api: KubeApi,
  { namespace, service: { spec } }: Pick<ProxyService, 'namespace' | 'service'>,
): Promise<Pod[]> {
  const labels = Object.entries(spec?.selector ?? {}).map(([name, value]) => `${name}=${value}`)
  if (labels.length === 0) return [] // endpoints made by hand: its pods are unknown
  const selection = { labelSelector: labels.join(',') }
  const { items } = await api.list<Pod>({ resource: PODS, namespace }, selection)
  return items.filter((pod) => !isTerminating(pod))
}

/** Names of those that are ready, sorted. */
export function readyNames(pods: Pod[]): string[] {
  return pods
    .filter(isReady)
    .map(({ metadata }) => metadata.name)
    .sort()
}

/**
 * The address of one proxy pod alone: a port-forward to the target of the Service's port. Not the pod's own address,
 * which may be another host's outside the cluster.
 */
export async function podAddress(
  api: KubeApi,
  proxies: ProxyService,
  name: string,
  options: ClusterOptions,
): Promise<ProxyAddress> {
  const { namespace, scheme } = proxies
  const pod = await api.find<Pod>({ resource: PODS, namespace, name })
  if (!pod) throw new ExternalError(`The proxy ${namespace}/${name} is gone.`)
  return forwardPort({ target: `pod/${name}`, namespace, port: podPort(pod, proxies), scheme }, options)
}

function podPort(pod: Pod, { namespace, name, port: served }: ProxyService): number {
  const { targetPort, port } = served
  if (targetPort === undefined) return port
  if (typeof targetPort === 'number') return targetPort
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  const found = ports.find((entry) => entry.name === targetPort)
  if (found) return found.containerPort
  throw new ExternalError(
    `Service ${namespace}/${name} leads to a port named ${targetPort}, which pod ${pod.metadata.name} does not have.`,
    { command: kubectlCommand(['get', 'pod', pod.metadata.name, '-o', 'yaml'], namespace) },
  )
}
