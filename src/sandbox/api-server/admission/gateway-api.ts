import type { KubeObject } from '../objects.js'
import type { StatusCause } from '../status.js'
import {
  type Collect,
  HOSTNAME,
  matches,
  oneOf,
  PRECISE_HOSTNAME,
  required,
  rule,
  size,
  uniqueNames,
} from './crd-rules.js'
import { checkRoute } from './http-route.js'

/** Limits, patterns and rules (CEL) of the Gateway API's CRDs, with the causes that an API server names. */
export function gatewayApiCauses(object: KubeObject, previous?: KubeObject): StatusCause[] {
  const causes: StatusCause[] = []
  CHECKS[object.kind]?.(
    object.spec ?? {},
    (reason, field, message) => causes.push({ reason, field, message }),
    previous,
  )
  return causes
}

const CHECKS: Record<string, (spec: any, collect: Collect, previous?: KubeObject) => void> = {
  HTTPRoute: checkRoute,
  Gateway: checkGateway,
  GatewayClass: ({ controllerName = '' }, collect, previous) => {
    matches(collect, 'spec.controllerName', controllerName as string, CONTROLLER)
    if (previous && previous.spec.controllerName !== controllerName)
      rule(collect, 'spec.controllerName', 'Value is immutable', controllerName)
  },
  ReferenceGrant: ({ from, to }, collect) => {
    size(collect, 'spec.from', from, 1, 16)
    size(collect, 'spec.to', to, 1, 16)
  },
  BackendTLSPolicy: ({ targetRefs, validation }, collect) => {
    size(collect, 'spec.targetRefs', targetRefs, 1, 16)
    const { caCertificateRefs = [], wellKnownCACertificates, hostname } = validation ?? {}
    if (!hostname) required(collect, 'spec.validation.hostname')
    else matches(collect, 'spec.validation.hostname', hostname as string, PRECISE_HOSTNAME)
    if (caCertificateRefs.length > 0 && wellKnownCACertificates)
      rule(collect, 'spec.validation', 'must not contain both CACertificateRefs and WellKnownCACertificates')
    if (caCertificateRefs.length === 0 && !wellKnownCACertificates)
      rule(collect, 'spec.validation', 'must specify either CACertificateRefs or WellKnownCACertificates')
  },
}

const CONTROLLER =
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

function checkGateway({ gatewayClassName, listeners }: any, collect: Collect): void {
  if (!gatewayClassName) required(collect, 'spec.gatewayClassName')
  size(collect, 'spec.listeners', listeners, 1, 64)
  const all = (listeners ?? []) as any[]
  uniqueNames(collect, 'spec.listeners', all)
  const places = all.map(({ port, protocol, hostname = '' }) => `${port} ${protocol} ${hostname}`)
  if (new Set(places).size < places.length)
    rule(
      collect,
      'spec.listeners',
      'Combination of port, protocol and hostname must be unique for each listener',
    )
  if (all.some(({ protocol, tls }) => ['HTTP', 'TCP', 'UDP'].includes(protocol as string) && tls))
    rule(collect, 'spec.listeners', "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']")
  if (all.some(({ protocol, hostname }) => ['TCP', 'UDP'].includes(protocol as string) && hostname))
    rule(collect, 'spec.listeners', "hostname must not be specified for protocols ['TCP', 'UDP']")
  all.forEach(({ name, hostname, allowedRoutes }, index) => {
    const at = `spec.listeners[${index}]`
    matches(collect, `${at}.name`, (name ?? '') as string, PRECISE_HOSTNAME)
    if (hostname) matches(collect, `${at}.hostname`, hostname as string, HOSTNAME)
    const from = allowedRoutes?.namespaces?.from
    oneOf(collect, `${at}.allowedRoutes.namespaces.from`, from, ['All', 'Selector', 'Same', 'None'])
  })
}
