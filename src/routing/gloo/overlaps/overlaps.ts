import type { Matcher } from '../../../model/results/overlaps.js'
import { overlapOf } from '../../matching/match-overlap.js'
import { overlapsBy, type RoutePair } from '../../matching/route-pairs.js'
import { attachmentOf, domainsOf, type GlooObject, type GlooRoutes } from '../objects/gloo-object.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from '../kinds.js'
import { servedRoutes } from './served-routes.js'

export const { allOverlaps, overlapsOf, addedOverlaps } = overlapsBy(pairsOf, roleOf)

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
