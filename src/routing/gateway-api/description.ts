import { commented, kubectlCommand } from '../../model/command-line.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { RoutingTexts } from '../../model/routing.js'
import type { RoutingDescription } from '../provider.js'
import { GATEWAY_ANSWERS } from './answers.js'
import { fingerprintOf } from './fingerprint.js'
import { handover } from './takeover/handover.js'
import { readHandMade } from './takeover/hand-made.js'
import { routesTo } from './takeover/old-routes.js'
import type { Implementation } from './gateway/implementations.js'
import { HTTP_ROUTE, KINDS } from './kinds.js'
import { GATEWAY_API_PERMISSIONS } from './permissions.js'
import { hostOf, namesVersions, SETS_BACKEND_HEADERS, versionHeaderOf } from './values.js'

/** What is known of the gateway that serves an app; without a cluster nothing. */
export interface Whereabouts {
  implementation?: Implementation
  gateway?: ObjectRef
  /** The Service of the proxies. */
  proxies?: ObjectRef
}

/** Any implementation of the Gateway API: an HTTPRoute for each app, and a Service for each version. */
export const GATEWAY_API: RoutingDescription = {
  name: 'gateway-api',
  kinds: KINDS,
  texts: textsOf({}),
  answers: GATEWAY_ANSWERS,
  permissions: GATEWAY_API_PERMISSIONS,
  fingerprint: fingerprintOf,
  host: hostOf,
  versionHeader: versionHeaderOf,
  namesVersions,
  versionSetting: `routes.gateway.features: [${SETS_BACKEND_HEADERS}]`,
  /** Each version has a Service of its own: nobody else answers for it. */
  versionHeaderIsProof: (values) => versionHeaderOf(values) !== undefined,
  handover,
  routesTo,
  handMade: readHandMade,
  hasAppService: false,
}

/** Commands name the cluster of the moment, and what is known by then: made when they are asked for. */
export function textsOf(known: Whereabouts): RoutingTexts {
  return {
    get product() {
      return known.implementation?.product ?? "the Gateway's controller"
    },
    route: HTTP_ROUTE.kind,
    backend: 'Service',
    get proxyNamespace() {
      return known.proxies?.namespace ?? known.gateway?.namespace ?? 'NAMESPACE'
    },
    get proxyLogs() {
      const { name, namespace } = known.proxies ?? { name: 'PROXIES', namespace: this.proxyNamespace }
      return kubectlCommand(['logs', `service/${name}`], namespace)
    },
    get controllerLogs() {
      const { name, namespace } = known.implementation?.controller ?? {
        name: 'CONTROLLER',
        namespace: 'NAMESPACE',
      }
      return kubectlCommand(['logs', `deployment/${name}`], namespace)
    },
    get allRoutes() {
      return kubectlCommand(['get', 'httproutes,gateways', '-A', '-o', 'yaml'])
    },
    noFallback: 'a Service for each version',
    certificateSetting: "or correct the listener's tls.certificateRefs in the Gateway",
    http2Backend: (namespace) =>
      commented(
        kubectlCommand(['get', 'services', '-o', 'yaml'], namespace),
        'service.appProtocol: kubernetes.io/h2c in the values says that the app speaks HTTP/2 without TLS',
      ),
  }
}
