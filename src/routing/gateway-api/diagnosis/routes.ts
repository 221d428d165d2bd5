import { canaryCommand, commented, kubectlCommand } from '../../../model/command-line.js'
import type { Cause } from '../../../model/results/diagnosis.js'
import { describeOverlap } from '../../../model/results/overlaps.js'
import { countOf, refText } from '../../../verification/diagnosis/facts.js'
import { refOf } from '../../objects.js'
import { askingOf, type RefusalKind, refusals } from '../gateway/attachment.js'
import { describeCondition, namedListeners } from '../gateway/gateways.js'
import { HTTP_ROUTE } from '../kinds.js'
import { takes } from '../overlaps/hostnames.js'
import { unservedField } from './unserved.js'
import { badPatterns, type GatewayFacts, type GatewayRule, ownGateways, routeConditions } from './facts.js'

/** Id of the cause that another app's routes come first. */
export const RIVAL = 'rival-route'

/** Causes in how requests are led to the app: its HTTPRoute, the Gateways it names, and the routes of others. */
export const ROUTES: GatewayRule[] = [
  noRoute,
  notAttached,
  badRegex,
  partlyInvalid,
  unservedField,
  rivalRoute,
  wrongHost,
]

const RESTORE = 'any changing command with --take-over writes back what the release says'

function noRoute({ gateway, name, namespace }: GatewayFacts): Cause | undefined {
  if (gateway.route !== null) return undefined
  return {
    id: 'no-http-route',
    title: `there is no HTTPRoute ${name} in namespace ${namespace}`,
    evidence: ['the HTTPRoute of the release is gone, or routes.enabled is false'],
    remedy: [
      commented(canaryCommand(['doctor', name], { app: name, namespace }), 'what else was changed by hand'),
    ],
    certainty: 'certain',
  }
}

const REMEDIES: Record<RefusalKind, string> = {
  'no-parent': RESTORE,
  'missing-gateway':
    'name a Gateway that is there: routes.gateway.name and routes.gateway.namespace in the values',
  'missing-listener': `correct routes.gateway.sectionName in the values; ${RESTORE}`,
  'listener-closed':
    "admit the namespace in the listener's allowedRoutes.namespaces, or label the namespace as it asks",
  'hostnames-apart': 'correct routes.hostnames in the values, or the hostname of the listener',
}

/** No parent takes the route: told by the objects; the conditions say the same later. */
function notAttached({ gateway, name }: GatewayFacts): Cause | undefined {
  const { route, gateways, namespaceLabels } = gateway
  if (!route || !gateways) return undefined
  const refused = refusals(askingOf(route), { gateways, namespaceLabels })
  const [first] = refused ?? []
  if (!refused || !first) return undefined
  const accepted = routeConditions(route).filter(
    ({ type, status }) => type === 'Accepted' && status !== 'True',
  )
  return {
    id: first.kind,
    title: `no Gateway takes the HTTPRoute of ${name}: ${first.why}`,
    evidence: [...refused.slice(1).map(({ why }) => why), ...accepted.slice(0, 2).map(describeCondition)],
    remedy: [
      first.gateway
        ? kubectlCommand(
            ['get', 'gateway', first.gateway.metadata.name, '-o', 'yaml'],
            first.gateway.metadata.namespace,
          )
        : kubectlCommand(['get', 'gateways', '-A']),
      REMEDIES[first.kind],
    ],
    certainty: 'certain',
  }
}

function badRegex({ gateway, texts }: GatewayFacts): Cause | undefined {
  const { route } = gateway
  const [pattern] = route ? badPatterns(route) : []
  if (!route || pattern === undefined) return undefined
  return {
    id: 'bad-regex',
    title: `the HTTPRoute has a regular expression that is none: ${pattern}`,
    evidence: [
      ...refusedConditions(route),
      `${texts.product} drops the rule, or the whole route, or keeps an older one: that depends on the implementation`,
    ],
    remedy: [editOf(route), `correct routes.matches in the values; ${RESTORE}`],
    certainty: 'certain',
  }
}

