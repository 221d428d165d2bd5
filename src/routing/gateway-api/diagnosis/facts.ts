import type { Cause } from '../../../model/results/diagnosis.js'
import type { Facts } from '../../../verification/diagnosis/facts.js'
import { list, number, record, text } from '../../fields.js'
import { isRe2 } from '../../matching/regex.js'
import { type RoutingObject, refOf } from '../../objects.js'
import { askingOf } from '../gateway/attachment.js'
import { type Condition, conditionsOf, isParent } from '../gateway/gateways.js'
import type { GatewaySnapshot } from '../types.js'
import type { ParentRef } from '../values.js'

/** The facts with the Gateway API's objects beside them. */
export interface GatewayFacts extends Facts {
  gateway: GatewaySnapshot
}

/** One cause, if the facts point to it. */
export type GatewayRule = (facts: GatewayFacts) => Cause | undefined

/** The Gateways that the app's HTTPRoute names and that are there. */
export function ownGateways({ route, gateways = [] }: GatewaySnapshot): {
  gateway: RoutingObject
  parent: ParentRef
}[] {
  if (!route) return []
  return askingOf(route).parents.flatMap((parent) =>
    gateways.filter((one) => isParent(one, parent)).map((gateway) => ({ gateway, parent })),
  )
}

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
      type === 'RegularExpression' && !isRe2(text(value) ?? '') ? [text(value) ?? ''] : [],
    )
}
