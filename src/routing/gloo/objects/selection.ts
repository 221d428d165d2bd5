import { record, text, texts, list } from '../../fields.js'
import { type GlooObject, writtenRoutes } from './gloo-object.js'

/**
 * Whether a route of the VirtualService delegates to a RouteTable with these labels in this namespace. With the table's
 * name, a delegation by name counts, too.
 */
export function selectsApiGroup(
  virtualService: GlooObject,
  labels: Record<string, string>,
  namespace: string,
  name?: string,
): boolean {
  const from = virtualService.metadata.namespace
  return writtenRoutes(virtualService).some(
    ({ delegateAction }) =>
      delegateAction !== undefined && selectsTable(delegateAction, from, { labels, namespace, name }),
  )
}

/**
 * Whether a delegation in an object of namespace `from` selects a RouteTable, like Gloo (route_table_selector.go): by
 * name, or by labels or expressions; without namespaces, in the namespace of its own object; `*` means all.
 */
export function selectsTable(
  delegateAction: unknown,
  from: string | undefined,
  { labels = {}, namespace, name }: { labels?: Record<string, string>; namespace?: string; name?: string },
): boolean {
  const delegation = record(delegateAction)
  if (delegation.selector === undefined) {
    const ref = record(delegation.ref ?? delegation)
    return name !== undefined && ref.name === name && ref.namespace === namespace
  }
  const { namespaces, labels: wanted, expressions } = record(delegation.selector)
  const scope = texts(namespaces)
  const isInScope =
    scope.length === 0
      ? from === namespace
      : scope.includes('*') || (namespace !== undefined && scope.includes(namespace))
  if (!isInScope) return false
  const pairs = Object.entries(record(wanted))
  return pairs.length > 0
    ? pairs.every(([key, value]) => labels[key] === value)
    : list(expressions).every((expression) => fulfils(labels, expression))
}

function fulfils(labels: Record<string, string>, expression: Record<string, unknown>): boolean {
  const value = labels[text(expression.key) ?? '']
  const values = texts(expression.values)
  const isAmong = value !== undefined && values.includes(value)
  switch (expression.operator ?? 'Equals') {
    case 'Equals':
    case 'DoubleEquals':
    case 'In':
      return isAmong
    case 'NotEquals':
    case 'NotIn':
      return !isAmong
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'GreaterThan':
      return Number(value) > Number(values[0])
    case 'LessThan':
      return Number(value) < Number(values[0])
    default:
      return false // Gloo rejects any other operator
  }
}

/** The RouteTables a VirtualService delegates to: `delegates to RouteTables with apiGroup: example`. */
export function describeDelegations(virtualService: GlooObject): string {
  const targets = writtenRoutes(virtualService).flatMap(({ delegateAction }) => {
    if (delegateAction === undefined) return []
    const delegation = record(delegateAction)
    if (delegation.selector === undefined) {
      const { name, namespace } = record(delegation.ref ?? delegation)
      return [`RouteTable ${text(namespace) ?? ''}/${text(name) ?? ''}`]
    }
    const { labels, expressions, namespaces } = record(delegation.selector)
    const pairs = Object.entries(record(labels)).map(([key, value]) => `${key}: ${text(value) ?? ''}`)
    const keys = list(expressions).map(({ key }) => `an expression on ${text(key) ?? ''}`)
    const scope = texts(namespaces)
    const where = scope.includes('*')
      ? ''
      : ` in namespace ${scope.join(', ') || (virtualService.metadata.namespace ?? '')}`
    return [`RouteTables with ${[...pairs, ...keys].join(', ') || 'any label'}${where}`]
  })
  return targets.length === 0
    ? 'delegates to no RouteTable'
    : `delegates to ${[...new Set(targets)].join(' and ')}`
}
