import { commented, kubectlCommand } from '../../model/command-line.js'
import type { JsonObject } from '../../model/values.js'
import { ENVOY_ANSWERS } from '../envoy/answers.js'
import { record, text } from '../fields.js'
import type { RoutingDescription } from '../provider.js'
import { fingerprintOf } from './fingerprint.js'
import { handover } from './takeover/handover.js'
import { routesTo } from './takeover/old-routes.js'
import { KINDS, ROUTE_TABLE, UPSTREAM } from './kinds.js'
import { GLOO_PERMISSIONS } from './permissions.js'
import { GLOO_NAMESPACE, PROXY_SERVICE } from './shared-virtual-service.js'
import { STRICT_ADMISSION } from './strict-admission.js'

export const NO_FALLBACK = 'upstream.fallbackPolicy: NO_FALLBACK'

/** Gloo with its classic API: a RouteTable and an Upstream per app, VirtualServices that delegate to them. */
export const GLOO: RoutingDescription = {
  name: 'gloo',
  kinds: KINDS,
  // Commands name the cluster of the moment: made when they are asked for.
  texts: {
    product: 'Gloo',
    route: ROUTE_TABLE.kind,
    backend: UPSTREAM.kind,
    proxyNamespace: GLOO_NAMESPACE,
    get proxyLogs() {
      return kubectlCommand(['logs', `deployment/${PROXY_SERVICE}`], GLOO_NAMESPACE)
    },
    get controllerLogs() {
      return kubectlCommand(['logs', 'deployment/gloo'], GLOO_NAMESPACE)
    },
    get allRoutes() {
      return kubectlCommand(['get', 'virtualservices,routetables', '-A', '-o', 'yaml'])
    },
    noFallback: NO_FALLBACK,
    certificateSetting:
      'or correct sslConfig.secretRef: routes.virtualService.sslConfig in the values, if the chart makes the VirtualService',
    http2Backend: (namespace) =>
      commented(
        kubectlCommand(['get', 'upstreams', '-o', 'yaml'], namespace),
        'spec.useHttp2: true is missing; the chart has to render it',
      ),
  },
  answers: ENVOY_ANSWERS,
  permissions: GLOO_PERMISSIONS,
  fingerprint: fingerprintOf,
  host: ({ routes }) => ownDomains(routes).find((domain) => !domain.includes('*')),
  versionHeader: ({ routes }) => text(record(routes).versionHeader) || undefined,
  namesVersions: ({ routes }) => record(routes).versionHeader !== '',
  versionSetting: 'routes.versionHeader',
  /** By default another version may answer than the one chosen. */
  versionHeaderIsProof: ({ upstream, deployment }) =>
    record(upstream).fallbackPolicy === 'NO_FALLBACK' || Object.keys(record(deployment)).length === 1,
  strictAdmission: STRICT_ADMISSION,
  handover,
  routesTo,
  handMade: () => undefined,
  hasAppService: true,
}

function ownDomains(routes: JsonObject[string] | undefined): string[] {
  const { domains } = record(record(routes).virtualService)
  return Array.isArray(domains)
    ? domains.filter((domain): domain is string => typeof domain === 'string')
    : []
}
