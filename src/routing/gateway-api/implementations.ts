import type { ObjectRef } from '../../model/results/diagnosis.js'
import { ADMIN_PORT } from '../envoy/admin.js'

/** What is known of an implementation beside the Gateway API. */
export interface Implementation {
  product: string
  /** Its controller's Deployment as its own installation names it; elsewhere it may be another. */
  controller: ObjectRef
  /** The port of Envoy's admin interface in its proxies; undefined if they are not Envoy's, or open none. */
  adminPort?: number
}

/** By the `controllerName` of its GatewayClass. */
const IMPLEMENTATIONS: Record<string, Implementation> = {
  'gateway.envoyproxy.io/gatewayclass-controller': {
    product: 'Envoy Gateway',
    controller: { namespace: 'envoy-gateway-system', name: 'envoy-gateway' },
    adminPort: ADMIN_PORT,
  },
  'projectcontour.io/gateway-controller': {
    product: 'Contour',
    controller: { namespace: 'projectcontour', name: 'contour' },
    adminPort: 9001,
  },
  'traefik.io/gateway-controller': {
    product: 'Traefik',
    controller: { namespace: 'traefik', name: 'traefik' },
  },
  'kgateway.dev/kgateway': {
    product: 'kgateway',
    controller: { namespace: 'kgateway-system', name: 'kgateway' },
    adminPort: ADMIN_PORT,
  },
  'istio.io/gateway-controller': {
    product: 'Istio',
    controller: { namespace: 'istio-system', name: 'istiod' },
    adminPort: 15_000,
  },
  'io.cilium/gateway-controller': {
    product: 'Cilium',
    controller: { namespace: 'kube-system', name: 'cilium-operator' },
  },
  'gateway.nginx.org/nginx-gateway-controller': {
    product: 'NGINX Gateway Fabric',
    controller: { namespace: 'nginx-gateway', name: 'nginx-gateway' },
  },
}

export function implementationOf(controllerName: string | undefined): Implementation | undefined {
  return controllerName !== undefined && Object.hasOwn(IMPLEMENTATIONS, controllerName)
    ? IMPLEMENTATIONS[controllerName]
    : undefined
}
