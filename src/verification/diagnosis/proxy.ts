import { commented, kubectlCommand } from '../../model/command-line.js'
import type { Cause, Snapshot, SnapshotRoutes } from '../../model/results/diagnosis.js'
import type { CheckResult, Counts } from '../../model/verify/expectation.js'
import { isTransient } from '../answers/classify.js'
import { totalOf } from '../answers/error-counts.js'
import {
  countOf,
  errorsOf,
  type Facts,
  failing,
  ofAll,
  readyOf,
  refText,
  type Rule,
  verifyCommand,
} from './facts.js'

/** Causes in the proxies: they serve something else than is configured. */
export const PROXY: Rule[] = [proxyBehind, oldRoutes, stickyRouting, wrongWeights, proxyUnreachable]

/** Beyond this many standard deviations from 0, answers are not independent of each other. */
const STICKY_Z = 4

export function isUpToDate({ release }: Snapshot, { headerValues }: { headerValues: string[] }): boolean {
  return release?.fingerprint !== undefined && headerValues.includes(release.fingerprint)
}

/** Some proxies are fine, others are not. */
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
        .map(([name, counts]) => `${name}: ${describeCounts(counts)}; all others are correct`),
      remedy: [
        kubectlCommand(['logs', first[0], '--tail', '50'], facts.texts.proxyNamespace),
        commented(
          kubectlCommand(['delete', 'pod', first[0]], facts.texts.proxyNamespace),
          'its replacement gets the current routes',
        ),
      ],
      certainty: 'certain',
    }
  }
  return configuredBehind(facts)
}

/** If all proxies share one address, their own configuration shows which lag behind. */
function configuredBehind(facts: Facts): Cause | undefined {
  const { snapshot, proof } = facts
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
      ...(proof.proxies ? [] : [verifyCommand(facts, '--each-proxy')]),
      commented(
        kubectlCommand(['delete', 'pod', first.pod], facts.texts.proxyNamespace),
        'its replacement gets the current routes',
      ),
    ],
    certainty: 'certain',
  }
}

/** Whether these answers alone contradict the check: errors, or clearly another share. */
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
    title: 'the proxy still serves the old routes',
    evidence: [
      ...(foreign > 0 ? [`${foreign} answers carry the fingerprint of other routes`] : []),
      ...(neverTurned && foreign === 0 ? ['no answer carried the fingerprint of the wanted routes'] : []),
      ...(asBefore?.expectation.shareBefore !== undefined
        ? [
            `the canary's share looks like the ${percent(asBefore.expectation.shareBefore)} of the previous stage`,
          ]
        : []),
      ...(behind.length > 0 ? [`${ofAll(behind.length, reported.length)} proxies lack the new routes`] : []),
    ],
    remedy: [
      commented(
        verifyCommand(facts, '--verify-timeout', '2m'),
        `${facts.texts.product} or the proxy may just be slow`,
      ),
      `${facts.texts.controllerLogs} --tail 50    (does ${facts.texts.product} translate at all?)`,
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
    title: 'routing is sticky: a client keeps getting the same version',
    evidence: [
      connectionsZ > STICKY_Z
        ? 'answers over one connection are more alike than chance explains'
        : 'answers come in longer runs of one version than chance explains',
    ],
    remedy: [
      'look for a hash policy, session affinity or a cookie on the routes or a load balancer in front',
      `${facts.texts.allRoutes} | grep -n -i -E 'lbHash|hashPolic|cookie'`,
    ],
    certainty: 'likely',
  }
}

/** The wanted routes, no errors, and yet another share. */
function wrongWeights(facts: Facts): Cause | undefined {
  const { proof, snapshot } = facts
  const check = failing(facts).find(
    (entry) =>
      entry.expectation.kind === 'regular' &&
      entry.verdict === 'fail' &&
      totalOf(entry.errors) === 0 &&
      isShareWrong(entry),
  )
  if (!proof || !check || !snapshot?.routes) return undefined
  const { canary, share, primary } = check.expectation
  if (canary === undefined) return undefined
  const used = [...(share > 0 ? [canary] : []), ...(share < 1 ? [primary] : [])]
  if (used.some((version) => readyOf(snapshot, version) === 0)) return undefined
  const configured = configuredShare(snapshot.routes, canary)
  if (configured !== undefined && Math.abs(configured - share) > 1e-9)
    return changedWeights(snapshot.routes, configured, share)
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
    title: `the proxy does not serve the configured weight`,
    evidence: [
      `${refText(snapshot.routes.kind, snapshot.routes)} gives ${canary} ${percent(share)}; its answers are ${percent(check.interval[0])} to ${percent(check.interval[1])}`,
      ...(proof.convergence === 'fingerprint'
        ? ['the answers came through the routes of this revision']
        : []),
      ...proxies.slice(0, 2),
    ],
    remedy: [
      commented(verifyCommand(facts, '--each-proxy'), 'is it one of several proxies?'),
      'look for another balancer, a cache or a hash in front of the app; see the raw answers with --explain',
    ],
    certainty: 'likely',
  }
}

function isShareWrong({ expectation: { share }, interval, sent }: CheckResult): boolean {
  return sent > 0 && (share < interval[0] || share > interval[1])
}

/** The canary's share in the weighted route; undefined if there is none. */
function configuredShare({ routes }: SnapshotRoutes, canary: string): number | undefined {
  const weighted = routes.find(({ headers }) => headers.length === 0)
  if (!weighted || weighted.destinations.length === 0) return undefined
  const weightOf = (weight: number | undefined) => (weighted.destinations.length === 1 ? 1 : (weight ?? 0))
  const all = weighted.destinations.reduce((sum, { weight }) => sum + weightOf(weight), 0)
  const own = weighted.destinations.filter(({ version }) => version === canary)
  return all === 0 ? undefined : own.reduce((sum, { weight }) => sum + weightOf(weight), 0) / all
}

function changedWeights(routes: SnapshotRoutes, configured: number, share: number): Cause {
  return {
    id: 'changed-weights',
    title: `${refText(routes.kind, routes)} was changed: it gives the canary ${percent(configured)}, the release ${percent(share)}`,
    evidence: ['the routes in the cluster differ from those of the release'],
    remedy: [
      commented(
        kubectlCommand(
          ['get', routes.kind.toLowerCase(), routes.name, '-o', 'yaml', '--show-managed-fields'],
          routes.namespace,
        ),
        'who changed it',
      ),
      'any changing command with --take-over writes it back',
    ],
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
      kubectlCommand(['get', 'pods,service'], facts.texts.proxyNamespace),
      'check the address, or set it with --proxy-url http://HOST:PORT',
    ],
    certainty: ready === 0 ? 'certain' : 'likely',
  }
}