/** What an implementation reports of a route that parents take and it cannot serve whole. */
function partlyInvalid({ gateway }: GatewayFacts): Cause | undefined {
  const { route } = gateway
  const said = route ? refusedConditions(route) : []
  if (!route || said.length === 0) return undefined
  return {
    id: 'route-invalid',
    title: `${refText(HTTP_ROUTE.kind, refOf(route))} is not served as it is written`,
    evidence: said,
    remedy: [editOf(route), RESTORE],
    certainty: 'likely',
  }
}

/** Conditions about the route itself: neither about parents that do not take it nor about its backends. */
function refusedConditions(route: Parameters<typeof routeConditions>[0]): string[] {
  const found = routeConditions(route).filter(
    ({ type, status, reason }) =>
      (type === 'PartiallyInvalid' && status === 'True') ||
      (type === 'ValidMatches' && status === 'False') ||
      (type === 'Accepted' && status === 'False' && reason === 'UnsupportedValue'),
  )
  return found.map(describeCondition)
}

function editOf(route: Parameters<typeof refOf>[0]): string {
  const { name, namespace } = refOf(route)
  return commented(
    kubectlCommand(['get', 'httproute', name, '-o', 'yaml'], namespace),
    'spec, and status.parents',
  )
}

/** A route of another that comes first. */
function rivalRoute(facts: GatewayFacts): Cause | undefined {
  const { snapshot, gateway, name, namespace } = facts
  const lost = (snapshot?.overlaps ?? []).filter(({ own, certain }) => own === 'loser' && certain)
  const overlap = lost.find(({ isWhole }) => isWhole) ?? lost[0]
  if (!overlap) return undefined
  const { winner, loser, isWhole } = overlap
  const isForeign = countOf(facts, 'foreign-routes', 'no-routes-header', 'redirect') > 0
  if (!isWhole && !isForeign) return undefined
  const said = routeConditions(gateway.route ?? { kind: '', metadata: { name } }).filter(
    ({ type, status }) => type === 'RouteRulesOverlap' && status === 'True',
  )
  return {
    id: RIVAL,
    title: `${refText(winner.kind, winner)} takes requests of ${name}: its ${winner.matcher} comes before ${loser.matcher} of ${loser.name}`,
    evidence: [
      describeOverlap(overlap),
      ...(said.length > 0
        ? said.map(describeCondition)
        : [
            'of equal matches the older HTTPRoute wins, then the first by namespace and name; both are Accepted',
          ]),
    ],
    remedy: [
      commented(
        kubectlCommand(['get', 'httproute', winner.name, '-o', 'yaml'], winner.namespace),
        'whose is it?',
      ),
      commented(
        canaryCommand(['upgrade', name, '--set', '…'], { app: name, namespace }),
        'other routes.matches',
      ),
      'or give the other app other ones',
    ],
    certainty: isForeign || isWhole ? 'certain' : 'likely',
  }
}

function wrongHost(facts: GatewayFacts): Cause | undefined {
  const { gateway, proof, name, namespace } = facts
  const { route } = gateway
  if (!proof || !route || countOf(facts, 'no-route', 'no-routes-header') === 0) return undefined
  const asked = (proof.host ?? new URL(proof.url).host).toLowerCase().replace(/:\d+$/, '')
  const { hostnames } = askingOf(route)
  const listeners = ownGateways(gateway).flatMap((one) => namedListeners(one.gateway, one.parent))
  const served = hostnames.length > 0 ? hostnames : listeners.flatMap(({ hostname }) => hostname ?? '*')
  if (served.length === 0 || served.some((host) => takes(host.toLowerCase(), asked))) return undefined
  return {
    id: 'wrong-host',
    title: `the routes serve ${served.join(', ')}, and the probes ask for ${asked}`,
    evidence: ['the proxy knows no route for this host'],
    remedy: [
      canaryCommand(['verify', name, '--host', served.find((host) => !host.includes('*')) ?? 'HOST'], {
        app: name,
        namespace,
      }),
    ],
    certainty: 'likely',
  }
}
