import { applyDefaults } from './api-server/admission/defaults.js'
import type { KubeObject, ResourceType } from './api-server/objects.js'
import { inFieldOrder } from './api-server/registry/admit.js'
import { RESOURCES } from './api-server/resources.js'
import { now, type ObjectStore } from './api-server/store.js'

/** Objects of every new cluster: namespaces and a node. */
export function createCluster(store: ObjectStore): void {
  for (const name of ['default', 'kube-system']) createNamespace(store, name)
  store.create(RESOURCES.nodes, node())
}

export function createNamespace(store: ObjectStore, name: string): void {
  if (store.get(RESOURCES.namespaces, undefined, name)) return
  store.create(RESOURCES.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
}

/** Stores an object as the API keeps it: else a first change through the API would be one of the pod template, too. */
export function createAsServed(store: ObjectStore, resource: ResourceType, object: KubeObject): void {
  applyDefaults(resource, object)
  store.create(resource, inFieldOrder(object))
}

export function createDefinition(
  store: ObjectStore,
  {
    group,
    version,
    olderVersions,
    plural,
    singular,
    kind,
    shortNames,
    namespaced,
    subresources,
  }: ResourceType,
  annotations?: Record<string, string>,
): void {
  store.create(RESOURCES.customresourcedefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(annotations ? { annotations } : {}) },
    spec: {
      group,
      names: { kind, plural, singular, shortNames, listKind: `${kind}List` },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [version, ...olderVersions].map((name) => ({
        name,
        served: true,
        storage: name === version,
        ...(subresources.includes('status') ? { subresources: { status: {} } } : {}),
      })),
    },
    status: { conditions: [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted' }] },
  })
}

/** A Deployment of one container. */
export function deploymentOf(
  namespace: string,
  name: string,
  {
    labels,
    image,
    ports = [],
    replicas = 1,
  }: {
    labels: Record<string, string>
    image: string
    ports?: object[]
    replicas?: number
  },
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image, ...(ports.length > 0 ? { ports } : {}) }] },
      },
    },
  }
}

/** The way to proxies: a load balancer on the loopback interface. */
export function loadBalancer(
  namespace: string,
  name: string,
  {
    labels,
    selector,
    port,
    clusterIP,
  }: {
    labels: Record<string, string>
    selector: Record<string, string>
    port: number
    clusterIP: string
  },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels },
    spec: {
      type: 'LoadBalancer',
      selector,
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP' }],
      sessionAffinity: 'None',
    },
    status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } },
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
