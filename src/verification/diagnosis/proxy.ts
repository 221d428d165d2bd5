import type {
  Cause,
  ProxyAdmin,
  Snapshot,
  SnapshotProxy,
  SnapshotRoute,
  SnapshotTable,
} from '../../model/results/diagnosis.js'
import type { CheckResult, Counts } from '../../model/expectation.js'
import { isTransient } from '../answers/classify.js'
import { totalOf } from '../answers/error-counts.js'
import { countOf, errorsOf, type Facts, failing, ofAll, readyOf, refText, type Rule } from './facts.js'
import { firstLines } from '../../routing/gloo/diagnosis/routes.js'

/** Causes in what the proxies serve, against what is configured. */
export const PROXY: Rule[] = [
  proxyRejects,
  proxyBehind,
  oldRoutes,
  stickyRouting,
  wrongWeights,
  replacedRoute,
  proxyUnreachable,
]

/** Further from 0 than this, in standard deviations, answers do not fall independently of each other. */
const STICKY_Z = 4

/**
 * One bad route of anybody keeps Envoy from taking any new one: its own statuses can all be well. Its counter alone proves
 * nothing: what it counts may be long past, unless it goes on.
 */
function proxyRejects(facts: Facts): Cause | undefined {
  const { snapshot } = facts
  if (!snapshot) return undefined
  const tables = [...(snapshot.table ? [snapshot.table] : []), ...(snapshot.otherTables ?? [])]
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
      ? `the proxy rejects the configuration, for ${refText('RouteTable', culprit.table)} is bad: all routes stay as they were`
      : 'the proxy rejects the configuration: all routes stay as they were',
    evidence: [
      ...culprits
        .slice(0, 2)
        .map(({ table, what }) => `RouteTable ${table.namespace}/${table.name}: ${what}`),
      ...rejecting.slice(0, 2).map(({ pod, admin }) => rejections(pod, admin)),
      ...(reported ? [`Gloo says of the proxy: ${firstLines(reported.status.proxy?.reason ?? '')}`] : []),
    ],
    remedy: culprit
      ? [
          `kubectl edit routetable ${culprit.table.name} -n ${culprit.table.namespace}    (or ask the team whose it is)`,
        ]
      : [
          'glooctl check',
          'kubectl logs deployment/gateway-proxy -n gloo-system | grep -i rejected    (which route it is)',
        ],
    certainty: isNow || culprits.some(({ isSure }) => isSure) ? 'certain' : 'likely',
  }
}

function rejections(pod: string, { routesRejected = 0, meanwhile }: Partial<ProxyAdmin> = {}): string {
  const now = meanwhile?.routesRejected ?? 0
  return `proxy ${pod} rejected routes ${routesRejected} times since it started, ${now > 0 ? now : 'none'} while it was looked at`
}

function rejectedEarlier(rejecting: SnapshotProxy[]): Cause {
  return {
    id: 'proxy-rejects',
    title: 'the proxy rejected a configuration earlier; that it does so now is not certain',
    evidence: rejecting.slice(0, 2).map(({ pod, admin }) => rejections(pod, admin)),
    remedy: [
      'glooctl check',
      'kubectl logs deployment/gateway-proxy -n gloo-system | grep -i rejected    (which route it was, and when)',
    ],
    certainty: 'possible',
  }
}

/** What Envoy would not take of a route, though Gloo accepts it. */
function faultOf(
  { destinations, headers }: SnapshotRoute,
  table: SnapshotTable,
): { table: SnapshotTable; what: string; isSure: boolean }[] {
  const weights = destinations.flatMap(({ weight }) => (weight === undefined ? [] : [weight]))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const bad = headers.find(({ regex, value }) => regex && !compiles(value))
  return [
    ...(weights.length > 0 && sum === 0
      ? [{ table, what: 'a route whose weights add up to 0', isSure: true }]
      : []),
    ...(bad
      ? [
          {
            table,
            what: `header ${bad.name} has to match ${bad.value}, which is no regular expression of Envoy's (RE2)`,
            isSure: NOT_RE2.test(bad.value),
          },
        ]
      : []),
  ]
}

