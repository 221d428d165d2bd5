import type { KubeObject } from '../objects.js'

const GROUP = 'gateway.networking.k8s.io'
const ROOT_PREFIX = () => ({ path: { type: 'PathPrefix', value: '/' } })
const PENDING = { status: 'Unknown', reason: 'Pending', message: 'Waiting for controller' }
/** Of a condition that no controller has written yet. */
const EPOCH = '1970-01-01T00:00:00Z'

const pending = (type: string) => ({ type, ...PENDING, lastTransitionTime: EPOCH })

/** The defaults of the Gateway API's CRDs. Changes the object in place. */
export function defaultHttpRoute({ spec }: KubeObject): void {
  for (const ref of spec.parentRefs ?? []) {
    ref.group ??= GROUP
    ref.kind ??= 'Gateway'
  }
  spec.rules ??= [{}]
  for (const rule of spec.rules) {
    rule.matches ??= [ROOT_PREFIX()]
    for (const match of rule.matches) {
      match.path ??= {}
      match.path.type ??= 'PathPrefix'
      match.path.value ??= '/'
      for (const one of [...(match.headers ?? []), ...(match.queryParams ?? [])]) one.type ??= 'Exact'
    }
    for (const ref of rule.backendRefs ?? []) {
      defaultBackend(ref)
      ref.weight ??= 1
      defaultFilters(ref.filters)
    }
    defaultFilters(rule.filters)
  }
}

function defaultFilters(filters: any[] = []): void {
  for (const { requestMirror, requestRedirect } of filters) {
    if (requestMirror?.backendRef) defaultBackend(requestMirror.backendRef)
    if (requestMirror?.fraction) requestMirror.fraction.denominator ??= 100
    if (requestRedirect) requestRedirect.statusCode ??= 302
  }
}

function defaultBackend(ref: any): void {
  ref.group ??= ''
  ref.kind ??= 'Service'
}

export function defaultGateway(gateway: KubeObject): void {
  for (const listener of gateway.spec.listeners ?? []) {
    listener.allowedRoutes ??= {}
    listener.allowedRoutes.namespaces ??= {}
    listener.allowedRoutes.namespaces.from ??= 'Same'
    if (listener.tls) listener.tls.mode ??= 'Terminate'
    for (const ref of listener.tls?.certificateRefs ?? []) {
      ref.group ??= ''
      ref.kind ??= 'Secret'
    }
  }
  gateway.status ??= {}
  gateway.status.conditions ??= ['Accepted', 'Programmed'].map(pending)
}

export function defaultGatewayClass(gatewayClass: KubeObject): void {
  gatewayClass.status ??= {}
  gatewayClass.status.conditions ??= [pending('Accepted')]
}
