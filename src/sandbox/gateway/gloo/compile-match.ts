import { wholeTextRegex } from '../regex.js'
import type { RouteMatch, ValueMatch } from '../routes.js'

/** A matcher as Envoy gets it; undefined for a regular expression that Envoy rejects. */
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
