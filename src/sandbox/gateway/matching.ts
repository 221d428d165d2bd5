import type { RouteMatch, ValueMatch } from './routes.js'

export interface RequestHead {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
  /** The proxy's port that received it. */
  port?: number
}

/** Whether a request matches, as in Envoy: path, method, then all headers and query parameters. */
export function matches(match: RouteMatch, request: RequestHead): boolean {
  return (
    pathMatches(match, request.path) &&
    (match.methods.length === 0 || match.methods.includes(request.method)) &&
    match.headers.every((header) => valueFits(header, headerOf(request, header.name))) &&
    match.queryParameters.every((one) => valueFits(one, request.query.get(one.name) ?? undefined))
  )
}

function pathMatches({ path, caseSensitive }: RouteMatch, asked: string): boolean {
  if ('regex' in path) return path.regex.test(asked)
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase())
  if ('exact' in path) return fold(asked) === fold(path.exact)
  if ('segments' in path) return startsWithSegments(asked, path.segments)
  return fold(asked).startsWith(fold(path.prefix))
}

/** Segments of a path, without a slash at their end: `/a` and `/a/` are the same. */
export function segmentsOf(path: string): string {
  return path.replace(/\/+$/, '')
}

function startsWithSegments(path: string, prefix: string): boolean {
  const wanted = segmentsOf(prefix)
  return path === wanted || path.startsWith(`${wanted}/`)
}

/** A missing header never matches a value, inverted or not (measured with Envoy 1.40). */
function valueFits({ value, invert }: ValueMatch, found: string | undefined): boolean {
  if (value === undefined) return (found !== undefined) !== invert
  if (found === undefined) return false
  return (typeof value === 'string' ? found === value : value.test(found)) !== invert
}

function headerOf({ headers }: RequestHead, name: string): string | undefined {
  const value = headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(',') : value
}
