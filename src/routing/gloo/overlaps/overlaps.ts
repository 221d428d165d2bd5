import type { Matcher, RouteOverlap } from '../../../model/results/overlaps.js'
import { overlapOf } from '../../matching/match-overlap.js'
import {
  addedPairs,
  broadest,
  describePair,
  type IsOwn,
  ownerOf,
  type RoutePair,
} from '../../matching/route-pairs.js'
import { attachmentOf, domainsOf, type GlooObject, type GlooRoutes } from '../objects.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from '../kinds.js'
import { servedRoutes } from './served-routes.js'

/** All overlaps of routes of different owners. */
export function allOverlaps(routes: GlooRoutes): RouteOverlap[] {
  const pairs = pairsOf(routes, (one, other) => ownerOf(one) !== ownerOf(other))
  return broadest(pairs).map((pair) => describePair(pair, roleOf))
}

/** The overlaps of an app's routes with those of others. */
export function overlapsOf(routes: GlooRoutes, isOwn: IsOwn): RouteOverlap[] {
  return broadest(pairsWith(routes, isOwn)).map((pair) => describePair(pair, roleOf, isOwn))
}

/** The overlaps that `after` adds: of requests that the app's routes did not share, or lose, before. */
export function addedOverlaps(before: GlooRoutes, after: GlooRoutes, isOwn: IsOwn): RouteOverlap[] {
  const added = addedPairs(pairsWith(before, isOwn), pairsWith(after, isOwn))
  return broadest(added).map((pair) => describePair(pair, roleOf, isOwn))
}

function pairsWith(routes: GlooRoutes, isOwn: IsOwn): RoutePair[] {
  return pairsOf(routes, (one, other) => isOwn(one) !== isOwn(other))
}

function pairsOf(
  { virtualServices, routeTables }: GlooRoutes,
  counts: (one: GlooObject, other: GlooObject) => boolean,
): RoutePair[] {
  return virtualServices.flatMap((virtualService) => {
    const served = servedRoutes(virtualService, routeTables)
    const place = { attachment: attachmentOf(virtualService), domains: domainsOf(virtualService) }
    return served.flatMap((winner, index) =>
      served.slice(index + 1).flatMap((loser): RoutePair[] => {
        if (!counts(winner.owner, loser.owner) || isOtherName(winner.matcher, loser.matcher)) return []
        const overlap = overlapOf(winner.matcher, loser.matcher)
        return overlap === 'no' ? [] : [{ ...place, winner, loser, isCertain: overlap === 'yes' }]
      }),
    )
  })
}

/**
 * Whether the winner's path only starts like the loser's, in the middle of a name: `/shop-admin` and `/shop`. Gloo's
 * prefixes are textual, but nobody requests the one by the name of the other.
 */
function isOtherName({ path: winner }: Matcher, { path: loser }: Matcher): boolean {
  if (winner.kind === 'regex' || loser.kind !== 'prefix' || loser.text.endsWith('/')) return false
  const rest = winner.text.slice(loser.text.length)
  return winner.text.startsWith(loser.text) && rest !== '' && !rest.startsWith('/')
}

function roleOf({ kind }: GlooObject) {
  return kind === VIRTUAL_SERVICE.kind ? VIRTUAL_SERVICE.role : ROUTE_TABLE.role
}
