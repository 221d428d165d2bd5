import type { Cause } from '../../../model/results/diagnosis.js'
import { type Facts, same } from '../../../verification/diagnosis/facts.js'
import type { Delegation, GlooSnapshot, UpstreamState } from '../types.js'

/** The facts, together with Gloo's objects. */
export interface GlooFacts extends Facts {
  gloo: GlooSnapshot
}

/** One cause, if the facts point to it. */
export type GlooRule = (facts: GlooFacts) => Cause | undefined

/** The delegations that select the app's RouteTable; undefined if they could not be read. */
export function delegationsToApp({ delegations, table }: GlooSnapshot): Delegation[] | undefined {
  if (!delegations || !table) return undefined
  return delegations.filter(({ tables }) => tables.some((entry) => same(entry, table)))
}

/** The Upstreams that the app's routes lead to, as far as they could be read. */
export function usedUpstreams({ table, upstreams = [] }: GlooSnapshot): UpstreamState[] {
  const named = (table?.routes ?? []).flatMap((route) => route.destinations.map(({ backend }) => backend))
  return upstreams.filter((upstream) => named.some((entry) => same(entry, upstream)))
}

/** A status reason on one line, cut to a readable length. */
export function firstLines(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').trim()
  return line.length > 240 ? `${line.slice(0, 239)}…` : line
}
