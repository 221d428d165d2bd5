import type { KubeObject } from '../../../src/sandbox/api-server/objects.js'
import type { Profile } from '../../../src/sandbox/gateway/gateway-api/profile.js'

const API = 'gateway.networking.k8s.io/v1'

export function gatewayClass({ className, controllerName }: Profile): KubeObject {
  return { apiVersion: API, kind: 'GatewayClass', metadata: { name: className }, spec: { controllerName } }
}

/** A Gateway with one listener, `http`, that takes routes of every namespace. */
export function gateway(
  name: string,
  namespace: string,
  { className }: Profile,
  port: number,
  listener: object = {},
): KubeObject {
  return {
    apiVersion: API,
    kind: 'Gateway',
    metadata: { name, namespace },
    spec: {
      gatewayClassName: className,
      listeners: [
        { name: 'http', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } }, ...listener },
      ],
    },
  }
}

export function httpRoute(name: string, namespace: string, spec: object): KubeObject {
  return { apiVersion: API, kind: 'HTTPRoute', metadata: { name, namespace }, spec }
}

/** The Service of one version. */
export function versionService(name: string, namespace: string, version: string, app = 'echo'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      selector: { app, version },
    },
  }
}
