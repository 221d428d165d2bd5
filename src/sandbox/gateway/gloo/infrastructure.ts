import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore } from '../../api-server/store.js'
import {
  createAsServed,
  createDefinition,
  createNamespace,
  deploymentOf,
  loadBalancer,
} from '../../infrastructure.js'
import { PROXY_PORT, type ProxyPlace } from '../../proxy/fleet.js'

const NAMESPACE = 'gloo-system'
const PROXY_LABELS = { 'gateway-proxy': 'live', 'gateway-proxy-id': 'gateway-proxy' }

/** Gloo's proxies and their Service. */
export const GLOO_PROXIES: ProxyPlace = {
  namespace: NAMESPACE,
  service: 'gateway-proxy',
  labels: PROXY_LABELS,
}

/** The objects of a cluster with Gloo: its CRDs, its Deployments, the Service of its proxies. */
export function installGloo(store: ObjectStore, proxyPort: number, proxies: number): void {
  createNamespace(store, NAMESPACE)
  for (const kind of [RESOURCES.virtualservices, RESOURCES.routetables, RESOURCES.upstreams])
    createDefinition(store, kind)
  createAsServed(
    store,
    RESOURCES.services,
    loadBalancer(NAMESPACE, 'gateway-proxy', {
      labels: { app: 'gloo', gloo: 'gateway-proxy', 'gateway-proxy-id': 'gateway-proxy' },
      selector: PROXY_LABELS,
      port: proxyPort,
      clusterIP: '10.43.0.10',
    }),
  )
  // Gloo's own pod exists for `kubectl get pods` only: the sandbox itself does its work.
  const deploy = (name: string, labels: Record<string, string>, replicas: number, ports: object[] = []) => {
    const deployment = deploymentOf(NAMESPACE, name, {
      labels,
      image: `quay.io/solo-io/${name}:sandbox`,
      replicas,
      ports,
    })
    deployment.metadata.labels = { app: 'gloo', ...labels }
    createAsServed(store, RESOURCES.deployments, deployment)
  }
  deploy('gloo', { gloo: 'gloo' }, 1)
  deploy('gateway-proxy', { gloo: 'gateway-proxy', ...PROXY_LABELS }, proxies, [
    { name: 'http', containerPort: PROXY_PORT, protocol: 'TCP' },
  ])
}
