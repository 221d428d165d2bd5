import type { ResourceType } from '../api-server/objects.js'
import type { WatchedKinds } from '../gateway/gateway-api/infrastructure.js'
import type { RealGateway } from './programs.js'

/** Kinds that a controller watches although nothing here uses them: without their definitions it does not start. */
export const WATCHED_KINDS: Record<RealGateway, WatchedKinds> = {
  contour: {
    kinds: [
      kind('projectcontour.io', 'HTTPProxy', 'httpproxies', 'v1'),
      kind('projectcontour.io', 'TLSCertificateDelegation', 'tlscertificatedelegations', 'v1'),
      kind('projectcontour.io', 'ExtensionService', 'extensionservices', 'v1alpha1'),
      kind('networking.k8s.io', 'Ingress', 'ingresses', 'v1'),
      gatewayApi('GRPCRoute', 'grpcroutes', 'v1'),
      gatewayApi('TLSRoute', 'tlsroutes', 'v1alpha2'),
      gatewayApi('TCPRoute', 'tcproutes', 'v1alpha2'),
    ],
    versions: { backendtlspolicies: ['v1alpha3'] },
  },
  traefik: {
    kinds: [gatewayApi('GRPCRoute', 'grpcroutes', 'v1'), gatewayApi('TLSRoute', 'tlsroutes', 'v1')],
    versions: {},
  },
}

function gatewayApi(name: string, plural: string, version: string): ResourceType {
  return kind('gateway.networking.k8s.io', name, plural, version)
}

function kind(group: string, name: string, plural: string, version: string): ResourceType {
  return {
    group,
    version,
    olderVersions: [],
    kind: name,
    plural,
    singular: name.toLowerCase(),
    shortNames: [],
    namespaced: true,
    custom: true,
    subresources: ['status'],
  }
}
