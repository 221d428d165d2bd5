import type { ObjectRef } from '../../../model/results/diagnosis.js'
import { ADMIN_PORT } from '../../envoy/admin.js'

/** What is known of an implementation beside the Gateway API. */
export interface Implementation {
  product: string
  /** Its controller's Deployment as its own installation names it; elsewhere it may be another. */
  controller: ObjectRef
  /** Whether its controller may be given its Gateway by name: it writes no condition of the GatewayClass then. */
  takesGatewayByName?: true
  /** The port of Envoy's admin interface in its proxies; undefined if they are not Envoy's, or open none. */
  adminPort?: number
  /** Fields of HTTPRoutes that it accepts and does not serve as they are written. */
  unserved?: Unserved[]
}

/** A field that an implementation passes over without a word in the status. */
export interface Unserved {
  field: 'timeouts' | 'mirror' | 'share of a mirror'
  /** A clause: `ignores it`. */
  effect: string
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
    takesGatewayByName: true,
    adminPort: 9001,
    unserved: [{ field: 'share of a mirror', effect: 'copies every request' }],
  },
  'traefik.io/gateway-controller': {
    product: 'Traefik',
    controller: { namespace: 'traefik', name: 'traefik' },
    unserved: [
      { field: 'timeouts', effect: 'ignores it' },
      { field: 'mirror', effect: 'answers 500 to every request of the rule' },
    ],
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
    unserved: [{ field: 'timeouts', effect: 'ignores it' }],
  },
}

export function implementationOf(controllerName: string | undefined): Implementation | undefined {
  return controllerName !== undefined && Object.hasOwn(IMPLEMENTATIONS, controllerName)
    ? IMPLEMENTATIONS[controllerName]
    : undefined
}
