import type { Fingerprint } from '../../model/routing.js'
import type { JsonObject } from '../../model/values.js'
import { list, record, text } from '../fields.js'
import { HTTP_ROUTE } from './kinds.js'

/**
 * Reads the fingerprint out of a revision's rendered objects: the chart computes it, canary never does. `values` are the effective
 * ones. Undefined if the chart leaves the header out.
 */
export function fingerprintOf(objects: JsonObject[], values: JsonObject): Fingerprint | undefined {
  const header = text(record(values.routes).fingerprintHeader)
  if (!header) return undefined
  const route = objects.find(({ kind }) => kind === HTTP_ROUTE.kind)
  for (const { filters } of list(record(route?.spec).rules)) {
    const set = list(filters).flatMap((filter) => list(record(filter.responseHeaderModifier).set))
    const value = text(set.find(({ name }) => text(name)?.toLowerCase() === header.toLowerCase())?.value)
    if (value !== undefined) return { header, value }
  }
  return undefined
}
