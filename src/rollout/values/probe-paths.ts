import { UsageError } from '../../model/errors.js'
import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

/** As many as `verify.paths` may name. */
const MAX_PATHS = 20

/**
 * The paths by which probes reach the app, from `routes.matches` of its effective values: the path of each match that a
 * plain request of this method fulfils, its query parameters included. Undefined where there are no matches: then it is
 * the app's own path. Throws UsageError where all matches need what can't be made up: a path for a pattern, or headers.
 */
export function probePaths(values: JsonObject, method: string): string[] | undefined {
  const { matches } = routesOf(values)
  if (!Array.isArray(matches) || matches.length === 0) return undefined
  const paths = matches.flatMap((match) => (isObject(match) ? (pathOf(match, method) ?? []) : []))
  if (paths.length > 0) return [...new Set(paths)].slice(0, MAX_PATHS)
  throw new UsageError(
    `routes.matches: none of them can be probed by a plain ${method} request, as each is a pattern, or wants another method, headers or a query that is a pattern.`,
    {
      state: 'Nothing was probed.',
      nextSteps: [
        'name paths that they take in the values: `verify: {paths: [/items/1]}`, with verify.request for the method and headers',
      ],
    },
  )
}

function pathOf(match: JsonObject, method: string): string | undefined {
  const { prefix, exact, methods, headers, query } = match
  const path = typeof exact === 'string' ? exact : typeof prefix === 'string' ? prefix : undefined
  if (path === undefined) return undefined
  if (Array.isArray(methods) && methods.length > 0 && !methods.includes(method)) return undefined
  if (isObject(headers) && Object.keys(headers).length > 0) return undefined
  const parameters = Object.entries(isObject(query) ? query : {})
  if (parameters.some(([, value]) => isObject(value))) return undefined
  const texts = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encoded(value)}`)
  return texts.length > 0 ? `${path}?${texts.join('&')}` : path
}

function encoded(value: Json): string {
  return typeof value === 'object' ? '' : encodeURIComponent(value)
}

function routesOf(values: JsonObject): JsonObject {
  return isObject(values.routes) ? values.routes : {}
}
