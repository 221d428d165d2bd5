import type { GlooState, GlooStatus } from '../types.js'
import { record, text } from '../../fields.js'
import type { GlooObject } from './gloo-object.js'

/** Gloo writes a state as a word when it patches, and as a number when it writes the whole object. */
const STATES: GlooState[] = ['Pending', 'Accepted', 'Rejected', 'Warning']
/** Of several Gloos' statuses, the worst counts. */
const SEVERITY: Record<GlooState, number> = { Rejected: 3, Warning: 2, Pending: 1, Accepted: 0 }
const NOTHING: { state: GlooState; reason: string } = { state: 'Pending', reason: '' }

/** Gloo's status of an object; Pending without one. Never throws, whatever the status contains. */
export function glooStatusOf({ status }: Pick<GlooObject, 'kind' | 'status'>): GlooStatus {
  const { statuses } = record(status)
  const all = statuses === undefined ? [record(status)] : Object.values(record(statuses)).map(record)
  const proxies = all.flatMap(({ subresourceStatuses }) =>
    Object.values(record(subresourceStatuses)).map(record),
  )
  return { ...worst(all), ...(proxies.length > 0 ? { proxy: worst(proxies) } : {}) }
}

function worst(statuses: Record<string, unknown>[]): { state: GlooState; reason: string } {
  const read = statuses.map(({ state, reason }) => ({ state: stateOf(state), reason: text(reason) ?? '' }))
  return read.reduce(
    (one, other) => (SEVERITY[other.state] > SEVERITY[one.state] ? other : one),
    read[0] ?? NOTHING,
  )
}

function stateOf(state: unknown): GlooState {
  if (typeof state === 'number') return STATES[state] ?? 'Pending'
  return STATES.find((word) => word === state) ?? 'Pending'
}
