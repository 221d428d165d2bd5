import type { KubeObject } from '../../api-server/objects.js'
import type { ProxyRoute, RouteMatch } from '../routes.js'

/** A match of a route, with what decides its place. */
export interface Placed {
  owner: KubeObject
  rule: number
  match: number
  route: ProxyRoute
}

/**
 * The order of the Gateway API: exact paths, then (left open: regular expressions, then) the longest prefix, a method,
 * the most headers, the most query parameters; then the oldest route, the first by name, the first rule.
 */
export function byPrecedence(a: Placed, b: Placed): number {
  const [one, other] = [rank(a.route.match), rank(b.route.match)]
  for (const [index, value] of one.entries()) if (value !== other[index]) return other[index]! - value
  return byAge(a.owner, b.owner) || a.rule - b.rule || a.match - b.match
}

function rank({ path, methods, headers, queryParameters }: RouteMatch): number[] {
  const kind = 'exact' in path ? 2 : 'regex' in path ? 1 : 0
  const length = 'segments' in path ? path.segments.length : 0
  return [kind, length, methods.length > 0 ? 1 : 0, headers.length, queryParameters.length]
}

/** The oldest first; of the same second, the first by namespace and name. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const [one, other] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (one !== other) return one < other ? -1 : 1
  const id = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`
  return id(a) === id(b) ? 0 : id(a) < id(b) ? -1 : 1
}
