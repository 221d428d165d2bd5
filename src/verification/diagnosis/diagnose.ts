import type { Cause, Certainty } from '../../model/results/diagnosis.js'
import { ENDPOINTS } from './endpoints.js'
import type { Facts } from './facts.js'
import { IN_FRONT } from './in-front.js'
import { PROTOCOL } from './protocol.js'
import { PROXY } from './proxy.js'
import { ROUTING } from '../../routing/gloo/diagnosis/routes.js'

/** What leads to the app first: where that is broken, what lies behind it can not be told. */
const RULES = [...ROUTING, ...ENDPOINTS, ...PROXY, ...PROTOCOL, ...IN_FRONT]
const MOST_CAUSES = 3
const RANK: Record<Certainty, number> = { certain: 0, likely: 1, possible: 2 }

/**
 * The likeliest causes, at most three, the likeliest first: those that are proven, then guesses from the answers. Mere
 * possibilities are left out where something is proven. Without a proof: what the surroundings alone prove.
 */
export function diagnose(facts: Facts): Cause[] {
  const found = RULES.flatMap((rule) => rule(facts) ?? [])
  // Old routes on one proxy of several are that proxy's matter, and those of another app are not old.
  const isExplained = found.some(
    ({ id, certainty }) => id === 'proxy-behind' || (id === 'rival-table' && certainty === 'certain'),
  )
  const causes = found.filter(({ id }) => !(isExplained && id === 'old-routes'))
  const proven = causes.some(({ certainty }) => certainty === 'certain')
  return causes
    .filter(({ certainty }) =>
      facts.proof ? !(proven && certainty === 'possible') : certainty === 'certain',
    )
    .sort((one, other) => RANK[one.certainty] - RANK[other.certainty])
    .slice(0, MOST_CAUSES)
}
