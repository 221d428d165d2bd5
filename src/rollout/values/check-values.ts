import type { Json, JsonObject } from '../../model/values.js'
import { effectiveConfig, imageOf } from '../plan/app-config.js'
import { isObject } from './merge.js'

/** A doubtful setting in the values, and its place: `routes.matches[1]`, `deployment.v2.image`. */
export interface Finding {
  place: string
  /** A clause about the place. */
  message: string
}

/** Settings that are valid but hardly intended: of the version to deploy, and of the routes. */
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
  // For a map with `repository` alone, the docs promise the version as tag; for a plain text, people expect `latest`.
  if (!image.pinned && !isObject(effectiveConfig(values, version).image)) {
    return [{ place, message: `has no tag or digest: ${version} runs ${image.reference}` }]
  }
  if (!image.reference.endsWith(':latest')) return []
  return [{ place, message: `${image.reference} may be a different image each time a pod starts` }]
}

function drainingFindings(values: JsonObject, version: string): Finding[] {
  const { drainSeconds, terminationGracePeriodSeconds: period } = effectiveConfig(values, version)
  if (typeof drainSeconds !== 'number' || typeof period !== 'number' || drainSeconds < period) return []
  const message = `pods drain for ${drainSeconds} s, but are killed after ${period} s (terminationGracePeriodSeconds)`
  return [{ place: placeOf(values, version, 'drainSeconds'), message }]
}

/** Matches hidden behind a prefix that takes all their requests: routes are tried in order. */
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
        message: `gets no request: ${hiding.place}, ${hiding.prefix}, takes them all`,
      })
    }
    // A match with more conditions than a path lets requests through to those after it.
    const isOpen = !['methods', 'query', 'headers'].some((key) => isSaid(match[key]))
    if (isOpen && typeof match.prefix === 'string') prefixes.push({ prefix: match.prefix, place })
  }
  return findings
}

function isSaid(condition: Json | undefined): boolean {
  return typeof condition === 'object' && condition !== null && Object.keys(condition).length > 0
}

/** The version's own key if it has it, else that of all versions. */
function placeOf({ deployment }: JsonObject, version: string, key: string): string {
  const own = isObject(deployment) ? deployment[version] : undefined
  return isObject(own) && key in own ? `deployment.${version}.${key}` : `app.${key}`
}
