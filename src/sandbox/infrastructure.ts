import { applyDefaults } from './api-server/admission/defaults.js'
import type { KubeObject, ResourceType } from './api-server/objects.js'
import { inFieldOrder } from './api-server/registry/admit.js'
import { RESOURCES } from './api-server/resources.js'
import { now, type ObjectStore } from './api-server/store.js'

const GLOO = 'gloo-system'
/** The Deployment of the proxies and their Service. */
export const GATEWAY = { namespace: GLOO, name: 'gateway-proxy' }
/** The proxies' port for HTTP, in their pods. */
export const HTTP_PORT = 8080
const GLOO_KINDS = [RESOURCES.virtualservices, RESOURCES.routetables, RESOURCES.upstreams]

const PROXY_LABELS = { 'gateway-proxy': 'live', 'gateway-proxy-id': 'gateway-proxy' }
const GLOO_DEPLOYMENTS: Record<string, Record<string, string>> = {
  gloo: { gloo: 'gloo' },
  'gateway-proxy': { gloo: 'gateway-proxy', ...PROXY_LABELS },
}

/** What a cluster with Gloo has before anybody installs anything: namespaces, a node, CRDs, Gloo's Deployments, the proxy's Service. */
export function createInfrastructure(
  store: ObjectStore,
  { proxyPort, proxies = 1 }: { proxyPort: number; proxies?: number },
): void {
  /** As the API keeps it: else a first change through the API would be one of the pod template, too. */
  const create = (resource: ResourceType, object: KubeObject) => {
    applyDefaults(resource, object)
    store.create(resource, inFieldOrder(object))
  }
  for (const name of ['default', 'kube-system', GLOO]) {
    store.create(RESOURCES.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  }
  store.create(RESOURCES.nodes, node())
  for (const kind of GLOO_KINDS) {
    const { group, version, plural, singular, kind: name, shortNames } = kind
    store.create(RESOURCES.customresourcedefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        names: { kind: name, plural, singular, shortNames, listKind: `${name}List` },
        scope: 'Namespaced',
        versions: [{ name: version, served: true, storage: true }],
      },
      status: { conditions: [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted' }] },
    })
  }
  create(RESOURCES.services, proxyService(proxyPort))
  for (const [name, labels] of Object.entries(GLOO_DEPLOYMENTS)) {
    const isProxy = name === GATEWAY.name
    create(RESOURCES.deployments, glooDeployment(name, labels, isProxy ? proxies : 1))
  }
}

function node(): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'sandbox', labels: { 'kubernetes.io/hostname': 'sandbox' } },
    spec: {},
    status: {
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: 'sandbox' },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'sandbox',
          lastTransitionTime: now(),
        },
      ],
    },
  }
}

/** Pods of the proxies are proxies; Gloo's own is there for `kubectl get pods`, its work is done by the sandbox itself. */
function glooDeployment(name: string, labels: Record<string, string>, replicas: number): KubeObject {
  const ports = name === GATEWAY.name ? [{ name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' }] : []
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: GLOO, labels: { app: 'gloo', ...labels } },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { name, image: `quay.io/solo-io/${name}:sandbox`, ...(ports.length > 0 ? { ports } : {}) },
          ],
        },
      },
    },
  }
}

/** The way to the proxies is a load balancer on the loopback interface. */
function proxyService(port: number): KubeObject {
  const labels = { app: 'gloo', gloo: 'gateway-proxy', 'gateway-proxy-id': 'gateway-proxy' }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'gateway-proxy', namespace: GLOO, labels },
    spec: {
      type: 'LoadBalancer',
      selector: PROXY_LABELS,
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP' }],
      sessionAffinity: 'None',
    },
    status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } },
  }
}
