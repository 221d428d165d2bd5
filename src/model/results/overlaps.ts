import { commented, kubectlCommand } from '../command-line.js'
import type { RoutingRole } from '../routing.js'
import type { ObjectRef } from './diagnosis.js'

/** What a route asks of a request; all of it must hold. */
export interface Matcher {
  path: PathMatch
  /** False: exact paths and prefixes are compared without regard to case. */
  caseSensitive: boolean
  /** Empty: any. */
  methods: string[]
  /** Names in lower case. */
  headers: ValueMatch[]
  query: ValueMatch[]
}

export interface PathMatch {
  kind: 'exact' | 'prefix' | 'regex'
  text: string
  /** A prefix of whole segments: `/echo` takes `/echo` and `/echo/a`, not `/echofoo`. */
  segments?: true
}

/** A header or query parameter: its value, or only that it is there. */
export interface ValueMatch {
  name: string
  /** Undefined: any value. */
  value?: string
  /** Whether the value is a regular expression of the whole value. */
  regex: boolean
  /** Whether it must not be so. */
  invert: boolean
}

/** One route that answers requests, and whose it is. */
export interface RouteClaim extends ObjectRef {
  kind: string
  role: RoutingRole
  /** The Helm release that made the object, by Helm's marks. */
  release?: ObjectRef
  /** What it asks of a request: `prefix /echo, GET or POST`. */
  matcher: string
  match: Matcher
}

/** An object that attaches routes to a gateway. */
export interface Attachment extends ObjectRef {
  kind: string
}

/** Two routes of different owners that can take the same request. */
export interface RouteOverlap {
  attachment: Attachment
  domains: string[]
  /** Comes first, and takes the requests that fit both. */
  winner: RouteClaim
  loser: RouteClaim
  /** Which of the two is the app's, where it was asked for one. */
  own?: 'winner' | 'loser'
  /** Whether that could be decided: two regular expressions, for example, may or may not share a request. */
  certain: boolean
  /** Whether the winner takes every request of the loser. */
  isWhole: boolean
  /** Whether the loser takes every path and asks for nothing else: what is left over by all other routes. */
  isCatchAll: boolean
}

/** A domain claimed by several attachments of one kind of listener (with or without TLS). */
export interface DomainConflict {
  domain: string
  attachments: Attachment[]
}

/** `prefix /echo of Route echo/echo (Helm release echo in namespace echo)`. */
export function describeClaim({ kind, namespace, name, release, matcher }: RouteClaim): string {
  const owner = release ? ` (Helm release ${release.name} in namespace ${release.namespace})` : ''
  return `${matcher} of ${kind} ${namespace}/${name}${owner}`
}

/** Who takes what from whom, one line. */
export function describeOverlap({
  attachment,
  domains,
  winner,
  loser,
  certain,
  isWhole,
}: RouteOverlap): string {
  const share = isWhole ? 'all' : certain ? 'some' : 'perhaps some'
  const where = `${attachment.kind} ${attachment.namespace}/${attachment.name}, domains ${domains.join(', ')}`
  return `${describeClaim(winner)} comes first and takes ${share} requests of ${describeClaim(loser)}; ${where}`
}

/** `Gateways infra/app and web/web have domain *`. */
export function describeDomainConflict({ domain, attachments }: DomainConflict): string {
  const names = attachments.map(({ namespace, name }) => `${namespace}/${name}`)
  return `${attachments[0]?.kind}s ${names.join(' and ')} have domain ${domain}`
}

/** Commands that end a conflict, a line each. */
export function conflictRemedy({ domain, attachments }: DomainConflict): string[] {
  return [
    ...attachments.map(({ kind, namespace, name }) =>
      commented(kubectlCommand(['get', kind.toLowerCase(), name, '-o', 'yaml'], namespace), 'whose is it?'),
    ),
    `leave ${domain} to one of them: delete the other, or give it domains of its own; a route of the one can delegate to both apps`,
  ]
}
