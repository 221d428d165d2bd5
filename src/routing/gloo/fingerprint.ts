import type { JsonObject } from '../../model/values.js'
import { isObject } from '../../rollout/values/merge.js'

/** The header by which answers tell the routes they came through, and its value for one revision. */
export interface Fingerprint {
  header: string
  value: string
}

/**
 * Reads the fingerprint out of a revision's rendered objects: the chart computes it, canary never does.
 * `values` are the effective ones. Undefined where the chart leaves the header out.
 */
export function fingerprintOf(objects: JsonObject[], values: JsonObject): Fingerprint | undefined {
  const header = isObject(values.routes) ? values.routes.fingerprintHeader : undefined
  if (typeof header !== 'string' || header === '') return undefined
  const table = objects.find(({ kind }) => kind === 'RouteTable')
  const routes = isObject(table?.spec) ? table.spec.routes : undefined
  for (const route of Array.isArray(routes) ? routes : []) {
    const value = responseHeader(route, header)
    if (value !== undefined) return { header, value }
  }
  return undefined
}

function responseHeader(route: unknown, name: string): string | undefined {
  const options = isObject(route) ? route.options : undefined
  const manipulation = isObject(options) ? options.headerManipulation : undefined
  const added = isObject(manipulation) ? manipulation.responseHeadersToAdd : undefined
  for (const entry of Array.isArray(added) ? added : []) {
    const header = isObject(entry) ? entry.header : undefined
    if (!isObject(header) || typeof header.key !== 'string' || typeof header.value !== 'string') continue
    if (header.key.toLowerCase() === name.toLowerCase()) return header.value
  }
  return undefined
}
