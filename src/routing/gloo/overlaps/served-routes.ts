import { isDeepStrictEqual } from 'node:util'
import type { Matcher, ValueMatch } from '../../../model/results/overlaps.js'
import type { ServedRoute } from '../../matching/route-pairs.js'
import { matchersOf } from './matcher.js'
import { type GlooObject, tableWeight, writtenRoutes } from '../objects/gloo-object.js'
import { record } from '../../fields.js'
import { selectsTable } from '../objects/selection.js'

interface Route {
  owner: GlooObject
  matchers: Matcher[]
}

interface Parent {
  matcher: Matcher
  inheritsMatchers: boolean
  inheritsPath: boolean
}

/**
 * The routes of a VirtualService, in the proxy's order: the first match takes a request. RouteTables replace the
 * delegation that selects them (converter.go). Routes that Gloo drops are left out.
 */
export function servedRoutes(virtualService: GlooObject, tables: GlooObject[]): ServedRoute[] {
  const inNamespaces = [...tables].sort((one, other) => compare(idOf(one), idOf(other)))
  return routesOf(virtualService, inNamespaces, []).flatMap(({ owner, matchers }) =>
    matchers.map((matcher) => ({ owner, matcher })),
  )
}

function routesOf(owner: GlooObject, tables: GlooObject[], visited: GlooObject[], parent?: Parent): Route[] {
  return writtenRoutes(owner).flatMap((written) => {
    const matchers = parent ? inherited(written, parent) : matchersOf(written)
    if (parent && !matchers.every((matcher) => isWithin(matcher, parent.matcher))) return []
    if (written.delegateAction === undefined) return [{ owner, matchers }]
    const [matcher] = matchers
    if (matchers.length > 1 || matcher?.path.kind !== 'prefix') return []
    const next = {
      matcher,
      inheritsMatchers: isSet(written.inheritableMatchers) ?? parent?.inheritsMatchers ?? false,
      inheritsPath: isSet(written.inheritablePathMatchers) ?? parent?.inheritsPath ?? false,
    }
    const selected = tables.filter(({ metadata }) =>
      selectsTable(written.delegateAction, owner.metadata.namespace, metadata),
    )
    return byWeight(selected).flatMap((group) => {
      const routes = group.flatMap((table) =>
        visited.includes(table) ? [] : routesOf(table, tables, [...visited, table], next),
      )
      return group.length > 1 ? sortedByPath(routes) : routes
    })
  })
}

function inherited(written: Record<string, unknown>, parent: Parent): Matcher[] {
  const { matcher: outer } = parent
  const takesPath = isSet(written.inheritablePathMatchers) ?? parent.inheritsPath
  const takesRest = isSet(written.inheritableMatchers) ?? parent.inheritsMatchers
  return matchersOf(written).map((own) => ({
    ...own,
    ...(takesPath ? { path: outer.path, caseSensitive: outer.caseSensitive } : {}),
    ...(takesRest
      ? {
          methods: [...outer.methods, ...own.methods],
          headers: [...outer.headers, ...own.headers],
          query: [...outer.query, ...own.query],
        }
      : {}),
  }))
}

/** Gloo drops a delegated route outside its parent's matcher. */
function isWithin(own: Matcher, parent: Matcher): boolean {
  const hasAll = (some: ValueMatch[], all: ValueMatch[]) =>
    some.every((one) => all.some((other) => isDeepStrictEqual(one, other)))
  return (
    own.path.text.startsWith(parent.path.text) &&
    own.caseSensitive === parent.caseSensitive &&
    hasAll(parent.headers, own.headers) &&
    hasAll(parent.query, own.query) &&
    parent.methods.every((method) => own.methods.includes(method))
  )
}

function byWeight(tables: GlooObject[]): GlooObject[][] {
  const groups = new Map<number, GlooObject[]>()
  for (const table of tables) {
    const weight = tableWeight(table)
    groups.set(weight, [...(groups.get(weight) ?? []), table])
  }
  return [...groups].sort(([one], [other]) => one - other).map(([, group]) => group)
}

/**
 * Gloo's order of tables with the same weight (sort_routes.go), stable: by the most specific matcher of each route,
 * more methods first, then exact before regex before prefix, then the path descending. Headers do not count.
 */
function sortedByPath(routes: Route[]): Route[] {
  const keyed = routes.map((route) => ({ route, key: [...route.matchers].sort(bySpecificity)[0]! }))
  return keyed.sort((one, other) => bySpecificity(one.key, other.key)).map(({ route }) => route)
}

const RANK = { exact: 0, regex: 1, prefix: 2 }

function bySpecificity(one: Matcher, other: Matcher): number {
  return (
    other.methods.length - one.methods.length ||
    RANK[one.path.kind] - RANK[other.path.kind] ||
    compare(other.path.text, one.path.text)
  )
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}

function idOf({ metadata }: GlooObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** Both a plain boolean and protobuf's wrapped one are read. */
function isSet(flag: unknown): boolean | undefined {
  if (typeof flag === 'boolean') return flag
  const { value } = record(flag)
  return typeof value === 'boolean' ? value : undefined
}
