import type { KubeObject } from './api-server/objects.js'
import { RESOURCES } from './api-server/resources.js'
import { now, type ObjectStore } from './api-server/store.js'

const GLOO = 'gloo-system'
const GLOO_KINDS = [RESOURCES.virtualservices, RESOURCES.routetables, RESOURCES.upstreams]

const PROXY_LABELS = { 'gateway-proxy': 'live', 'gateway-proxy-id': 'gateway-proxy' }
const GLOO_DEPLOYMENTS: Record<string, Record<string, string>> = {
  gloo: { gloo: 'gloo' },
  'gateway-proxy': { gloo: 'gateway-proxy', ...PROXY_LABELS },
}

/** What a cluster with Gloo has before anybody installs anything: namespaces, a node, CRDs, Gloo's Deployments, the proxy's Service. */
export function createInfrastructure(store: ObjectStore, proxyPort: number): void {
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
  store.create(RESOURCES.services, proxyService(proxyPort))
  for (const [name, labels] of Object.entries(GLOO_DEPLOYMENTS)) {
    store.create(RESOURCES.deployments, glooDeployment(name, labels))
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

/** Gloo as `kubectl get pods` shows it; its work is done by the sandbox itself, not by these pods. */
function glooDeployment(name: string, labels: Record<string, string>): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: GLOO, labels: { app: 'gloo', ...labels } },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image: `quay.io/solo-io/${name}:sandbox` }] },
      },
    },
  }
}

/** The way to the proxy is a load balancer on the loopback interface. */
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
      ports: [{ name: 'http', port, targetPort: 8080, protocol: 'TCP' }],
      sessionAffinity: 'None',
    },
    status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } },
  }
}
