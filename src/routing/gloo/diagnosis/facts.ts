import type { Cause } from '../../../model/results/diagnosis.js'
import { type Facts, same } from '../../../verification/diagnosis/facts.js'
import type { Delegation, GlooSnapshot, UpstreamState } from '../types.js'

/** The facts with Gloo's objects beside them. */
export interface GlooFacts extends Facts {
  gloo: GlooSnapshot
}

/** One cause, if the facts point to it. */
export type GlooRule = (facts: GlooFacts) => Cause | undefined

/** The delegations that select the app's RouteTable; undefined where they could not be looked at. */
export function delegationsToApp({ delegations, table }: GlooSnapshot): Delegation[] | undefined {
  if (!delegations || !table) return undefined
  return delegations.filter(({ tables }) => tables.some((entry) => same(entry, table)))
}

/** The Upstreams that the app's routes lead to, as far as they could be looked at. */
export function usedUpstreams({ table, upstreams = [] }: GlooSnapshot): UpstreamState[] {
  const named = (table?.routes ?? []).flatMap((route) => route.destinations.map(({ backend }) => backend))
  return upstreams.filter((upstream) => named.some((entry) => same(entry, upstream)))
}

/** A status reason on one line, as far as people read it. */
export function firstLines(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').trim()
  return line.length > 240 ? `${line.slice(0, 239)}…` : line
}
