import type { ProxyTraits } from '../../proxy/traits.js'
import type { LocalAnswer } from '../routes.js'
import type { Condition, RouteFindings } from './findings.js'
import type { Like } from './like.js'
import { CONTOUR } from './profiles/contour.js'
import { ENVOY_GATEWAY } from './profiles/envoy-gateway.js'
import { TRAEFIK } from './profiles/traefik.js'

/** What the Gateway API leaves open, as one implementation does it (measured, see docs/sandbox.md). */
export interface Profile {
  /** Of its GatewayClass. */
  className: string
  controllerName: string
  traits: ProxyTraits
  /** From a change of a route until the proxy serves it, and the same for endpoints; milliseconds. */
  routesMs: [number, number]
  endpointsMs: [number, number]
  /** Whether a status is written before traffic moves. */
  reportsEarly: boolean
  /** To a rule whose weights sum to 0. */
  withoutWeight: LocalAnswer
  /** To a rule without backendRefs; undefined leaves the rule out. */
  withoutBackends: LocalAnswer | undefined
  /** What happens to the share of a reference without a target: answered 500, or left to the other references. */
  invalidShare: 'fails' | 'goes to the others'
  /** Whether a Service without an EndpointSlice counts as a reference without a target. */
  needsSlices: boolean
  /** Whether a regular expression has to match the whole text. */
  matchesWhole: boolean
  /** Whether a route with a bad regular expression in a header match is served as it was before. */
  keepsOldRoute: boolean
  timeouts: boolean
  cors: boolean
  /** Mirroring: shares, every request, or a rule that fails. */
  mirror: 'share' | 'everything' | 'fails the rule'
  /** Whether a mirror to a missing Service fails the main traffic. */
  needsMirror: boolean
  /** Whether answers of the proxy itself, in place of a rule's backends, carry the rule's response headers. */
  headersOnOwnAnswers: boolean
  /** Whether a listener without a route is closed. */
  closesWithoutRoutes: boolean
  /** Conditions of a route at one parent, in the order they are written. */
  conditions(findings: RouteFindings): Condition[]
  /** Messages of a healthy GatewayClass, Gateway and listener. */
  messages: Record<'class' | 'accepted' | 'programmed' | 'listener', string>
}

export const PROFILES: Record<Like, Profile> = {
  'envoy-gateway': ENVOY_GATEWAY,
  contour: CONTOUR,
  traefik: TRAEFIK,
}
