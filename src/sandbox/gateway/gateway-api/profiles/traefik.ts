import type { ProxyTraits } from '../../../proxy/traits.js'
import { type BadReference, condition, type RouteFindings } from '../findings.js'
import type { Profile } from '../profile.js'

const PLAIN = 'text/plain; charset=utf-8'
const NO_SERVER = { status: 503, body: 'no available server\n', contentType: PLAIN }

const TRAITS: ProxyTraits = {
  balance: 'round robin',
  timesUpstream: false,
  noRoute: { status: 404, body: '404 page not found\n', contentType: PLAIN },
  noEndpoints: NO_SERVER,
  unreachable: { status: 502, body: 'Bad Gateway' },
  timedOut: { status: 504, body: 'Gateway Timeout' },
}

/** Traefik 3.7. */
export const TRAEFIK: Profile = {
  className: 'traefik',
  controllerName: 'traefik.io/gateway-controller',
  traits: TRAITS,
  routesMs: [140, 1380],
  endpointsMs: [140, 1380],
  reportsEarly: true,
  withoutWeight: NO_SERVER,
  withoutBackends: NO_SERVER,
  invalidShare: 'fails',
  needsSlices: true,
  matchesWhole: false,
  keepsOldRoute: false,
  timeouts: false,
  cors: false,
  mirror: 'fails the rule',
  needsMirror: false,
  headersOnOwnAnswers: true,
  closesWithoutRoutes: false,
  conditions,
  messages: {
    class: 'Handled by Traefik controller',
    accepted: 'Gateway successfully scheduled',
    programmed: 'Gateway successfully scheduled',
    listener: 'No error found',
  },
}

/** Bad regular expressions and unknown filters are ignored silently. */
function conditions({ refused, references }: RouteFindings) {
  const bad = references.find(({ backend }) => backend !== undefined)
  return [
    condition('Accepted', !refused, refused ?? 'Accepted'),
    bad ? condition('ResolvedRefs', false, reasonOf(bad), problemOf(bad)) : condition('ResolvedRefs', true),
  ]
}

function reasonOf({ why }: BadReference): string {
  return why === 'grant' ? 'RefNotPermitted' : why === 'kind' ? 'InvalidKind' : 'BackendNotFound'
}

function problemOf({ why, kind, namespace, name, port }: BadReference): string {
  const target = `${namespace}/${name}`
  switch (why) {
    case 'service':
      return `Cannot load HTTPBackendRef ${target}: getting service: service "${name}" not found`
    case 'slice':
      return `Cannot load HTTPBackendRef ${target}: endpointslices not found`
    case 'port':
      return `Cannot load HTTPBackendRef ${target}: service port ${port} not found`
    case 'grant':
      return `Cannot load HTTPBackendRef core/${kind}/${target}: missing ReferenceGrant`
    case 'kind':
      return `Cannot load HTTPBackendRef ${target}: unsupported kind ${kind}`
  }
}
