export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
}

export function condition(type: string, isTrue: boolean, reason: string = type, message = ''): Condition {
  return { type, status: isTrue ? 'True' : 'False', reason, message }
}

/** Why no listener of a parent takes a route. */
export type Refusal = 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname'

/** A reference without a target. */
export interface BadReference {
  /** `slice`: the Service has no EndpointSlice at all. */
  why: 'service' | 'port' | 'grant' | 'kind' | 'slice'
  rule: number
  /** Index in the rule's backendRefs; undefined for a mirror. */
  backend?: number
  kind: string
  namespace: string
  name: string
  port?: number
}

/** A regular expression that RE2 refuses. */
export interface BadRegex {
  rule: number
  where: 'path' | 'header' | 'query'
  pattern: string
}

/** A translation's findings about a route, before an implementation words them. */
export interface RouteFindings {
  refused?: Refusal
  references: BadReference[]
  regexes: BadRegex[]
  /** `namespace/name` of Services without a ready endpoint. */
  withoutEndpoints: string[]
  /** Rules without backendRefs that needed some. */
  withoutBackends: number[]
  /** Rules with a filter that the implementation does not know, by the filter's type. */
  filters: { rule: number; type: string }[]
  /** `namespace/name` of other routes with a match of this one. */
  overlaps: string[]
  rules: number
}