/** What JavaScript knows and RE2 does not: looking around, and back at groups. */
const NOT_RE2 = /\(\?(?:[=!]|<[=!])|\\[1-9]/

/** Whether Envoy takes it. RE2 knows flags that JavaScript does not; what is broken in both is broken. */
function compiles(pattern: string): boolean {
  if (NOT_RE2.test(pattern)) return false
  try {
    new RegExp(pattern.replace(/\(\?[imsU-]+\)/g, '').replace(/\(\?P</g, '(?<'))
    return true
  } catch {
    return false
  }
}

function isUpToDate({ release }: Snapshot, { headerValues }: { headerValues: string[] }): boolean {
  return release?.fingerprint !== undefined && headerValues.includes(release.fingerprint)
}

/** Some proxies are fine, and others are not. */
function proxyBehind(facts: Facts): Cause | undefined {
  for (const check of failing(facts)) {
    const proxies = Object.entries(check.perProxy).filter(([, counts]) => counts.sent > 0)
    const behind = proxies.filter(([, counts]) => disagrees(counts, check))
    const [first] = behind
    if (!first || behind.length === proxies.length) continue
    const names = behind.map(([name]) => name)
    return {
      id: 'proxy-behind',
      title: `${names.join(', ')} ${names.length === 1 ? 'serves' : 'serve'} something else than the other ${proxies.length - behind.length === 1 ? 'proxy' : 'proxies'}`,
      evidence: behind
        .slice(0, 3)
        .map(([name, counts]) => `${name}: ${describeCounts(counts)}; all others are as they should be`),
      remedy: [
        `kubectl logs ${first[0]} -n gloo-system --tail 50`,
        `kubectl delete pod ${first[0]} -n gloo-system    (a new one takes its place, with the present routes)`,
      ],
      certainty: 'certain',
    }
  }
  return configuredBehind(facts)
}

/** Where all proxies are asked by one address, their own configuration tells. */
function configuredBehind({ snapshot, proof, name, namespace }: Facts): Cause | undefined {
  if (!proof || !snapshot) return undefined
  const reported = (snapshot.proxies ?? []).filter(({ admin }) => admin !== undefined)
  const behind = reported.filter(({ admin }) => admin && !isUpToDate(snapshot, admin))
  const [first] = behind
  if (snapshot.release?.fingerprint === undefined || !first || behind.length === reported.length)
    return undefined
  return {
    id: 'proxy-behind',
    title: `${behind.map(({ pod }) => pod).join(', ')} ${behind.length === 1 ? 'has' : 'have'} other routes than the other proxies`,
    evidence: [
      `${ofAll(behind.length, reported.length)} proxies ${behind.length === 1 ? 'has' : 'have'} not got the routes of this revision`,
    ],
    remedy: [
      ...(proof.proxies ? [] : [`canary verify ${name} -n ${namespace} --each-proxy`]),
      `kubectl delete pod ${first.pod} -n gloo-system    (a new one takes its place, with the present routes)`,
    ],
    certainty: 'certain',
  }
}

/** Whether these answers alone speak against what the check expects: errors, or plainly another share. */
function disagrees(counts: Counts, { expectation, tolerance }: CheckResult): boolean {
  if (totalOf(counts.errors) > 0) return true
  const { canary, share } = expectation
  const answers = Object.values(counts.byVersion).reduce((sum, count) => sum + count, 0)
  if (answers === 0) return false
  const seen = (canary === undefined ? 0 : (counts.byVersion[canary] ?? 0)) / answers
  if (share === 0 || share === 1) return seen !== share
  // Two standard deviations beyond the tolerance: a proxy that is fine seldom gets there by chance.
  return Math.abs(seen - share) > tolerance + 2 * Math.sqrt((share * (1 - share)) / answers)
}

function describeCounts({ sent, byVersion, errors }: Counts): string {
  const parts = [
    ...Object.entries(byVersion).map(([version, count]) => `${count} ${version}`),
    ...errors.map(({ text, count }) => `${count} ${text}`),
  ]
  return `${parts.join(', ')} of ${sent} probes`
}

function oldRoutes(facts: Facts): Cause | undefined {
  const { snapshot, proof } = facts
  const foreign = countOf(facts, 'foreign-routes')
  const asBefore = failing(facts).find((check) => looksAsBefore(check))
  const neverTurned =
    proof?.convergence === 'fingerprint' &&
    proof.convergedMs === undefined &&
    failing(facts).some(({ sent }) => sent === 0) &&
    countOf(facts, 'no-routes-header', 'no-route') > 0
  if (!proof || (foreign === 0 && !neverTurned && !(asBefore && proof.convergence === 'epochs')))
    return undefined
  const reported = (snapshot?.proxies ?? []).filter(({ admin }) => admin !== undefined)
  const behind = snapshot ? reported.filter(({ admin }) => admin && !isUpToDate(snapshot, admin)) : []
  return {
    id: 'old-routes',
    title: 'the proxy still serves the routes from before',
    evidence: [
      ...(foreign > 0 ? [`${foreign} answers carry the fingerprint of other routes`] : []),
      ...(neverTurned && foreign === 0 ? ['no answer carried the fingerprint of the wanted routes'] : []),
      ...(asBefore?.expectation.shareBefore !== undefined
        ? [
            `the canary's share looks like the ${percent(asBefore.expectation.shareBefore)} of the stage before`,
          ]
        : []),
      ...(behind.length > 0
        ? [`${ofAll(behind.length, reported.length)} proxies have not got the new routes`]
        : []),
    ],
    remedy: [
      `canary verify ${facts.name} -n ${facts.namespace} --verify-timeout 2m    (Gloo or the proxy may just be slow)`,
      'kubectl logs deployment/gloo -n gloo-system --tail 50    (does Gloo translate at all?)',
    ],
    certainty: behind.length > 0 ? 'certain' : 'likely',
  }
}

function looksAsBefore({ expectation, interval, byVersion }: CheckResult): boolean {
  const { share, shareBefore } = expectation
  if (shareBefore === undefined || shareBefore === share || Object.keys(byVersion).length === 0) return false
  return shareBefore >= interval[0] && shareBefore <= interval[1]
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

function stickyRouting(facts: Facts): Cause | undefined {
  const check = failing(facts).find(
    ({ runsZ = 0, connectionsZ = 0 }) => runsZ < -STICKY_Z || connectionsZ > STICKY_Z,
  )
  if (!check) return undefined
  const { connectionsZ = 0 } = check
  return {
    id: 'sticky-routing',
    title: 'routing is sticky: the same client gets the same version again',
    evidence: [
      connectionsZ > STICKY_Z
        ? 'answers over one connection are far more alike than chance makes them'
        : 'answers come in far longer runs of one version than chance makes them',
    ],
    remedy: [
      'look for a hash policy, session affinity or a cookie on the route, the VirtualService or a load balancer in front',
      `kubectl get virtualservices,routetables -A -o yaml | grep -n -i -E 'lbHash|hashPolic|cookie'`,
    ],
    certainty: 'likely',
  }
}

/** The routes are the wanted ones, errors there are none, and still the share is another. */
function wrongWeights(facts: Facts): Cause | undefined {
  const { proof, snapshot } = facts
  const check = failing(facts).find(
    (entry) =>
      entry.expectation.kind === 'regular' &&
      entry.verdict === 'fail' &&
      totalOf(entry.errors) === 0 &&
      isShareWrong(entry),
  )
  if (!proof || !check || !snapshot?.table) return undefined
  const { canary, share, primary } = check.expectation
  if (canary === undefined) return undefined
  const used = [...(share > 0 ? [canary] : []), ...(share < 1 ? [primary] : [])]
  if (used.some((version) => readyOf(snapshot, version) === 0)) return undefined
  const configured = configuredShare(snapshot.table, canary)
  if (configured !== undefined && Math.abs(configured - share) > 1e-9)
    return changedWeights(snapshot.table, configured, share)
  const proxies = (snapshot.proxies ?? []).flatMap(({ pod, admin }) =>
    admin && Object.keys(admin.weights).length > 0
      ? [
          `proxy ${pod} has ${Object.entries(admin.weights)
            .map(([version, weight]) => `${version} ${weight}`)
            .join(', ')}`,
        ]
      : [],
  )
  return {
    id: 'wrong-weights',
    title: `the proxy does not serve the weight that is configured`,
    evidence: [
      `${refText('RouteTable', snapshot.table)} gives ${canary} ${percent(share)}; its answers are ${percent(check.interval[0])} to ${percent(check.interval[1])}`,
      ...(proof.convergence === 'fingerprint'
        ? ['the answers came through the routes of this revision']
        : []),
      ...proxies.slice(0, 2),
    ],
    remedy: [
      `canary verify ${facts.name} -n ${facts.namespace} --each-proxy    (is it one of several proxies?)`,
      'look for another balancer, a cache or a hash in front of the app; ask with --explain for raw answers',
    ],
    certainty: 'likely',
  }
}

function isShareWrong({ expectation: { share }, interval, sent }: CheckResult): boolean {
  return sent > 0 && (share < interval[0] || share > interval[1])
}

/** The canary's share by the table's weighted route; undefined where it has none. */
function configuredShare({ routes }: SnapshotTable, canary: string): number | undefined {
  const weighted = routes.find(({ headers }) => headers.length === 0)
  if (!weighted || weighted.destinations.length === 0) return undefined
  const weightOf = (weight: number | undefined) => (weighted.destinations.length === 1 ? 1 : (weight ?? 0))
  const all = weighted.destinations.reduce((sum, { weight }) => sum + weightOf(weight), 0)
  const own = weighted.destinations.filter(({ version }) => version === canary)
  return all === 0 ? undefined : own.reduce((sum, { weight }) => sum + weightOf(weight), 0) / all
}

function changedWeights(table: SnapshotTable, configured: number, share: number): Cause {
  return {
    id: 'changed-weights',
    title: `${refText('RouteTable', table)} was changed: it gives the canary ${percent(configured)}, the release ${percent(share)}`,
    evidence: ['the routes in the cluster are not those that the release made'],
    remedy: [
      `kubectl get routetable ${table.name} -n ${table.namespace} -o yaml --show-managed-fields    (who changed it)`,
      'any changing command with --take-over writes it back',
    ],
    certainty: 'certain',
  }
}

function replacedRoute(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'invalid-gateway-configuration')
  if (count === 0) return undefined
  return {
    id: 'invalid-route-replaced',
    title: 'Gloo put an answer of its own in place of an invalid route',
    evidence: [`${count} answers are 404 "Gloo Gateway has invalid configuration"`],
    remedy: [`kubectl get routetable,upstream -n ${facts.namespace} -o yaml    (status)`, 'glooctl check'],
    certainty: 'certain',
  }
}

function proxyUnreachable(facts: Facts): Cause | undefined {
  const count = totalOf(errorsOf(facts).filter(isTransient))
  if (!facts.proof || count === 0) return undefined
  const pods = facts.snapshot?.proxies
  const ready = pods?.filter((proxy) => proxy.ready).length
  return {
    id: 'proxy-unreachable',
    title: `connections to the proxy fail at ${facts.proof.url}`,
    evidence: [
      `${count} probes got no answer`,
      ...(pods ? [`${ready} of ${pods.length} proxy pods are ready`] : []),
    ],
    remedy: [
      'kubectl get pods,service -n gloo-system',
      'is it the right address from here? give it with --proxy-url http://HOST:PORT',
    ],
    certainty: ready === 0 ? 'certain' : 'likely',
  }
}
