import { canaryCommand, commented, helmCommand, kubectlCommand } from '../../../model/command-line.js'
import type { Cause } from '../../../model/results/diagnosis.js'
import {
  conflictRemedy,
  describeDomainConflict,
  describeOverlap,
  type Matcher,
} from '../../../model/results/overlaps.js'
import { countOf, failing, refText } from '../../../verification/diagnosis/facts.js'
import type { TableState } from '../types.js'
import { delegationsToApp, firstLines, type GlooFacts, type GlooRule } from './facts.js'

/** Id of the cause that another app's routes come first. */
export const RIVAL = 'rival-table'

/** Causes in how requests reach the app: VirtualServices, RouteTables and Gloo's status of them. */
export const ROUTES: GlooRule[] = [
  domainConflict,
  noRouteTable,
  noVirtualService,
  parentPrefix,
  rejectedTable,
  rivalTable,
  wrongHost,
]

function noRouteTable({ gloo, name, namespace }: GlooFacts): Cause | undefined {
  if (gloo.table !== null) return undefined
  return {
    id: 'no-route-table',
    title: `there is no RouteTable ${name}-routes in namespace ${namespace}`,
    evidence: ['the RouteTable that the release should have made is gone, or routes.enabled is false'],
    remedy: [
      commented(
        canaryCommand(['doctor', name], { app: name, namespace }),
        'shows what else was changed by hand',
      ),
    ],
    certainty: 'certain',
  }
}

function noVirtualService({ gloo, snapshot, name, namespace }: GlooFacts): Cause | undefined {
  if (!gloo.table || !gloo.delegations) return undefined
  if (delegationsToApp(gloo)?.length !== 0) return undefined
  const others = new Set(
    gloo.delegations.map(({ virtualService }) => refText('VirtualService', virtualService)),
  )
  const { couldNotLook = [] } = snapshot ?? {}
  const group = gloo.table.apiGroup
  return {
    id: 'no-virtual-service',
    title: `no VirtualService selects the RouteTable of ${name}`,
    evidence: [
      others.size === 0
        ? 'no VirtualService that may be read delegates to RouteTables'
        : `these delegate, but to other RouteTables: ${[...others].slice(0, 3).join(', ')}`,
      ...(group ? [`the RouteTable's label is apiGroup: ${group}`] : []),
      ...couldNot(couldNotLook, 'virtualservices'),
    ],
    remedy: [
      commented(
        kubectlCommand(['get', 'virtualservices', '-A', '-o', 'yaml']),
        'look for a delegateAction with this label',
      ),
      kubectlCommand(['get', 'routetable', gloo.table.name, '--show-labels'], namespace),
    ],
    certainty: couldNotLook.some((line) => line.startsWith('virtualservices')) ? 'likely' : 'certain',
  }
}

function couldNot(lines: string[], what: string): string[] {
  return lines.filter((line) => line.startsWith(what)).map((line) => `not looked at: ${line}`)
}

function parentPrefix({ gloo }: GlooFacts): Cause | undefined {
  const delegations = delegationsToApp(gloo)
  if (!gloo.table || !delegations || delegations.length === 0) return undefined
  const { table } = gloo
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
      commented(
        kubectlCommand(['edit', 'virtualservice', virtualService.name], virtualService.namespace),
        `prefix: / , or one that ${route.path} begins with`,
      ),
    ],
    certainty: 'certain',
  }
}

function rejectedTable({ gloo }: GlooFacts): Cause | undefined {
  const table = gloo.table
  if (!table || table.status.state !== 'Rejected') return undefined
  return {
    id: 'route-table-rejected',
    title: `Gloo rejects ${refText('RouteTable', table)}: the previous routes stay`,
    evidence: statusLine(table),
    remedy: [
      commented(
        kubectlCommand(['get', 'routetable', table.name, '-o', 'yaml'], table.namespace),
        'see its status, and changes in its spec',
      ),
      'any changing command with --take-over restores it from the release',
    ],
    certainty: 'certain',
  }
}

/** `Warning: no destination specified`; empty for an accepted table. */
function statusLine({ name, status }: TableState): string[] {
  if (status.state === 'Accepted') return []
  const reason = firstLines(status.reason)
  return [`Gloo's status of RouteTable ${name} is ${status.state}${reason ? `: ${reason}` : ''}`]
}

