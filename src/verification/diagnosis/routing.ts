import { shellWord } from '../../lib/shell-word.js'
import type { Cause, SceneRoute, SceneTable } from '../../model/diagnosis.js'
import { delegationsToApp, errorsOf, type Facts, pathsOf, refText, type Rule, same } from './facts.js'

/** Causes in how requests are led to the app: VirtualServices, RouteTables and what Gloo says of them. */
export const ROUTING: Rule[] = [
  noRouteTable,
  noVirtualService,
  parentPrefix,
  rejectedTable,
  rivalTable,
  wrongHost,
]

function noRouteTable({ scene, name, namespace }: Facts): Cause | undefined {
  if (scene?.table !== null) return undefined
  return {
    id: 'no-route-table',
    title: `there is no RouteTable ${name}-routes in namespace ${namespace}`,
    evidence: ['the RouteTable that the release should have made is gone, or routes.enabled is false'],
    remedy: [`canary doctor ${name} -n ${namespace}    (what else was changed by hand)`],
    certainty: 'certain',
  }
}

function noVirtualService({ scene, name, namespace }: Facts): Cause | undefined {
  if (!scene?.table || !scene.delegations) return undefined
  if (delegationsToApp(scene)?.length !== 0) return undefined
  const others = new Set(
    scene.delegations.map(({ virtualService }) => refText('VirtualService', virtualService)),
  )
  const group = scene.release?.apiGroup
  return {
    id: 'no-virtual-service',
    title: `no VirtualService selects the RouteTable of ${name}`,
    evidence: [
      others.size === 0
        ? 'no VirtualService that may be read delegates to RouteTables'
        : `these delegate, but to other RouteTables: ${[...others].slice(0, 3).join(', ')}`,
      ...(group ? [`the RouteTable's label is apiGroup: ${group}`] : []),
      ...couldNot(scene.couldNotLook, 'virtualservices'),
    ],
    remedy: [
      'kubectl get virtualservices -A -o yaml    (is there a delegateAction with this label?)',
      `kubectl get routetable ${scene.table.name} -n ${namespace} --show-labels`,
    ],
    certainty: scene.couldNotLook.some((line) => line.startsWith('virtualservices')) ? 'likely' : 'certain',
  }
}

function couldNot(lines: string[], what: string): string[] {
  return lines.filter((line) => line.startsWith(what)).map((line) => `not looked at: ${line}`)
}

function parentPrefix({ scene }: Facts): Cause | undefined {
  const delegations = scene && delegationsToApp(scene)
  if (!scene?.table || !delegations || delegations.length === 0) return undefined
  const { table } = scene
  const outside = table.routes.filter(({ path }) =>
    delegations.every(({ prefix }) => !path.startsWith(prefix)),
  )
  const [route] = outside
  const [parent] = delegations
  if (!route || !parent) return undefined
  const { virtualService, prefix } = parent
  return {
    id: 'parent-prefix',
    title: `the route's prefix ${route.path} is outside the prefix ${prefix} that its VirtualService delegates`,
    evidence: [
      `${refText('VirtualService', virtualService)} delegates paths that begin with ${prefix}: Gloo drops all others`,
      ...statusLine(table),
    ],
    remedy: [
      `kubectl edit virtualservice ${virtualService.name} -n ${virtualService.namespace}    (prefix: / , or one that ${route.path} begins with)`,
    ],
    certainty: 'certain',
  }
}

function rejectedTable({ scene }: Facts): Cause | undefined {
  const table = scene?.table
  if (!table || table.status.state !== 'Rejected') return undefined
  return {
    id: 'route-table-rejected',
    title: `Gloo rejects ${refText('RouteTable', table)}: the routes from before stay`,
    evidence: statusLine(table),
    remedy: [
      `kubectl get routetable ${table.name} -n ${table.namespace} -o yaml    (status, and what was changed in spec)`,
      'any changing command with --take-over writes back what the release says',
    ],
    certainty: 'certain',
  }
}

