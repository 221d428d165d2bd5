import type { KubeObject } from '../api-server/objects.js'
import type { ProxyRoute } from './routes.js'

/** The RouteTables a delegation means: by name, or by labels in the namespaces of its selector. */
export function selectedTables(
  delegateAction: any,
  ownNamespace: string,
  tables: KubeObject[],
): KubeObject[] {
  const { selector, ref = delegateAction } = delegateAction
  if (!selector) {
    return tables.filter(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace)
  }
  const namespaces: string[] = selector.namespaces ?? [ownNamespace]
  const labels: [string, string][] = Object.entries(selector.labels ?? {})
  const expressions: any[] = selector.expressions ?? []
  return tables.filter(
    ({ metadata }) =>
      (namespaces.includes('*') || namespaces.includes(metadata.namespace ?? '')) &&
      labels.every(([name, value]) => metadata.labels?.[name] === value) &&
      expressions.every((expression) => holds(expression, metadata.labels?.[expression.key])),
  )
}

function holds({ operator, values = [] }: any, value: string | undefined): boolean {
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'NotEquals':
    case 'NotIn':
      return !values.includes(value)
    default:
      return values.includes(value)
  }
}

/** Tables by weight, ascending; those of one weight together, by namespace and name. */
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
 * Gloo's order of the routes of several tables of one weight (sort_routes.go), stable: more methods first, then exact
 * before regex before prefix, then the path descending. Headers are not looked at.
 */
export function sortByPath(routes: ProxyRoute[]): ProxyRoute[] {
  return [...routes].sort(({ match: a }, { match: b }) => {
    if (a.methods.length !== b.methods.length) return b.methods.length - a.methods.length
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    const [pathA, pathB] = [path(a), path(b)]
    return pathA === pathB ? 0 : pathA > pathB ? -1 : 1
  })
}

function rank({ exact, regex }: ProxyRoute['match']): number {
  return exact !== undefined ? 0 : regex !== undefined ? 1 : 2
}

function path({ exact, regex, prefix }: ProxyRoute['match']): string {
  return exact ?? regex ?? prefix ?? '/'
}