/** Routes of others take precedence, for some of the app's requests or for all. */
function rivalTable(facts: GlooFacts): Cause | undefined {
  const { snapshot, name, namespace } = facts
  const lost = (snapshot?.overlaps ?? []).filter(({ own, certain }) => own === 'loser' && certain)
  const asked = failing(facts).flatMap(({ expectation }) => expectation.paths)
  const taking = lost.find(({ winner }) => asked.some((path) => takes(winner.match, path)))
  const overlap = taking ?? lost.find(({ isWhole }) => isWhole)
  if (!overlap) return undefined
  const { winner, loser, isWhole } = overlap
  const isForeign = countOf(facts, 'foreign-routes', 'no-routes-header') > 0
  const owner = winner.release
    ? commented(
        helmCommand(['get', 'values', winner.release.name], winner.release.namespace),
        'its Helm release',
      )
    : commented(
        kubectlCommand(['get', winner.kind.toLowerCase(), winner.name, '-o', 'yaml'], winner.namespace),
        'find its owner',
      )
  return {
    id: RIVAL,
    title: `${refText(winner.kind, winner)} takes requests of ${name}: its ${winner.matcher} comes before ${loser.matcher} of ${loser.name}`,
    evidence: [
      describeOverlap(overlap),
      'Gloo reports no conflict: the first route that fits a request takes it',
    ],
    remedy: [
      owner,
      commented(
        canaryCommand(['upgrade', name, '--set', '…'], { app: name, namespace }),
        'other routes.matches',
      ),
      'or change those of the other app',
    ],
    certainty: isWhole || isForeign ? 'certain' : 'likely',
  }
}

/** Whether a route can take a plain request for the path; expressions are not evaluated. */
function takes({ path, headers, query, caseSensitive }: Matcher, asked: string): boolean {
  if (path.kind === 'regex' || headers.length > 0 || query.length > 0) return false
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase())
  const [own, wanted] = [fold(asked.replace(/\?.*$/s, '')), fold(path.text)]
  return path.kind === 'exact' ? own === wanted : own.startsWith(wanted)
}

/** Gloo serves neither of two VirtualServices with the same domain: both keep their previous routes. */
function domainConflict({ snapshot }: GlooFacts): Cause | undefined {
  const [conflict] = snapshot?.domainConflicts ?? []
  if (!conflict) return undefined
  return {
    id: 'domain-conflict',
    title: `${describeDomainConflict(conflict)}: Gloo rejects them all, and their previous routes stay`,
    evidence: ['no change of an app behind them reaches the proxy until only one of them has the domain'],
    remedy: conflictRemedy(conflict),
    certainty: 'certain',
  }
}

function wrongHost(facts: GlooFacts): Cause | undefined {
  const { gloo, proof } = facts
  const delegations = delegationsToApp(gloo)
  if (!proof || !delegations || delegations.length === 0) return undefined
  if (countOf(facts, 'no-route', 'no-routes-header') === 0) return undefined
  const host = (proof.host ?? new URL(proof.url).host).toLowerCase()
  const domains = [...new Set(delegations.flatMap((entry) => entry.domains))]
  if (domains.some((domain) => matchesDomain(domain.toLowerCase(), host))) return undefined
  return {
    id: 'wrong-host',
    title: `the VirtualService serves ${domains.join(', ')}, and the probes ask for ${host}`,
    evidence: ['the proxy has no route for this host'],
    remedy: [
      canaryCommand(
        ['verify', facts.name, '--host', domains.find((domain) => !domain.includes('*')) ?? 'HOST'],
        { app: facts.name, namespace: facts.namespace },
      ),
    ],
    certainty: 'likely',
  }
}

/** Like Envoy: `*`, a name, `*.suffix` or `prefix.*`. */
function matchesDomain(domain: string, host: string): boolean {
  if (domain === '*' || domain === host || domain === host.replace(/:\d+$/, '')) return true
  if (domain.startsWith('*')) return host.endsWith(domain.slice(1))
  return domain.endsWith('*') && host.startsWith(domain.slice(0, -1))
}
