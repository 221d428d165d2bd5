import type { JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

/**
 * Whether a path, without its query, belongs to the app: to `routes.matches` of its effective values, or `/APP`. A
 * prefix matches whole segments: `/echo-admin` may be another app's. `fits` matches a whole path against RE2.
 */
export function isOwnPath(
  path: string,
  { app, values, fits }: { app: string; values: JsonObject; fits: (regex: string, path: string) => boolean },
): boolean {
  if (!isPlainPath(path)) return false
  return matchesOf(app, values).some(({ exact, prefix, regex }) => {
    if (typeof exact === 'string') return path === exact
    if (typeof prefix === 'string') return isBelow(path, prefix)
    return typeof regex === 'string' && fits(regex, path)
  })
}

/** The app's paths, for messages: `/echo, /items/[0-9]+`. */
export function ownPathsText(app: string, values: JsonObject): string {
  return matchesOf(app, values)
    .flatMap(
      ({ exact, prefix, regex }) => [exact, prefix, regex].find((text) => typeof text === 'string') ?? [],
    )
    .join(', ')
}

/** Whether a path is the prefix, or continues it by whole segments. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

/** Whether a path means the same to every proxy: no dot segments, no encoded slashes. */
export function isPlainPath(path: string): boolean {
  if (/\\|%2f|%5c/i.test(path)) return false
  return !path.split('/').some((segment) => /^(?:\.|%2e){1,2}(?:;.*)?$/i.test(segment))
}

function matchesOf(app: string, { routes }: JsonObject): JsonObject[] {
  const matches = isObject(routes) && Array.isArray(routes.matches) ? routes.matches.filter(isObject) : []
  return matches.length > 0 ? matches : [{ prefix: `/${app}` }]
}
