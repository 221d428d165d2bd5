import type { Json, JsonObject } from '../../model/values.js'
import { effectiveConfig, imageOf } from '../plan/app-config.js'
import { isObject } from './merge.js'

/** Something odd in the values, and where: `routes.matches[1]`, `deployment.v2.image`. */
export interface Finding {
  place: string
  /** A clause about the place. */
  message: string
}

/** What the chart takes, but nobody is likely to mean: the version that comes new, and the routes. */
export function valuesFindings(values: JsonObject, version: string): Finding[] {
  return [
    ...imageFindings(values, version),
    ...drainingFindings(values, version),
    ...hiddenMatches(values.routes),
  ]
}

function imageFindings(values: JsonObject, version: string): Finding[] {
  const image = imageOf(values, version)
  if (!image) return []
  const place = placeOf(values, version, 'image')
  // With `repository` alone it is said that the tag is the version; of one text people expect `latest`.
  if (!image.pinned && !isObject(effectiveConfig(values, version).image)) {
    return [{ place, message: `no tag or digest given: ${version} runs ${image.reference}` }]
  }
  if (!image.reference.endsWith(':latest')) return []
  return [{ place, message: `${image.reference} may be another image each time a pod starts` }]
}

function drainingFindings(values: JsonObject, version: string): Finding[] {
  const { drainSeconds, terminationGracePeriodSeconds: period } = effectiveConfig(values, version)
  if (typeof drainSeconds !== 'number' || typeof period !== 'number' || drainSeconds < period) return []
  const message = `pods drain for ${drainSeconds} s, but are killed after ${period} s (terminationGracePeriodSeconds)`
  return [{ place: placeOf(values, version, 'drainSeconds'), message }]
}

/** Matches behind a prefix that takes all their requests: routes are tried in order. */
function hiddenMatches(routes: Json | undefined): Finding[] {
  const list = isObject(routes) && Array.isArray(routes.matches) ? routes.matches : []
  const findings: Finding[] = []
  const prefixes: { prefix: string; place: string }[] = []
  for (const [index, match] of list.entries()) {
    if (!isObject(match)) continue
    const place = `routes.matches[${index}]`
    const path = match.prefix ?? match.exact
    const hiding = prefixes.find(({ prefix }) => typeof path === 'string' && path.startsWith(prefix))
    if (hiding) {
      findings.push({
        place,
        message: `no request gets here: ${hiding.place}, ${hiding.prefix}, takes them all`,
      })
    }
    // One that asks for more than a path lets requests through to those behind it.
    const isOpen = !['methods', 'query', 'headers'].some((key) => isSaid(match[key]))
    if (isOpen && typeof match.prefix === 'string') prefixes.push({ prefix: match.prefix, place })
  }
  return findings
}

function isSaid(condition: Json | undefined): boolean {
  return typeof condition === 'object' && condition !== null && Object.keys(condition).length > 0
}

/** The version's own key where it has it, else that of all versions. */
function placeOf({ deployment }: JsonObject, version: string, key: string): string {
  const own = isObject(deployment) ? deployment[version] : undefined
  return isObject(own) && key in own ? `deployment.${version}.${key}` : `app.${key}`
}
