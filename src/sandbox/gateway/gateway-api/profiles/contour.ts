import { ENVOY } from '../../../proxy/traits.js'
import { type BadReference, condition, type Refusal, type RouteFindings } from '../findings.js'
import type { Profile } from '../profile.js'

const REFUSALS: Record<Refusal, string> = {
  NoMatchingParent: 'No listeners match this parent ref',
  NotAllowedByListeners: 'No listeners included by this parent ref allowed this attachment.',
  NoMatchingListenerHostname: 'No intersecting hostnames were found between the listener and the route.',
}

/** Contour 1.33 with Envoy 1.40. */
export const CONTOUR: Profile = {
  className: 'contour',
  controllerName: 'projectcontour.io/gateway-controller',
  traits: { ...ENVOY, adminPort: 9001 },
  routesMs: [6, 25],
  endpointsMs: [6, 25],
  reportsEarly: false,
  withoutWeight: { status: 500, body: '' },
  withoutBackends: undefined,
  invalidShare: 'goes to the others',
  needsSlices: false,
  matchesWhole: true,
  keepsOldRoute: true,
  timeouts: true,
  cors: false,
  mirror: 'everything',
  needsMirror: false,
  headersOnOwnAnswers: false,
  closesWithoutRoutes: true,
  conditions,
  messages: {
    class: 'Valid GatewayClass',
    accepted: 'Gateway is accepted',
    programmed: 'Gateway is programmed',
    listener: 'Valid listener',
  },
}

function conditions({ refused, regexes, filters, references, withoutBackends }: RouteFindings) {
  const badValue = regexes.find(({ where }) => where !== 'path')
  const [filter] = filters
  const accepted = refused
    ? condition('Accepted', false, refused, REFUSALS[refused])
    : badValue
      ? condition(
          'Accepted',
          false,
          'UnsupportedValue',
          'Match value is invalid for RegularExpression match type.',
        )
      : filter
        ? condition(
            'Accepted',
            false,
            'UnsupportedValue',
            `HTTPRoute.Spec.Rules.Filters: invalid type "${filter.type}".`,
          )
        : condition('Accepted', true, 'Accepted', 'Accepted HTTPRoute')
  const valid = regexes.some(({ where }) => where === 'path')
    ? [
        condition(
          'ValidMatches',
          false,
          'InvalidPathMatch',
          'Match.Path.Value is invalid for RegularExpression match type.',
        ),
      ]
    : []
  const [first] = references
  const resolved = first
    ? condition('ResolvedRefs', false, reasonOf(first), [...new Set(references.map(problemOf))].join(', '))
    : withoutBackends.length > 0
      ? condition('ResolvedRefs', false, 'Degraded', 'At least one Spec.Rules.BackendRef must be specified.')
      : condition('ResolvedRefs', true, 'ResolvedRefs', 'References resolved')
  return refused ? [accepted, resolved] : [...valid, resolved, accepted]
}

function reasonOf({ why }: BadReference): string {
  return why === 'grant' ? 'RefNotPermitted' : why === 'kind' ? 'InvalidKind' : 'BackendNotFound'
}

function problemOf({ why, namespace, name, port }: BadReference): string {
  switch (why) {
    case 'service':
    case 'slice':
      return `service "${name}" is invalid: service "${namespace}/${name}" not found`
    case 'port':
      return `service "${name}" is invalid: port "${port}" on service "${namespace}/${name}" not matched`
    case 'grant':
      return "Spec.Rules.BackendRef.Namespace must match the route's namespace or be covered by a ReferenceGrant"
    case 'kind':
      return "Spec.Rules.BackendRef.Kind must be 'Service'"
  }
}
