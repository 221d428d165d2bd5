import type { Cause } from '../../../model/results/diagnosis.js'
import type { Facts } from '../../../verification/diagnosis/facts.js'
import { list, number, record, text } from '../../fields.js'
import { type RoutingObject, refOf } from '../../objects.js'
import { type Condition, conditionsOf } from '../gateways.js'
import type { GatewaySnapshot } from '../types.js'

/** The facts with the Gateway API's objects beside them. */
export interface GatewayFacts extends Facts {
  gateway: GatewaySnapshot
}

/** One cause, if the facts point to it. */
export type GatewayRule = (facts: GatewayFacts) => Cause | undefined

/** The conditions of an HTTPRoute at every parent. */
export function routeConditions({ status }: RoutingObject): Condition[] {
  return list(record(status).parents).flatMap(({ conditions }) => conditionsOf(conditions))
}

/** A Service that an HTTPRoute names, and where. */
export interface NamedBackend {
  rule: number
  name: string
  namespace: string
  port?: number
  weight: number
  isMirror: boolean
}

export function backendsOf(route: RoutingObject): NamedBackend[] {
  const backendOf = (ref: Record<string, unknown>, rule: number, isMirror: boolean): NamedBackend => ({
    rule,
    name: text(ref.name) ?? '',
    namespace: text(ref.namespace) ?? refOf(route).namespace,
    port: number(ref.port),
    weight: number(ref.weight) ?? 1,
    isMirror,
  })
  return list(record(route.spec).rules).flatMap(({ backendRefs, filters }, rule) => [
    ...list(backendRefs).map((ref) => backendOf(ref, rule, false)),
    ...list(filters).flatMap(({ type, requestMirror }) =>
      type === 'RequestMirror' ? [backendOf(record(record(requestMirror).backendRef), rule, true)] : [],
    ),
  ])
}

/** Regular expressions of an HTTPRoute that are none. */
export function badPatterns({ spec }: RoutingObject): string[] {
  return list(record(spec).rules)
    .flatMap(({ matches }) => list(matches))
    .flatMap(({ path, headers, queryParams }) => [record(path), ...list(headers), ...list(queryParams)])
    .flatMap(({ type, value }) =>
      type === 'RegularExpression' && isBad(text(value) ?? '') ? [text(value) ?? ''] : [],
    )
}

function isBad(pattern: string): boolean {
  try {
    new RegExp(pattern.replace(/^\(\?[a-z]+\)/, ''))
    return false
  } catch {
    return true
  }
}
