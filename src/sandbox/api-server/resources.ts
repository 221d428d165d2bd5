import type { ResourceType } from './objects.js'

type Options = Partial<
  Pick<ResourceType, 'shortNames' | 'namespaced' | 'custom' | 'subresources' | 'olderVersions'>
>

function resource(
  group: string,
  version: string,
  kind: string,
  plural: string,
  options: Options = {},
): ResourceType {
  return {
    group,
    version,
    olderVersions: [],
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    custom: false,
    subresources: [],
    ...options,
  }
}

function gatewayApi(kind: string, plural: string, options: Options): ResourceType {
  return resource('gateway.networking.k8s.io', 'v1', kind, plural, {
    custom: true,
    subresources: ['status'],
    ...options,
  })
}

/** The kinds the sandbox serves: what the chart, Helm, kubectl and canary need, and no more. */
export const RESOURCES = {
  namespaces: resource('', 'v1', 'Namespace', 'namespaces', {
    shortNames: ['ns'],
    namespaced: false,
    subresources: ['status'],
  }),
  secrets: resource('', 'v1', 'Secret', 'secrets'),
  configmaps: resource('', 'v1', 'ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  services: resource('', 'v1', 'Service', 'services', { shortNames: ['svc'], subresources: ['status'] }),
  serviceaccounts: resource('', 'v1', 'ServiceAccount', 'serviceaccounts', { shortNames: ['sa'] }),
  endpoints: resource('', 'v1', 'Endpoints', 'endpoints', { shortNames: ['ep'] }),
  pods: resource('', 'v1', 'Pod', 'pods', {
    shortNames: ['po'],
    subresources: ['status', 'log', 'portforward'],
  }),
  nodes: resource('', 'v1', 'Node', 'nodes', {
    shortNames: ['no'],
    namespaced: false,
    subresources: ['status'],
  }),
  events: resource('', 'v1', 'Event', 'events', { shortNames: ['ev'] }),
  deployments: resource('apps', 'v1', 'Deployment', 'deployments', {
    shortNames: ['deploy'],
    subresources: ['status', 'scale'],
  }),
  replicasets: resource('apps', 'v1', 'ReplicaSet', 'replicasets', {
    shortNames: ['rs'],
    subresources: ['status', 'scale'],
  }),
  horizontalpodautoscalers: resource(
    'autoscaling',
    'v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    {
      shortNames: ['hpa'],
      subresources: ['status'],
    },
  ),
  poddisruptionbudgets: resource('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    shortNames: ['pdb'],
    subresources: ['status'],
  }),
  leases: resource('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  endpointslices: resource('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  customresourcedefinitions: resource(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    { shortNames: ['crd', 'crds'], namespaced: false, subresources: ['status'] },
  ),
  upstreams: resource('gloo.solo.io', 'v1', 'Upstream', 'upstreams', { shortNames: ['us'], custom: true }),
  routetables: resource('gateway.solo.io', 'v1', 'RouteTable', 'routetables', {
    shortNames: ['rt'],
    custom: true,
  }),
  virtualservices: resource('gateway.solo.io', 'v1', 'VirtualService', 'virtualservices', {
    shortNames: ['vs'],
    custom: true,
  }),
  gatewayclasses: gatewayApi('GatewayClass', 'gatewayclasses', {
    shortNames: ['gc'],
    namespaced: false,
    olderVersions: ['v1beta1'],
  }),
  gateways: gatewayApi('Gateway', 'gateways', { shortNames: ['gtw'], olderVersions: ['v1beta1'] }),
  httproutes: gatewayApi('HTTPRoute', 'httproutes', { olderVersions: ['v1beta1'] }),
  referencegrants: gatewayApi('ReferenceGrant', 'referencegrants', {
    shortNames: ['refgrant'],
    olderVersions: ['v1beta1'],
    subresources: [],
  }),
  backendtlspolicies: gatewayApi('BackendTLSPolicy', 'backendtlspolicies', { shortNames: ['btlspolicy'] }),
} as const satisfies Record<string, ResourceType>
