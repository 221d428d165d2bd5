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

/** The pairs of `after` about requests that the routes did not share, or lose, before. */
export function addedPairs(before: RoutePair[], after: RoutePair[]): RoutePair[] {
  return after.filter((pair) => !before.some((one) => includes(one, pair)))
}

/** Header routes of a rollout repeat the matchers of the routes behind them: each pair once. */
export function broadest(pairs: RoutePair[]): RoutePair[] {
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

export function describePair(
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
export function ownerOf(object: RoutingObject): string {
  const release = helmReleaseOf(object)
  const { namespace, name } = release ?? refOf(object)
  return `${release ? 'release' : object.kind} ${namespace}/${name}`
}
