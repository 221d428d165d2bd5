import type { Attachment, Matcher, RouteClaim, RouteOverlap } from '../../model/results/overlaps.js'
import type { RoutingRole } from '../../model/routing.js'
import { helmReleaseOf, isSameObject, refOf, type RoutingObject } from '../objects.js'
import { covers } from './match-overlap.js'
import { describeMatcher, isCatchAll } from './matcher.js'

/** Which objects are the app's. */
export type IsOwn = (object: RoutingObject) => boolean

/** One matcher of a route, and the object that has the route. */
export interface ServedRoute {
  owner: RoutingObject
  matcher: Matcher
}

/** Two routes of one attachment that can take the same request; the winner takes it. */
export interface RoutePair {
  attachment: Attachment
  /** The domains they share. */
  domains: string[]
  winner: ServedRoute
  loser: ServedRoute
  isCertain: boolean
  /** Whether the loser has domains that the winner does not. */
  hasOtherDomains?: boolean
}

/** What a provider finds of overlaps among the routes of a cluster, of type T. */
export interface Overlaps<T> {
  /** All of routes of different owners. */
  allOverlaps: (routes: T) => RouteOverlap[]
  /** Those of an app's routes with the routes of others. */
  overlapsOf: (routes: T, isOwn: IsOwn) => RouteOverlap[]
  /** Those that `after` adds: of requests that the app's routes did not share, or lose, before. */
  addedOverlaps: (before: T, after: T, isOwn: IsOwn) => RouteOverlap[]
}

/** Overlaps by a provider's pairs of routes, of owners that count against each other, and its role of an owner. */
export function overlapsBy<T>(
  pairsOf: (routes: T, counts: (one: RoutingObject, other: RoutingObject) => boolean) => RoutePair[],
  roleOf: (owner: RoutingObject) => RoutingRole,
): Overlaps<T> {
  const pairsWith = (routes: T, isOwn: IsOwn) => pairsOf(routes, (one, other) => isOwn(one) !== isOwn(other))
  const described = (pairs: RoutePair[], isOwn?: IsOwn) =>
    broadest(pairs).map((pair) => describePair(pair, roleOf, isOwn))
  return {
    allOverlaps: (routes) => described(pairsOf(routes, (one, other) => ownerOf(one) !== ownerOf(other))),
    overlapsOf: (routes, isOwn) => described(pairsWith(routes, isOwn), isOwn),
    addedOverlaps: (before, after, isOwn) =>
      described(addedPairs(pairsWith(before, isOwn), pairsWith(after, isOwn)), isOwn),
  }
}

/** The pairs of `after` about requests that the routes did not share, or lose, before. */
function addedPairs(before: RoutePair[], after: RoutePair[]): RoutePair[] {
  return after.filter((pair) => !before.some((one) => includes(one, pair)))
}

/** Header routes of a rollout repeat the matchers of the routes behind them: each pair once. */
function broadest(pairs: RoutePair[]): RoutePair[] {
  return pairs.filter(
    (pair, index) =>
      !pairs.some(
        (other, at) => at !== index && includes(other, pair) && (at < index || !includes(pair, other)),
      ),
  )
}

/** Whether `wide` covers everything that `narrow` is about. */
function includes(wide: RoutePair, narrow: RoutePair): boolean {
  const [one, other] = [wide.attachment, narrow.attachment]
  return (
    one.name === other.name &&
    one.namespace === other.namespace &&
    isSameObject(wide.winner.owner, narrow.winner.owner) &&
    isSameObject(wide.loser.owner, narrow.loser.owner) &&
    covers(wide.winner.matcher, narrow.winner.matcher) &&
    covers(wide.loser.matcher, narrow.loser.matcher)
  )
}

function describePair(
  { attachment, domains, winner, loser, isCertain, hasOtherDomains = false }: RoutePair,
  roleOf: (owner: RoutingObject) => RoutingRole,
  isOwn?: IsOwn,
): RouteOverlap {
  return {
    attachment,
    domains,
    winner: claimOf(winner, roleOf),
    loser: claimOf(loser, roleOf),
    ...(isOwn ? { own: isOwn(winner.owner) ? 'winner' : 'loser' } : {}),
    certain: isCertain,
    isWhole: !hasOtherDomains && covers(winner.matcher, loser.matcher),
    isCatchAll: isCatchAll(loser.matcher),
  }
}

function claimOf({ owner, matcher }: ServedRoute, roleOf: (owner: RoutingObject) => RoutingRole): RouteClaim {
  const release = helmReleaseOf(owner)
  return {
    kind: owner.kind,
    role: roleOf(owner),
    ...refOf(owner),
    ...(release ? { release } : {}),
    matcher: describeMatcher(matcher),
    match: matcher,
  }
}

/** The object's release, or the object itself, as one text. */
function ownerOf(object: RoutingObject): string {
  const release = helmReleaseOf(object)
  const { namespace, name } = release ?? refOf(object)
  return `${release ? 'release' : object.kind} ${namespace}/${name}`
}
