import { commented, kubectlCommand } from '../../../model/command-line.js'
import type { Cause, ProxyAdmin, SnapshotProxy, SnapshotRoute } from '../../../model/results/diagnosis.js'
import { countOf, refText } from '../../../verification/diagnosis/facts.js'
import { isUpToDate } from '../../../verification/diagnosis/proxy.js'
import { GLOO } from '../description.js'
import { isRe2, NOT_RE2 } from '../../matching/regex.js'
import type { TableState } from '../types.js'
import { firstLines, type GlooFacts, type GlooRule } from './facts.js'

/** Causes in how the proxies apply Gloo's configuration. */
export const PROXIES: GlooRule[] = [proxyRejects, replacedRoute]

/**
 * One bad route of any owner keeps Envoy from accepting new ones, even if every other status is fine. The counter alone
 * is not enough: it may count something long past, unless it still grows.
 */
function proxyRejects(facts: GlooFacts): Cause | undefined {
  const { snapshot, gloo } = facts
  if (!snapshot) return undefined
  const tables = [...(gloo.table ? [gloo.table] : []), ...(gloo.otherTables ?? [])]
  const culprits = tables.flatMap((table) => table.routes.flatMap((route) => faultOf(route, table)))
  const rejecting = (snapshot.proxies ?? []).filter(
    ({ admin }) => admin && admin.routesRejected > 0 && !isUpToDate(snapshot, admin),
  )
  const reported = tables.find(({ status }) => status.proxy?.state === 'Rejected')
  const servesOld = countOf(facts, 'foreign-routes') > 0
  if (culprits.length === 0 && rejecting.length === 0 && !(reported && (servesOld || !facts.proof)))
    return undefined
  const [culprit] = culprits
  const isNow =
    reported !== undefined || rejecting.some(({ admin }) => admin && admin.meanwhile.routesRejected > 0)
  if (!culprit && !isNow) return rejectedEarlier(rejecting)
  return {
    id: 'proxy-rejects',
    title: culprit
      ? `the proxy rejects the configuration because of ${refText('RouteTable', culprit.table)}: all routes stay unchanged`
      : 'the proxy rejects the configuration: all routes stay unchanged',
    evidence: [
      ...culprits
        .slice(0, 2)
        .map(({ table, what }) => `RouteTable ${table.namespace}/${table.name}: ${what}`),
      ...rejecting.slice(0, 2).map(({ pod, admin }) => rejections(pod, admin)),
      ...(reported
        ? [`Gloo reports for the proxy:  ${firstLines(reported.status.proxy?.reason ?? '')}`]
        : []),
    ],
    remedy: culprit
      ? [
          commented(
            kubectlCommand(['edit', 'routetable', culprit.table.name], culprit.table.namespace),
            'or ask the team that owns it',
          ),
        ]
      : ['glooctl check', `${GLOO.texts.proxyLogs} | grep -i rejected    (names the route)`],
    certainty: isNow || culprits.some(({ isSure }) => isSure) ? 'certain' : 'likely',
  }
}

function rejections(pod: string, { routesRejected = 0, meanwhile }: Partial<ProxyAdmin> = {}): string {
  const now = meanwhile?.routesRejected ?? 0
  return `proxy ${pod} rejected routes ${routesRejected} times since it started, ${now > 0 ? now : 'none'} during the diagnosis`
}

function rejectedEarlier(rejecting: SnapshotProxy[]): Cause {
  return {
    id: 'proxy-rejects',
    title: 'the proxy rejected a configuration earlier; whether it still does is unknown',
    evidence: rejecting.slice(0, 2).map(({ pod, admin }) => rejections(pod, admin)),
    remedy: ['glooctl check', `${GLOO.texts.proxyLogs} | grep -i rejected    (names the route and the time)`],
    certainty: 'possible',
  }
}

/** What Envoy rejects in a route although Gloo accepts it. */
function faultOf(
  { destinations, headers }: SnapshotRoute,
  table: TableState,
): { table: TableState; what: string; isSure: boolean }[] {
  const weights = destinations.flatMap(({ weight }) => (weight === undefined ? [] : [weight]))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const bad = headers.find(({ regex, value }) => regex && !isRe2(value))
  return [
    ...(weights.length > 0 && sum === 0
      ? [{ table, what: 'a route whose weights add up to 0', isSure: true }]
      : []),
    ...(bad
      ? [
          {
            table,
            what: `header ${bad.name} has to match ${bad.value}, which is not a valid regular expression for Envoy (RE2)`,
            isSure: NOT_RE2.test(bad.value),
          },
        ]
      : []),
  ]
}

function replacedRoute(facts: GlooFacts): Cause | undefined {
  const count = countOf(facts, 'invalid-gateway-configuration')
  if (count === 0) return undefined
  return {
    id: 'invalid-route-replaced',
    title: 'Gloo replaced an invalid route with its own answer',
    evidence: [`${count} answers are 404 "Gloo Gateway has invalid configuration"`],
    remedy: [
      commented(kubectlCommand(['get', 'routetable,upstream', '-o', 'yaml'], facts.namespace), 'status'),
      'glooctl check',
    ],
    certainty: 'certain',
  }
}
