import type { Attachment, Matcher } from '../../../model/results/overlaps.js'
import { list, record, text, texts } from '../../fields.js'
import { overlapOf } from '../../matching/match-overlap.js'
import { overlapsBy, type RoutePair, type ServedRoute } from '../../matching/route-pairs.js'
import { isSameObject, type RoutingObject } from '../../objects.js'
import { GATEWAY, GROUP, HTTP_ROUTE } from '../kinds.js'
import { compareHosts, sharedHost, takes } from './hostnames.js'
import { matchersOf } from './matcher.js'

/** A Gateway, or what else a route attaches itself to, and the listener if it names one. */
interface Parent extends Attachment {
  group: string
  listener?: string
  port?: number
}

export const { allOverlaps, overlapsOf, addedOverlaps } = overlapsBy(pairsOf, roleOf)

function pairsOf(
  routes: RoutingObject[],
  counts: (one: RoutingObject, other: RoutingObject) => boolean,
): RoutePair[] {
  return routes.flatMap((one, index) =>
    routes
      .slice(index + 1)
      .filter((other) => counts(one, other) && !isSameObject(one, other))
      .flatMap((other) =>
        sharedParents(one, other).flatMap(({ kind, namespace, name }) =>
          servedBy(one).flatMap((served) =>
            servedBy(other).flatMap((rival) => pairs({ kind, namespace, name }, served, rival)),
          ),
        ),
      ),
  )
}

/** The requests that two matches share, by who takes them: that may differ from one hostname to another. */
function pairs(attachment: Attachment, one: ServedRoute, other: ServedRoute): RoutePair[] {
  const overlap = overlapOf(one.matcher, other.matcher)
  if (overlap === 'no') return []
  const isCertain = overlap === 'yes' && isOrdered(one.matcher, other.matcher)
  const meetings = hostnamesOf(one.owner).flatMap((host) =>
    hostnamesOf(other.owner).flatMap((rival) => {
      const domain = sharedHost(host, rival)
      const isFirst = (compareHosts(host, rival) || compareRoutes(one, other)) > 0
      return domain === undefined ? [] : [{ domain, isFirst }]
    }),
  )
  return [true, false].flatMap((isFirst): RoutePair[] => {
    const domains = meetings.filter((meeting) => meeting.isFirst === isFirst).map(({ domain }) => domain)
    if (domains.length === 0) return []
    const [winner, loser] = isFirst ? [one, other] : [other, one]
    const hasOtherDomains = hostnamesOf(loser.owner).some(
      (host) => !domains.some((domain) => takes(domain, host)),
    )
    return [{ attachment, domains: [...new Set(domains)], winner, loser, isCertain, hasOtherDomains }]
  })
}

/** Where an expression stands among other paths, each implementation decides. */
function isOrdered({ path: one }: Matcher, { path: other }: Matcher): boolean {
  const hasRegex = one.kind === 'regex' || other.kind === 'regex'
  return !hasRegex || (one.kind === other.kind && one.text === other.text)
}

/**
 * The specification's order of two matches with equal hostnames, positive if the first wins: exact path, longer prefix, method, more
 * headers, more query parameters; then the older route, and the first by namespace and name. One not made yet is the youngest.
 */
function compareRoutes(one: ServedRoute, other: ServedRoute): number {
  const difference = (measure: (matcher: Matcher) => number) => measure(one.matcher) - measure(other.matcher)
  return (
    difference(({ path }) => Number(path.kind === 'exact')) ||
    difference(({ path }) => path.text.length) ||
    difference(({ methods }) => methods.length) ||
    difference(({ headers }) => headers.length) ||
    difference(({ query }) => query.length) ||
    ageOf(other.owner).localeCompare(ageOf(one.owner), 'en') ||
    (idOf(one.owner) < idOf(other.owner) ? 1 : -1)
  )
}

function ageOf({ metadata }: RoutingObject): string {
  return text(metadata.creationTimestamp) ?? '9999'
}

function idOf({ metadata }: RoutingObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function servedBy(owner: RoutingObject): ServedRoute[] {
  return list(record(owner.spec).rules).flatMap((rule) =>
    matchersOf(rule).map((matcher) => ({ owner, matcher })),
  )
}

/** Hostnames do not depend on case. Without any, a route takes all that its listeners take. */
function hostnamesOf({ spec }: RoutingObject): string[] {
  const hostnames = texts(record(spec).hostnames).map((name) => name.toLowerCase())
  return hostnames.length > 0 ? hostnames : ['*']
}

/** Parents of the one that may have a listener for both; several listeners of one Gateway are one matter. */
function sharedParents(one: RoutingObject, other: RoutingObject): Parent[] {
  const rivals = parentsOf(other)
  const mayBeSame = <T>(mine: T | undefined, its: T | undefined) =>
    mine === undefined || its === undefined || mine === its
  const shared = parentsOf(one).filter((mine) =>
    rivals.some(
      (its) =>
        isSameParent(mine, its) && mayBeSame(mine.listener, its.listener) && mayBeSame(mine.port, its.port),
    ),
  )
  return shared.filter((mine, index) => shared.findIndex((other) => isSameParent(mine, other)) === index)
}

function isSameParent(one: Parent, other: Parent): boolean {
  const is = (field: 'group' | 'kind' | 'namespace' | 'name') => one[field] === other[field]
  return is('group') && is('kind') && is('namespace') && is('name')
}

function parentsOf({ metadata, spec }: RoutingObject): Parent[] {
  return list(record(spec).parentRefs).flatMap(({ group, kind, namespace, name, sectionName, port }) =>
    typeof name === 'string'
      ? [
          {
            group: text(group) ?? GROUP,
            kind: text(kind) ?? GATEWAY,
            namespace: text(namespace) ?? metadata.namespace ?? '',
            name,
            ...(typeof sectionName === 'string' ? { listener: sectionName } : {}),
            ...(typeof port === 'number' ? { port } : {}),
          },
        ]
      : [],
  )
}

function roleOf() {
  return HTTP_ROUTE.role
}
