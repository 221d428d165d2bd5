import { UsageError } from '../../model/errors.js'
import { headerProblem } from '../../lib/http/headers.js'
import { pathProblem } from '../../lib/http/url-path.js'
import type { JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

/**
 * Throws UsageError for a match in the values that no request can meet: a path that clients never send in this form, or
 * a header that proxies do not pass on unchanged.
 */
export function requireRequests({ routes }: JsonObject): void {
  const matches = isObject(routes) && Array.isArray(routes.matches) ? routes.matches : []
  for (const [index, match] of matches.entries()) {
    if (!isObject(match)) continue
    const place = `routes.matches[${index}]`
    for (const use of ['prefix', 'exact'] as const) {
      const path = match[use]
      const problem = typeof path === 'string' ? pathProblem(path, use) : undefined
      if (problem) throw unfulfilled(`${place}.${use}: ${JSON.stringify(path)}`, problem)
    }
    const headers = Object.entries(isObject(match.headers) ? match.headers : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    )
    const problem = headerProblem(headers, 'match')
    if (problem) throw unfulfilled(`${place}.headers: ${JSON.stringify(problem.name)}`, problem)
  }
}

function unfulfilled(value: string, { what, remedy }: { what: string; remedy: string }): UsageError {
  return new UsageError(`${value} ${what}.`, { state: 'Nothing was changed.', nextSteps: [remedy] })
}
