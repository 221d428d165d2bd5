import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../api-server/objects.js'
import { orderedTables, pathText, selectedTables, sortByPath } from './selection.js'
import type { StatusReports } from './statuses.js'

/** A route as its user wrote it, with what it inherits; delegations are resolved. */
export interface FlatRoute {
  /** The VirtualService or RouteTable that contains it. */
  owner: KubeObject
  written: any
  matchers: any[]
  options: any
}

interface Parent {
  matcher: any
  options: any
  inheritableMatchers?: boolean
  inheritablePathMatchers?: boolean
}

const DEFAULT_MATCHER = { prefix: '/' }
const ACTIONS = ['routeAction', 'redirectAction', 'directResponseAction']

/**
 * The routes of a VirtualService in the proxy's order, with the routes of its RouteTables in place of the delegation
 * (Gloo's gateway translation, converter.go). Invalid routes are left out and reported.
 */
export function flattenRoutes(
  service: KubeObject,
  tables: KubeObject[],
  reports: StatusReports,
): FlatRoute[] {
  function visit(owner: KubeObject, routes: any[], visited: KubeObject[], parent?: Parent): FlatRoute[] {
    return routes.flatMap((written) => {
      const matchers = parent ? inheritedMatchers(written, parent) : matchersOf(written)
      const problem = parent && outsideParent(matchers, parent.matcher)
      if (problem) {
        reports.warn(owner, service, problem)
        return []
      }
      const options = { ...parent?.options, ...written.options }
      if (written.delegateAction) return delegate(owner, { written, matchers, options }, visited, parent)
      if (!ACTIONS.some((action) => written[action])) {
        reports.reject(owner, service, 'invalid route: route must specify an action')
        return []
      }
      return [{ owner, written, matchers, options }]
    })
  }

  function delegate(
    owner: KubeObject,
    { written, matchers, options }: Omit<FlatRoute, 'owner'>,
    visited: KubeObject[],
    grandparent: Parent | undefined,
  ): FlatRoute[] {
    const problem = unfitForDelegation(matchers)
    if (problem) {
      reports.reject(owner, service, problem)
      return []
    }
    const { selector, ref = written.delegateAction } = written.delegateAction
    const selected = selectedTables(written.delegateAction, owner.metadata.namespace, tables)
    if (selected.length === 0) {
      const missing = selector
        ? 'no route table matches the given selector'
        : `route table ${ref.namespace}.${ref.name} missing`
      reports.warn(owner, service, missing)
    }
    const parent: Parent = {
      matcher: matchers[0],
      options,
      inheritableMatchers: written.inheritableMatchers ?? grandparent?.inheritableMatchers,
      inheritablePathMatchers: written.inheritablePathMatchers ?? grandparent?.inheritablePathMatchers,
    }
    return orderedTables(selected).flatMap((group) => {
      const routes = group.flatMap((table) => {
        if (visited.includes(table)) {
          const cycle = [...visited, table].map(({ metadata }) => `[${metadata.namespace}.${metadata.name}]`)
          reports.reject(table, service, `invalid route: delegation cycle detected: ${cycle.join(' -> ')}`)
          return []
        }
        return visit(table, table.spec?.routes ?? [], [...visited, table], parent)
      })
      return group.length > 1 ? sortByPath(routes) : routes
    })
  }

  return visit(service, service.spec?.virtualHost?.routes ?? [], [])
}

function matchersOf({ matchers }: any): any[] {
  return matchers?.length > 0 ? matchers : [DEFAULT_MATCHER]
}

function inheritedMatchers(written: any, parent: Parent): any[] {
  const { matcher } = parent
  let matchers = matchersOf(written)
  if (written.inheritablePathMatchers ?? parent.inheritablePathMatchers) {
    const { prefix, caseSensitive } = matcher
    const own = written.matchers?.length > 0 ? matchers : [{}]
    matchers = own.map(({ exact: _exact, regex: _regex, ...rest }) => ({ ...rest, prefix, caseSensitive }))
  }
  if (!(written.inheritableMatchers ?? parent.inheritableMatchers)) return matchers
  return matchers.map((own) => ({
    ...own,
    headers: [...(matcher.headers ?? []), ...(own.headers ?? [])],
    methods: [...(matcher.methods ?? []), ...(own.methods ?? [])],
    queryParameters: [...(matcher.queryParameters ?? []), ...(own.queryParameters ?? [])],
  }))
}

function unfitForDelegation(matchers: any[]): string | undefined {
  if (matchers.length > 1)
    return 'invalid route: routes with delegate actions must omit or specify a single matcher'
  const { exact, regex } = matchers[0]
  return exact === undefined && regex === undefined
    ? undefined
    : 'invalid route: routes with delegate actions must use a prefix matcher'
}

/** Why a delegated route is outside its parent's matcher; undefined if it is inside. */
function outsideParent(matchers: any[], parent: any): string | undefined {
  const prefix = parent.prefix ?? '/'
  for (const matcher of matchers) {
    const path = pathText(matcher)
    if (!path.startsWith(prefix))
      return `required prefix: ${prefix}, prefix: ${path}: ${mustHave('begin with the prefix of')}`
    if (matcher.caseSensitive !== parent.caseSensitive)
      return `required caseSensitive: ${parent.caseSensitive}, caseSensitive: ${matcher.caseSensitive}: ${mustHave('have the same case sensitivity of')}`
    if (!isSuperset(matcher.headers, parent.headers))
      return `required headers: ${names(parent.headers)}, headers: ${names(matcher.headers)}: ${mustHave('have all headers that were specified on')}`
    if (!isSuperset(matcher.queryParameters, parent.queryParameters))
      return `required query params: ${names(parent.queryParameters)}, query params: ${names(matcher.queryParameters)}: ${mustHave('have all query params that were specified on')}`
    if (!(parent.methods ?? []).every((method: string) => matcher.methods?.includes(method)))
      return `required methods: [${(parent.methods ?? []).join(' ')}], methods: [${(matcher.methods ?? []).join(' ')}]: ${mustHave('have all methods that were specified on')}`
  }
  return undefined
}

function mustHave(what: string): string {
  return `invalid route: route table matchers must ${what} their parent route's matcher`
}

function isSuperset(own: any[] = [], wanted: any[] = []): boolean {
  return wanted.every((one) => own.some((other) => isDeepStrictEqual(other, one)))
}

function names(values: any[] = []): string {
  return `[${values.map(({ name, value }) => `name:"${name}"${value ? ` value:"${value}"` : ''}`).join(' ')}]`
}