/** `Warning: no destination specified`; nothing for an accepted table. */
function statusLine({ name, status }: SceneTable): string[] {
  if (status.state === 'Accepted') return []
  const reason = firstLines(status.reason)
  return [`Gloo's status of RouteTable ${name} is ${status.state}${reason ? `: ${reason}` : ''}`]
}

/** A status reason on one line, as far as people read it. */
export function firstLines(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').trim()
  return line.length > 240 ? `${line.slice(0, 239)}…` : line
}

function rivalTable({ scene, ...facts }: Facts): Cause | undefined {
  const delegations = scene && delegationsToApp(scene)
  const table = scene?.table
  if (!scene?.otherTables || !table || !delegations) return undefined
  const paths = pathsOf(facts)
  for (const delegation of delegations) {
    const rivals = scene.otherTables.filter((other) => delegation.tables.some((entry) => same(entry, other)))
    for (const rival of rivals) {
      const path = paths.find((candidate) => claims(rival, table, candidate))
      if (path !== undefined) return rivalCause(rival, table, path)
    }
  }
  return undefined
}

/** Whether every request for the path goes to the rival, by Gloo's order: weight, then path, then namespace and name. */
function claims(rival: SceneTable, table: SceneTable, path: string): boolean {
  const own = table.routes.find((route) => takesAll(route, path))
  const theirs = rival.routes.find((route) => takesAll(route, path))
  if (!theirs) return false
  if (rival.weight !== table.weight || !own) return rival.weight < table.weight
  const rank = { exact: 0, regex: 1, prefix: 2 }
  if (theirs.match !== own.match) return rank[theirs.match] < rank[own.match]
  if (theirs.path !== own.path) return theirs.path > own.path
  return `${rival.namespace}/${rival.name}` < `${table.namespace}/${table.name}`
}

function takesAll({ match, path, headers, isNarrowed }: SceneRoute, asked: string): boolean {
  if (headers.length > 0 || isNarrowed) return false
  return match === 'prefix' ? asked.startsWith(path) : match === 'exact' && asked === path
}

function rivalCause(rival: SceneTable, table: SceneTable, path: string): Cause {
  const order =
    rival.weight !== table.weight
      ? `its weight ${rival.weight} comes before ${table.weight}`
      : 'of the same weight, Gloo puts it first'
  return {
    id: 'rival-table',
    title: `${refText('RouteTable', rival)} claims ${path}, too, and wins`,
    evidence: [
      `both are selected by the same VirtualService; ${order}`,
      'Gloo reports no conflict: all requests for the path go to the first table',
    ],
    remedy: [
      `kubectl get routetable ${rival.name} -n ${rival.namespace} -o yaml    (whose is it, and does it mean ${path}?)`,
      'give it another prefix, or a spec.weight above that of the app',
    ],
    certainty: 'certain',
  }
}

function wrongHost(facts: Facts): Cause | undefined {
  const { scene, proof } = facts
  const delegations = scene && delegationsToApp(scene)
  if (!proof || !delegations || delegations.length === 0) return undefined
  if (errorsOf(facts, (kind) => kind === 'http 404 (no route)' || kind === 'no routes header') === 0)
    return undefined
  const host = (proof.host ?? new URL(proof.url).host).toLowerCase()
  const domains = [...new Set(delegations.flatMap((entry) => entry.domains))]
  if (domains.some((domain) => matchesDomain(domain.toLowerCase(), host))) return undefined
  return {
    id: 'wrong-host',
    title: `the VirtualService serves ${domains.join(', ')}, and the probes ask for ${host}`,
    evidence: ['the proxy knows no route for this host'],
    remedy: [
      `canary verify ${facts.name} -n ${facts.namespace} --host ${shellWord(domains.find((domain) => !domain.includes('*')) ?? 'HOST')}`,
    ],
    certainty: 'likely',
  }
}

/** As Envoy matches: `*`, a name, `*.suffix` or `prefix.*`. */
function matchesDomain(domain: string, host: string): boolean {
  if (domain === '*' || domain === host || domain === host.replace(/:\d+$/, '')) return true
  if (domain.startsWith('*')) return host.endsWith(domain.slice(1))
  return domain.endsWith('*') && host.startsWith(domain.slice(0, -1))
}
