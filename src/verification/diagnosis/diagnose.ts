import type { Cause, Certainty } from '../../model/results/diagnosis.js'
import { APP_ANSWERS } from './app-answers.js'
import { ENDPOINTS } from './endpoints.js'
import type { Facts, Rule } from './facts.js'
import { IN_FRONT } from './in-front.js'
import { PROTOCOL } from './protocol.js'
import { PROXY } from './proxy.js'

/** Rules that only a routing provider has, by place on the path to the app. */
export interface ProviderRules {
  /** Routes to the app. */
  routes: Rule[]
  /** Backends of the routes. */
  backends: Rule[]
  /** Configuration in the proxies. */
  proxies: Rule[]
  /** Id of the cause that another app's routes come first. */
  rival: string
}

/** A provider's rules that read its own objects, given to them beside the facts. */
export function providerRules<T>(
  objects: T,
  rules: Record<'routes' | 'backends' | 'proxies', ((facts: Facts & T) => Cause | undefined)[]>,
  rival: string,
): ProviderRules {
  const given = (own: (typeof rules)['routes']) =>
    own.map(
      (rule): Rule =>
        (facts) =>
          rule({ ...facts, ...objects }),
    )
  return {
    routes: given(rules.routes),
    backends: given(rules.backends),
    proxies: given(rules.proxies),
    rival,
  }
}

const MOST_CAUSES = 3
const RANK: Record<Certainty, number> = { certain: 0, likely: 1, possible: 2 }

/**
 * At most three causes, the likeliest first: certain ones, then guesses from the answers. Possible causes are left out
 * if one is certain. Without a proof in the facts, only what the snapshot shows.
 */
export function diagnose(facts: Facts, provider?: ProviderRules): Cause[] {
  const { routes = [], backends = [], proxies = [], rival } = provider ?? {}
  // Routes first: if they are broken, nothing behind them can be judged.
  const rules = [
    ...routes,
    ...backends,
    ...ENDPOINTS,
    ...proxies,
    ...PROXY,
    ...PROTOCOL,
    ...IN_FRONT,
    ...APP_ANSWERS,
  ]
  const found = rules.flatMap((rule) => rule(facts) ?? [])
  // A single lagging proxy or another app's routes explain "old routes".
  const isExplained = found.some(
    ({ id, certainty }) => id === 'proxy-behind' || (id === rival && certainty === 'certain'),
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
