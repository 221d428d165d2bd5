import { commented, kubectlCommand } from '../../model/command-line.js'
import type { Cause, Snapshot } from '../../model/results/diagnosis.js'
import { describeNeighbour, matchLine } from '../../model/results/ownership.js'
import { errorsOf, type Facts, failing, readyOf, type Rule } from './facts.js'

/** Causes behind the proxy: Service and pods. */
export const ENDPOINTS: Rule[] = [foreignPods, emptySubset, fallbackAnswers, podsNotReady]

/** Other owners' pods with a routed version's labels: the proxy treats them as that version's. */
function foreignPods(facts: Facts): Cause | undefined {
  const { snapshot, name, namespace } = facts
  const versions = routedVersions(facts)
  const foreign = (snapshot?.neighbours ?? []).filter(
    ({ version, ready }) => ready > 0 && versions.includes(version),
  )
  const [first] = foreign
  if (!first) return undefined
  const alone = foreign.some(({ version }) => snapshot && readyOf(snapshot, version) === 0)
  return {
    id: 'foreign-pods',
    title: `${describeNeighbour(first)} gets requests for ${first.version} of ${name}`,
    evidence: foreign.map((neighbour) => matchLine(name, neighbour)),
    remedy: [
      kubectlCommand(['get', 'pods', '-l', `app=${name},version=${first.version}`, '-o', 'wide'], namespace),
      `have its owner change the label app or version of its pods`,
    ],
    certainty: alone ? 'certain' : 'likely',
  }
}

/** A version that gets requests but has no ready pods: another version answers, or the proxy returns 503. */
function emptySubset(facts: Facts): Cause | undefined {
  const { snapshot, name, namespace } = facts
  if (!snapshot?.versions) return undefined
  const isForeign = (other: string) =>
    snapshot.neighbours?.some(({ version, ready }) => version === other && ready > 0)
  const version = routedVersions(facts).find((other) => readyOf(snapshot, other) === 0 && !isForeign(other))
  if (version === undefined) return undefined
  const pods = snapshot.versions.find((entry) => entry.version === version)
  const { fallback } = snapshot
  return {
    id: fallback ? 'empty-subset-fallback' : 'no-ready-pods',
    title: fallback
      ? `${version} has no ready pod, and other versions answer for it`
      : `${version} has no ready pod: the proxy answers 503 for it`,
    evidence: [
      pods
        ? `${pods.ready} of ${pods.wanted} pods of ${version} are ready${pods.problems.length > 0 ? `: ${pods.problems[0]}` : ''}`
        : `no Deployment of ${name} is labelled version: ${version}`,
      ...(pods?.endpoints
        ? [
            `the Service's endpoints have ${pods.endpoints.ready} ready addresses of it, ${pods.endpoints.notReady} not ready`,
          ]
        : []),
      ...(fallback ? [fallback.evidence] : []),
      ...fallbackCounters(snapshot),
    ],
    remedy: [
      kubectlCommand(['describe', 'pods', '-l', `app=${name},version=${version}`], namespace),
      ...(fallback ? [fallback.remedy] : []),
    ],
    certainty: 'certain',
  }
}

/** Answers that show both the proxy's choice and who answered. */
function fallbackAnswers(facts: Facts): Cause | undefined {
  const fallbacks = errorsOf(facts).filter(({ kind }) => kind === 'fallback')
  if (fallbacks.length === 0) return undefined
  return {
    id: 'fallback',
    title: 'a version other than the one the proxy chose answers',
    evidence: [
      ...fallbacks.slice(0, 2).map(({ text }) => text),
      ...(facts.snapshot ? fallbackCounters(facts.snapshot) : []),
    ],
    remedy: [
      commented(
        kubectlCommand(['get', 'pods', '-l', `app=${facts.name}`, '-L', 'version'], facts.namespace),
        'does the version label of each pod match what runs in it?',
      ),
      `set ${facts.texts.noFallback} in the values`,
    ],
    certainty: 'likely',
  }
}

function podsNotReady(facts: Facts): Cause | undefined {
  const { snapshot, proof } = facts
  const isConcerned = errorsOf(facts).some(
    ({ kind, status = 0 }) => kind === 'timeout' || kind === 'reset' || status >= 500,
  )
  if (proof && !isConcerned) return undefined
  const short = (snapshot?.versions ?? []).find(({ ready, wanted }) => ready > 0 && ready < wanted)
  if (!short) return undefined
  const { version, ready, wanted, problems } = short
  return {
    id: 'pods-not-ready',
    title: `only ${ready} of ${wanted} pods of ${version} are ready`,
    evidence: problems.slice(0, 2),
    remedy: [
      kubectlCommand(['describe', 'pods', '-l', `app=${facts.name},version=${version}`], facts.namespace),
    ],
    certainty: 'possible',
  }
}

/** Versions that get requests: by the checks that did not pass, else by the routes. */
function routedVersions(facts: Facts): string[] {
  if (facts.proof) {
    return failing(facts).flatMap(({ expectation: { primary, canary, share } }) => [
      ...(canary !== undefined && share > 0 ? [canary] : []),
      ...(share < 1 ? [primary] : []),
    ])
  }
  const destinations = (facts.snapshot?.routes?.routes ?? []).flatMap((route) => route.destinations)
  return destinations.flatMap(({ version, weight }) =>
    version !== undefined && weight !== 0 ? [version] : [],
  )
}

function fallbackCounters({ proxies = [] }: Snapshot): string[] {
  return proxies.flatMap(({ pod, admin }) =>
    admin && admin.meanwhile.fallbacks > 0
      ? [
          `proxy ${pod} counts requests that fall back to any pod: ${admin.meanwhile.fallbacks} during the diagnosis`,
        ]
      : [],
  )
}
