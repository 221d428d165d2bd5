import {
  CHANNEL_ANNOTATION,
  GATEWAY_API_VERSION,
  VERSION_ANNOTATION,
} from '../../api-server/schema/gateway-api-types.js'
import type { ResourceType } from '../../api-server/objects.js'
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
import type { Like } from './like.js'
import { PROFILES } from './profile.js'

/** The Gateway that is ready to use. */
export const GATEWAY = { namespace: 'gateways', name: 'public', listener: 'http' }

export const GATEWAY_API_KINDS = [
  RESOURCES.gatewayclasses,
  RESOURCES.gateways,
  RESOURCES.httproutes,
  RESOURCES.referencegrants,
  RESOURCES.backendtlspolicies,
]

export interface Installation {
  /** The controller's Deployment; none if the proxies are the controller. */
  controller?: { namespace: string; name: string; image: string }
  proxies: ProxyPlace & { image: string; serviceLabels: Record<string, string> }
}

/** Where each implementation puts its controller and the proxies of {@link GATEWAY}. */
export const INSTALLATIONS: Record<Like, Installation> = {
  'envoy-gateway': {
    controller: {
      namespace: 'envoy-gateway-system',
      name: 'envoy-gateway',
      image: 'docker.io/envoyproxy/gateway:sandbox',
    },
    proxies: {
      namespace: 'envoy-gateway-system',
      service: 'envoy-gateways-public',
      labels: {
        'app.kubernetes.io/name': 'envoy',
        'app.kubernetes.io/component': 'proxy',
        'gateway.envoyproxy.io/owning-gateway-name': GATEWAY.name,
        'gateway.envoyproxy.io/owning-gateway-namespace': GATEWAY.namespace,
      },
      serviceLabels: {
        'gateway.envoyproxy.io/owning-gateway-name': GATEWAY.name,
        'gateway.envoyproxy.io/owning-gateway-namespace': GATEWAY.namespace,
      },
      image: 'docker.io/envoyproxy/envoy:sandbox',
    },
  },
  contour: {
    controller: {
      namespace: 'projectcontour',
      name: 'contour',
      image: 'ghcr.io/projectcontour/contour:sandbox',
    },
    proxies: {
      namespace: GATEWAY.namespace,
      service: 'envoy-public',
      labels: { 'app.kubernetes.io/name': 'envoy', 'gateway.networking.k8s.io/gateway-name': GATEWAY.name },
      serviceLabels: { 'gateway.networking.k8s.io/gateway-name': GATEWAY.name },
      image: 'docker.io/envoyproxy/envoy:sandbox',
    },
  },
  traefik: {
    proxies: {
      namespace: 'traefik',
      service: 'traefik',
      labels: { 'app.kubernetes.io/name': 'traefik' },
      serviceLabels: { 'app.kubernetes.io/name': 'traefik' },
      image: 'docker.io/traefik:sandbox',
    },
  },
}

export function gatewayProxies(like: Like): ProxyPlace {
  return INSTALLATIONS[like].proxies
}

/** What a real controller watches beside the kinds that are used here, and other versions of these. */
export interface WatchedKinds {
  kinds: ResourceType[]
  versions: Record<string, string[]>
}

/** What a cluster with the Gateway API has: CRDs, a controller, its GatewayClass, and a Gateway with its proxies. */
export function installGatewayApi(
  store: ObjectStore,
  { like, port, replicas, watched }: { like: Like; port: number; replicas: number; watched?: WatchedKinds },
): void {
  const { className, controllerName } = PROFILES[like]
  const { controller, proxies } = INSTALLATIONS[like]
  for (const namespace of [GATEWAY.namespace, controller?.namespace, proxies.namespace])
    if (namespace !== undefined) createNamespace(store, namespace)
  for (const kind of watched?.kinds ?? []) createDefinition(store, kind)
  for (const kind of GATEWAY_API_KINDS)
    createDefinition(
      store,
      { ...kind, olderVersions: [...kind.olderVersions, ...(watched?.versions[kind.plural] ?? [])] },
      {
        [VERSION_ANNOTATION]: `v${GATEWAY_API_VERSION}`,
        [CHANNEL_ANNOTATION]: 'standard',
      },
    )
  const { namespace, service, labels, serviceLabels, image } = proxies
  createAsServed(
    store,
    RESOURCES.services,
    loadBalancer(namespace, service, {
      labels: serviceLabels,
      selector: labels,
      port,
      clusterIP: '10.43.0.11',
    }),
  )
  if (controller) {
    const own = { 'app.kubernetes.io/name': controller.name }
    const deployment = deploymentOf(controller.namespace, controller.name, {
      labels: own,
      image: controller.image,
    })
    createAsServed(store, RESOURCES.deployments, deployment)
  }
  const ports = [{ name: 'http', containerPort: PROXY_PORT, protocol: 'TCP' }]
  const proxy = deploymentOf(namespace, service, { labels, image, ports, replicas })
  createAsServed(store, RESOURCES.deployments, proxy)
  createAsServed(store, RESOURCES.gatewayclasses, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: className },
    spec: { controllerName },
  })
  createAsServed(store, RESOURCES.gateways, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: GATEWAY.name, namespace: GATEWAY.namespace },
    spec: {
      gatewayClassName: className,
      listeners: [
        { name: GATEWAY.listener, port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
      ],
    },
  })
}
