import type { Cause, Certainty } from '../../model/results/diagnosis.js'
import { ENDPOINTS } from './endpoints.js'
import type { Facts, Rule } from './facts.js'
import { IN_FRONT } from './in-front.js'
import { PROTOCOL } from './protocol.js'
import { PROXY } from './proxy.js'

/** Causes that only a routing provider can name, by where they are on the way to the app. */
export interface ProviderRules {
  /** How requests are led to the app. */
  routes: Rule[]
  /** What the routes lead to. */
  backends: Rule[]
  /** What the proxies make of it. */
  proxies: Rule[]
}

const MOST_CAUSES = 3
const RANK: Record<Certainty, number> = { certain: 0, likely: 1, possible: 2 }

/**
 * The likeliest causes, at most three, the likeliest first: those that are proven, then guesses from the answers. Mere
 * possibilities are left out where something is proven. Without a proof: what the surroundings alone prove.
 */
export function diagnose(facts: Facts, provider?: ProviderRules): Cause[] {
  const { routes = [], backends = [], proxies = [] } = provider ?? {}
  // What leads to the app first: if that is broken, what lies behind can't be known.
  const rules = [...routes, ...backends, ...ENDPOINTS, ...proxies, ...PROXY, ...PROTOCOL, ...IN_FRONT]
  const found = rules.flatMap((rule) => rule(facts) ?? [])
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
