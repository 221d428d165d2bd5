import type { HeaderMatch, RouteMatch } from './routes.js'

export interface RequestHead {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
}

/** Whether a request fits a matcher, as Envoy decides it: path, method, then all headers and query parameters. */
export function matches(match: RouteMatch, request: RequestHead): boolean {
  return (
    pathMatches(match, request.path) &&
    (match.methods.length === 0 || match.methods.includes(request.method)) &&
    match.headers.every((header) => valueMatches(header, headerOf(request, header.name))) &&
    match.queryParameters.every((parameter) =>
      valueMatches(parameter, request.query.get(parameter.name) ?? undefined),
    )
  )
}

function pathMatches({ prefix, exact, regex }: RouteMatch, path: string): boolean {
  if (exact !== undefined) return path === exact
  if (regex !== undefined) return fullMatch(regex, path)
  return path.startsWith(prefix ?? '/')
}

/** A missing header never matches a value, inverted or not (measured with Envoy 1.40). */
function valueMatches({ value, regex, invert = false }: HeaderMatch, found: string | undefined): boolean {
  if (value === undefined || value === '') return (found !== undefined) !== invert
  if (found === undefined) return false
  return (regex ? fullMatch(value, found) : found === value) !== invert
}

function headerOf({ headers }: RequestHead, name: string): string | undefined {
  const value = headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(',') : value
}

function fullMatch(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'u').test(text)
}

/** Whether Envoy's RE2 takes the pattern; look-around and back-references it does not. */
export function isRegex(pattern: string): boolean {
  if (/\(\?[=!<]|\\[1-9]/.test(pattern)) return false
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}
