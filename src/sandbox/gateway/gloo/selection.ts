import type { KubeObject } from '../../api-server/objects.js'

/** The RouteTables of a delegation: by name, or by labels or expressions in the namespaces of its selector. */
export function selectedTables(
  delegateAction: any,
  ownNamespace: string | undefined,
  tables: KubeObject[],
): KubeObject[] {
  const { selector, ref = delegateAction } = delegateAction
  if (!selector) {
    return tables.filter(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace)
  }
  const namespaces: unknown[] = selector.namespaces ?? [ownNamespace]
  const labels: [string, string][] = Object.entries(selector.labels ?? {})
  const expressions: any[] = selector.expressions ?? []
  return tables.filter(
    ({ metadata }) =>
      (namespaces.includes('*') || namespaces.includes(metadata.namespace)) &&
      labels.every(([name, value]) => metadata.labels?.[name] === value) &&
      expressions.every((expression) => holds(expression, metadata.labels?.[expression.key])),
  )
}

function holds({ operator, values = [] }: any, value: string | undefined): boolean {
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
    case '!':
      return value === undefined
    case 'NotEquals':
    case 'NotIn':
      return !values.includes(value)
    default:
      return values.includes(value)
  }
}

/** Tables by weight, ascending; those with the same weight together, by namespace and name. */
export function orderedTables(tables: KubeObject[]): KubeObject[][] {
  const groups = new Map<number, KubeObject[]>()
  const id = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`
  for (const table of [...tables].sort((a, b) => (id(a) < id(b) ? -1 : 1))) {
    const weight = Number(table.spec?.weight ?? 0)
    groups.set(weight, [...(groups.get(weight) ?? []), table])
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group)
}

/**
 * Gloo's order of the routes of tables with the same weight (sort_routes.go), stable: by the most specific matcher of
 * each, more methods first, then exact before regex before prefix, then the path descending. Headers are ignored.
 */
export function sortByPath<R extends { matchers: any[] }>(routes: R[]): R[] {
  const key = ({ matchers }: R) => [...matchers].sort(byPath)[0]
  return [...routes].sort((a, b) => byPath(key(a), key(b)))
}

function byPath(a: any, b: any): number {
  const [methodsA, methodsB] = [a.methods?.length ?? 0, b.methods?.length ?? 0]
  if (methodsA !== methodsB) return methodsB - methodsA
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  const [pathA, pathB] = [pathText(a), pathText(b)]
  return pathA === pathB ? 0 : pathA > pathB ? -1 : 1
}

function rank({ exact, regex }: any): number {
  return exact !== undefined ? 0 : regex !== undefined ? 1 : 2
}

/** The path of a matcher of any kind. */
export function pathText({ exact, regex, prefix }: any): string {
  return exact ?? regex ?? prefix ?? '/'
}
