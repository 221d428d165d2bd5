import { wholeTextRegex } from './regex.js'
import type { RouteMatch, ValueMatch } from './routes.js'

export interface RequestHead {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
}

/** A matcher as Envoy is told it; undefined where it has a regular expression that Envoy refuses. */
export function compileMatch(matcher: any): RouteMatch | undefined {
  const path = pathOf(matcher)
  const headers = valueMatches(matcher.headers)
  const queryParameters = valueMatches(matcher.queryParameters)
  if (!path || !headers || !queryParameters) return undefined
  return {
    path,
    caseSensitive: matcher.caseSensitive ?? true,
    methods: matcher.methods ?? [],
    headers,
    queryParameters,
  }
}

/** Whether a request fits a matcher, as Envoy decides it: path, method, then all headers and query parameters. */
export function matches(match: RouteMatch, request: RequestHead): boolean {
  return (
    pathMatches(match, request.path) &&
    (match.methods.length === 0 || match.methods.includes(request.method)) &&
    match.headers.every((header) => valueFits(header, headerOf(request, header.name))) &&
    match.queryParameters.every((one) => valueFits(one, request.query.get(one.name) ?? undefined))
  )
}

function pathOf({ exact, regex, prefix = '/' }: any): RouteMatch['path'] | undefined {
  if (exact !== undefined) return { exact }
  if (regex === undefined) return { prefix }
  const compiled = wholeTextRegex(regex)
  return compiled && { regex: compiled }
}

function valueMatches(written: any[] = []): ValueMatch[] | undefined {
  const compiled: ValueMatch[] = []
  for (const { name, value, regex, invertMatch } of written) {
    const wanted = value === '' ? undefined : regex && value !== undefined ? wholeTextRegex(value) : value
    if (value && wanted === undefined) return undefined
    compiled.push({ name, value: wanted, invert: invertMatch ?? false })
  }
  return compiled
}

function pathMatches({ path, caseSensitive }: RouteMatch, asked: string): boolean {
  if ('regex' in path) return path.regex.test(asked)
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase())
  if ('exact' in path) return fold(asked) === fold(path.exact)
  return fold(asked).startsWith(fold(path.prefix))
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
