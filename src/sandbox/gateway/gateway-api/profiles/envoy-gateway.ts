import { ENVOY } from '../../../proxy/traits.js'
import { re2Problem } from '../../regex.js'
import { type BadReference, condition, type Refusal, type RouteFindings } from '../findings.js'
import type { Profile } from '../profile.js'

const REFUSALS: Record<Refusal, string> = {
  NoMatchingParent: 'No listeners match this parent ref',
  NotAllowedByListeners: 'No listeners included by this parent ref allowed this attachment.',
  NoMatchingListenerHostname:
    "There were no hostname intersections between the HTTPRoute and this parent ref's Listener(s).",
}

const REASONS = {
  service: 'BackendNotFound',
  slice: 'BackendNotFound',
  port: 'PortNotFound',
  grant: 'RefNotPermitted',
  kind: 'InvalidKind',
} satisfies Record<BadReference['why'], string>

/** Envoy Gateway 1.9 with Envoy 1.40. */
export const ENVOY_GATEWAY: Profile = {
  className: 'eg',
  controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
  traits: {
    ...ENVOY,
    server: undefined,
    timesUpstream: false,
    noEndpoints: { status: 503, body: '' },
  },
  routesMs: [3, 22],
  endpointsMs: [3, 22],
  reportsEarly: false,
  withoutWeight: { status: 500, body: '' },
  withoutBackends: { status: 500, body: '' },
  invalidShare: 'fails',
  needsSlices: false,
  matchesWhole: true,
  keepsOldRoute: false,
  timeouts: true,
  cors: true,
  mirror: 'share',
  needsMirror: true,
  headersOnOwnAnswers: true,
  closesWithoutRoutes: false,
  conditions,
  messages: {
    class: 'Valid GatewayClass',
    accepted: 'The Gateway has been scheduled by Envoy Gateway',
    programmed: 'Address assigned to the Gateway, 1/1 envoy replicas available',
    listener: 'Listener has been successfully translated',
  },
}

function conditions(found: RouteFindings) {
  const { refused, regexes, filters, references, withoutEndpoints, overlaps, rules } = found
  const dropped = [...new Set([...regexes, ...filters].map(({ rule }) => rule))].sort((a, b) => a - b)
  const problems = [
    ...regexes.map(
      ({ rule, pattern }) =>
        `Failed to process route rule ${rule}: regex ${JSON.stringify(pattern)} is invalid: ${re2Problem(pattern)}.`,
    ),
    ...filters.map(({ rule, type }) => `Failed to process route rule ${rule}: unsupported filter ${type}.`),
  ].join(' ')
  const isWhollyInvalid = dropped.length > 0 && dropped.length === rules
  const accepted = refused
    ? condition('Accepted', false, refused, REFUSALS[refused])
    : isWhollyInvalid
      ? condition('Accepted', false, 'UnsupportedValue', problems)
      : condition('Accepted', true, 'Accepted', 'Route is accepted')
  const partial =
    dropped.length > 0 && !isWhollyInvalid
      ? [
          condition(
            'PartiallyInvalid',
            true,
            'UnsupportedValue',
            `Dropped Rule(s) [${dropped.join(' ')}]: ${problems}`,
          ),
        ]
      : []
  const unavailable = withoutEndpoints.map(
    (service) => `no ready endpoints for the related Service ${service}`,
  )
  const available =
    unavailable.length > 0
      ? [
          condition(
            'BackendsAvailable',
            false,
            'EndpointsNotFound',
            `Failed to find endpoints: ${unavailable.join('; ')}.`,
          ),
        ]
      : []
  const [first] = references
  const resolved = first
    ? condition('ResolvedRefs', false, REASONS[first.why], references.map(problemOf).join(' '))
    : condition('ResolvedRefs', true, 'ResolvedRefs', 'Resolved all the Object references for the Route')
  const overlapping =
    overlaps.length > 0
      ? [
          condition(
            'RouteRulesOverlap',
            true,
            'RouteRulesOverlap',
            `Overlapping match conditions with route(s): ${overlaps.join(', ')}`,
          ),
        ]
      : []
  return [accepted, ...partial, ...available, resolved, ...overlapping]
}

function problemOf({ why, rule, backend, kind, namespace, name, port }: BadReference): string {
  const at =
    backend === undefined
      ? 'Failed to validate the RequestMirror filter'
      : `Failed to process route rule ${rule} backendRef ${backend}`
  const target = `${namespace}/${name}`
  switch (why) {
    case 'service':
    case 'slice':
      return `${at}: service ${target} not found.`
    case 'port':
      return `${at}: TCP Port ${port} not found on Service ${target}.`
    case 'grant':
      return `${at}: Backend ref to ${kind} ${target} not permitted by any ReferenceGrant.`
    case 'kind':
      return `${at}: Kind ${kind} is invalid, only Service is supported.`
  }
}
