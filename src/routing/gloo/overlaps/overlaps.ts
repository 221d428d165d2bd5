import type { Matcher, RouteClaim, RouteOverlap } from '../../../model/results/overlaps.js'
import { covers, overlapOf } from '../../matching/match-overlap.js'
import { describeMatcher, isCatchAll } from './matcher.js'
import {
  attachmentOf,
  domainsOf,
  type GlooObject,
  type GlooRoutes,
  helmReleaseOf,
  isSameObject,
  refOf,
} from '../objects.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from '../kinds.js'
import { type ServedRoute, servedRoutes } from './served-routes.js'

/** Which objects are the app's. */
export type IsOwn = (object: GlooObject) => boolean

/** Two routes of one VirtualService that can take the same request; the first does. */
interface Pair {
  virtualService: GlooObject
  winner: ServedRoute
  loser: ServedRoute
  isCertain: boolean
}

/** All overlaps of routes of different owners. */
export function allOverlaps(routes: GlooRoutes): RouteOverlap[] {
  const pairs = pairsOf(routes, (one, other) => ownerOf(one) !== ownerOf(other))
  return broadest(pairs).map((pair) => describe(pair))
}

/** The overlaps of an app's routes with those of others. */
export function overlapsOf(routes: GlooRoutes, isOwn: IsOwn): RouteOverlap[] {
  return broadest(pairsWith(routes, isOwn)).map((pair) => describe(pair, isOwn))
}

/** The overlaps that `after` has and `before` had not: of requests that the app's routes did not share, or lost, before. */
export function addedOverlaps(before: GlooRoutes, after: GlooRoutes, isOwn: IsOwn): RouteOverlap[] {
  const known = pairsWith(before, isOwn)
  const added = pairsWith(after, isOwn).filter((pair) => !known.some((one) => includes(one, pair)))
  return broadest(added).map((pair) => describe(pair, isOwn))
}

function pairsWith(routes: GlooRoutes, isOwn: IsOwn): Pair[] {
  return pairsOf(routes, (one, other) => isOwn(one) !== isOwn(other))
}

function pairsOf(
  { virtualServices, routeTables }: GlooRoutes,
  counts: (one: GlooObject, other: GlooObject) => boolean,
): Pair[] {
  return virtualServices.flatMap((virtualService) => {
    const served = servedRoutes(virtualService, routeTables)
    return served.flatMap((winner, index) =>
      served.slice(index + 1).flatMap((loser): Pair[] => {
        if (!counts(winner.owner, loser.owner) || isOtherName(winner.matcher, loser.matcher)) return []
        const overlap = overlapOf(winner.matcher, loser.matcher)
        return overlap === 'no' ? [] : [{ virtualService, winner, loser, isCertain: overlap === 'yes' }]
      }),
    )
  })
}

/**
 * Whether the winner's path only begins like the loser's, in the middle of a name: `/shop-admin` and `/shop`. Gloo's
 * prefixes are of the text, but nobody's users ask for the one by the name of the other.
 */
function isOtherName({ path: winner }: Matcher, { path: loser }: Matcher): boolean {
  if (winner.kind === 'regex' || loser.kind !== 'prefix' || loser.text.endsWith('/')) return false
  const rest = winner.text.slice(loser.text.length)
  return winner.text.startsWith(loser.text) && rest !== '' && !rest.startsWith('/')
}

/** Whether all that `narrow` is about is part of what `wide` is about. */
function includes(wide: Pair, narrow: Pair): boolean {
  return (
    isSameObject(wide.virtualService, narrow.virtualService) &&
    isSameObject(wide.winner.owner, narrow.winner.owner) &&
    isSameObject(wide.loser.owner, narrow.loser.owner) &&
    covers(wide.winner.matcher, narrow.winner.matcher) &&
    covers(wide.loser.matcher, narrow.loser.matcher)
  )
}

/** Header routes of a rollout repeat what the routes behind them say: each matter once. */
function broadest(pairs: Pair[]): Pair[] {
  return pairs.filter(
    (pair, index) =>
      !pairs.some(
        (other, at) => at !== index && includes(other, pair) && (at < index || !includes(pair, other)),
      ),
  )
}

function describe({ virtualService, winner, loser, isCertain }: Pair, isOwn?: IsOwn): RouteOverlap {
  return {
    attachment: attachmentOf(virtualService),
    domains: domainsOf(virtualService),
    winner: claimOf(winner),
    loser: claimOf(loser),
    ...(isOwn ? { own: isOwn(winner.owner) ? 'winner' : 'loser' } : {}),
    certain: isCertain,
    isWhole: covers(winner.matcher, loser.matcher),
    isCatchAll: isCatchAll(loser.matcher),
  }
}

function claimOf({ owner, matcher }: ServedRoute): RouteClaim {
  const release = helmReleaseOf(owner)
  return {
    kind: owner.kind,
    role: owner.kind === VIRTUAL_SERVICE.kind ? VIRTUAL_SERVICE.role : ROUTE_TABLE.role,
    ...refOf(owner),
    ...(release ? { release } : {}),
    matcher: describeMatcher(matcher),
    match: matcher,
  }
}

function ownerOf(object: GlooObject): string {
  const release = helmReleaseOf(object)
  const { namespace, name } = release ?? refOf(object)
  return `${release ? 'release' : object.kind} ${namespace}/${name}`
}
