import { kubectlCommand } from '../../../model/command-line.js'
import { ExternalError } from '../../../model/errors.js'
import type { ClusterOptions } from '../../../cluster/options.js'
import type { ProxyAddress } from '../../../cluster/kube/port-forward.js'
import { GLOO_NAMESPACE, PROXY_SERVICE } from '../shared-virtual-service.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { type Pod, PODS, type ServicePort } from '../../../cluster/kube/kube-types.js'
import { isReady, isTerminating } from '../../../cluster/pods/pods.js'
import { forwardPort } from '../../../cluster/kube/port-forward.js'
import { httpPort, proxyService, schemeOf } from './address.js'

/** The pods behind the proxies' Service that are not ending. Throws ExternalError where there is no such Service. */
export async function listProxyPods(api: KubeApi): Promise<Pod[]> {
  const { spec } = await proxyService(api)
  const labels = Object.entries(spec?.selector ?? {}).map(([name, value]) => `${name}=${value}`)
  if (labels.length === 0) return [] // endpoints by hand: nothing tells which pods they are
  const selection = { labelSelector: labels.join(',') }
  const { items } = await api.list<Pod>({ resource: PODS, namespace: GLOO_NAMESPACE }, selection)
  return items.filter((pod) => !isTerminating(pod))
}

/** Names of those that are ready, sorted. */
export async function readyProxyPods(api: KubeApi): Promise<string[]> {
  const ready = (await listProxyPods(api)).filter(isReady)
  return ready.map(({ metadata }) => metadata.name).sort()
}

/**
 * A way to one proxy pod alone: a port-forward to the port that the Service's HTTP port leads to. Not its own address,
 * which from outside the cluster may be somebody else's.
 */
export async function proxyPodAddress(
  api: KubeApi,
  name: string,
  options: ClusterOptions,
): Promise<ProxyAddress> {
  const [service, pod] = await Promise.all([
    proxyService(api),
    api.find<Pod>({ resource: PODS, namespace: GLOO_NAMESPACE, name }),
  ])
  if (!pod) throw new ExternalError(`The proxy ${GLOO_NAMESPACE}/${name} is gone.`)
  const served = httpPort(service)
  const target = `pod/${name}`
  const port = podPort(pod, served)
  return forwardPort({ target, namespace: GLOO_NAMESPACE, port, scheme: schemeOf(served) }, options)
}

function podPort(pod: Pod, { targetPort, port }: ServicePort): number {
  if (targetPort === undefined) return port
  if (typeof targetPort === 'number') return targetPort
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  const found = ports.find((entry) => entry.name === targetPort)
  if (found) return found.containerPort
  throw new ExternalError(
    `Service ${GLOO_NAMESPACE}/${PROXY_SERVICE} leads to a port named ${targetPort}, which pod ${pod.metadata.name} has not.`,
    { command: kubectlCommand(['get', 'pod', pod.metadata.name, '-o', 'yaml'], GLOO_NAMESPACE) },
  )
}
