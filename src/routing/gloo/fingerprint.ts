import type { JsonObject } from '../../model/values.js'
import type { Fingerprint } from '../../model/routing.js'
import { list, record, text } from '../fields.js'
import { ROUTE_TABLE } from './kinds.js'

/**
 * Reads the fingerprint from a revision's rendered objects: the chart computes it, canary never does. `values` are the
 * effective ones. Undefined if the chart leaves the header out.
 */
export function fingerprintOf(objects: JsonObject[], values: JsonObject): Fingerprint | undefined {
  const header = text(record(values.routes).fingerprintHeader)
  if (!header) return undefined
  const table = objects.find(({ kind }) => kind === ROUTE_TABLE.kind)
  for (const route of list(record(table?.spec).routes)) {
    const value = responseHeader(route, header)
    if (value !== undefined) return { header, value }
  }
  return undefined
}

function responseHeader({ options }: Record<string, unknown>, name: string): string | undefined {
  const added = list(record(record(options).headerManipulation).responseHeadersToAdd)
  for (const entry of added) {
    const header = record(entry.header)
    const value = text(header.value)
    if (value !== undefined && text(header.key)?.toLowerCase() === name.toLowerCase()) return value
  }
  return undefined
}
