import { segmentsOf } from '../gateway/matching.js'
import type { PathRewrite, RouteMatch } from '../gateway/routes.js'

/** A request's target with its path rewritten; its query stays. */
export function rewritten(
  url: string,
  { path: matched }: RouteMatch,
  rewrite: PathRewrite | undefined,
): string {
  if (rewrite === undefined) return url
  const [path = '', ...query] = url.split(/(?=\?)/)
  return newPath(path, matched, rewrite) + query.join('')
}

function newPath(path: string, matched: RouteMatch['path'], rewrite: PathRewrite): string {
  if ('full' in rewrite) return rewrite.full
  if ('prefix' in rewrite)
    return 'prefix' in matched ? rewrite.prefix + path.slice(matched.prefix.length) : path
  if (!('segments' in matched)) return path
  const rest = path.slice(segmentsOf(matched.segments).length)
  return segmentsOf(rewrite.segments) + rest || '/'
}
