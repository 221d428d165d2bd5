import { UsageError } from '../../model/errors.js'
import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

/** The limit of `verify.paths`. */
const MAX_PATHS = 20

/**
 * The paths by which probes reach the app, from `routes.matches` of its effective values: the path of each match that a
 * plain request of this method meets, its query parameters included. Undefined without matches: then it is the app's
 * own path. Throws UsageError where every match needs something that cannot be invented: a path for a pattern, or
 * headers.
 */
export function probePaths(values: JsonObject, method: string): string[] | undefined {
  const { matches } = routesOf(values)
  if (!Array.isArray(matches) || matches.length === 0) return undefined
  const paths = matches.flatMap((match) => (isObject(match) ? (pathOf(match, method) ?? []) : []))
  if (paths.length > 0) return [...new Set(paths)].slice(0, MAX_PATHS)
  throw new UsageError(
    `routes.matches: no entry can be probed by a plain ${method} request: each is a pattern, or requires another method, headers or a query pattern.`,
    {
      state: 'Nothing was probed.',
      nextSteps: [
        'name paths to probe in the values: `verify: {paths: [/items/1]}`, with verify.request for the method and headers',
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
