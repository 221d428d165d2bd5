import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { CorsPolicy } from '../gateway/routes.js'

/** Whether a request is a preflight, which asks if another is allowed. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

/** Headers for a page of another origin; none if its origin is not allowed. */
export function corsHeaders(
  policy: CorsPolicy,
  headers: IncomingHttpHeaders,
  isBefore: boolean,
): OutgoingHttpHeaders {
  const { origin } = headers
  if (origin === undefined || !policy.origins.some((allowed) => fits(allowed, origin))) return {}
  const anyOf = (list: string[], asked?: string) =>
    list.includes('*') && policy.credentials ? (asked ?? '') : list.join(', ')
  const always = {
    'access-control-allow-origin': policy.origins.includes('*') && !policy.credentials ? '*' : origin,
    ...(policy.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
  }
  if (!isBefore)
    return policy.exposed.length > 0
      ? { ...always, 'access-control-expose-headers': policy.exposed.join(', ') }
      : always
  return {
    ...always,
    'access-control-allow-methods': anyOf(policy.methods, headers['access-control-request-method']),
    'access-control-allow-headers': anyOf(
      policy.headers,
      [headers['access-control-request-headers'] ?? []].flat().join(', '),
    ),
    'access-control-max-age': String(policy.maxAgeSeconds),
  }
}

/** An origin, exactly or with a leading wildcard in its host: `https://*.example.com`. */
function fits(allowed: string, origin: string): boolean {
  if (allowed === '*' || allowed.toLowerCase() === origin.toLowerCase()) return true
  const [before, after] = allowed.toLowerCase().split('*.')
  return (
    after !== undefined &&
    origin.toLowerCase().startsWith(before!) &&
    origin.toLowerCase().endsWith(`.${after}`)
  )
}
