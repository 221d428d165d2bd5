import type { Cause, Snapshot, SnapshotUpstream } from '../../model/results/diagnosis.js'
import { describeNeighbour, matchLine } from '../../model/results/ownership.js'
import { errorsOf, type Facts, failing, readyOf, refText, type Rule, same } from './facts.js'
import { firstLines } from '../../routing/gloo/diagnosis/routes.js'

/** Causes behind the proxy: Upstream, Service and pods. */
export const ENDPOINTS: Rule[] = [
  missingUpstream,
  missingService,
  servicePort,
  subsetKeys,
  foreignPods,
  emptySubset,
  rejectedUpstream,
  fallbackAnswers,
  podsNotReady,
]

function missingUpstream({ snapshot }: Facts): Cause | undefined {
  const upstream = usedUpstreams(snapshot).find(({ exists }) => !exists)
  if (!upstream) return undefined
  return {
    id: 'upstream-missing',
    title: `the routes lead to an Upstream that is not there: ${upstream.name} in namespace ${upstream.namespace}`,
    evidence: ['the proxy answers 503 with no body for such a route; Gloo only warns'],
    remedy: [
      `kubectl get upstream ${upstream.name} -n ${upstream.namespace}`,
      'any changing command with --take-over makes it anew as the release says',
    ],
    certainty: 'certain',
  }
}

function missingService({ snapshot }: Facts): Cause | undefined {
  const upstream = usedUpstreams(snapshot).find(({ serviceExists }) => serviceExists === false)
  if (!upstream?.service) return undefined
  return {
    id: 'service-missing',
    title: `the Upstream leads to a Service that is not there: ${upstream.service.name} in namespace ${upstream.service.namespace}`,
    evidence: [statusText(upstream)],
    remedy: [`kubectl get service ${upstream.service.name} -n ${upstream.service.namespace}`],
    certainty: 'certain',
  }
}

function servicePort({ snapshot }: Facts): Cause | undefined {
  const upstream = usedUpstreams(snapshot).find(
    ({ servicePorts, servicePort: port }) =>
      servicePorts && port !== undefined && !servicePorts.includes(port),
  )
  if (!upstream?.service) return undefined
  const { name, namespace, service, servicePort: port, servicePorts = [] } = upstream
  return {
    id: 'service-port',
    title: `the Upstream's servicePort ${port} is not a port of Service ${service.name}`,
    evidence: [
      `Service ${service.name} has ${servicePorts.length === 0 ? 'no port' : `port ${servicePorts.join(', ')}`}; Gloo wants the Service's port, not the pods'`,
      'Gloo finds no endpoint then, and reports no error: every status is Accepted',
    ],
    remedy: [
      `kubectl patch upstream ${name} -n ${namespace} --type merge -p '{"spec":{"kube":{"servicePort":${servicePorts[0] ?? 80}}}}'`,
    ],
    certainty: 'certain',
  }
}

function subsetKeys({ snapshot }: Facts): Cause | undefined {
  const upstream = usedUpstreams(snapshot).find(
    ({ exists, subsetKeys: keys }) => exists && !keys.some((set) => set.join() === 'version'),
  )
  const routed = (snapshot?.table?.routes ?? []).some((route) =>
    route.destinations.some(({ version }) => version !== undefined),
  )
  if (!upstream || !routed) return undefined
  return {
    id: 'subset-keys',
    title: `the Upstream has no subset by version: requests for one version go to any`,
    evidence: [
      `${refText('Upstream', upstream)} has ${upstream.subsetKeys.length === 0 ? 'no subsets' : `subsets by ${upstream.subsetKeys.map((set) => set.join('+')).join(', ')}`}`,
    ],
    remedy: [
      `kubectl patch upstream ${upstream.name} -n ${upstream.namespace} --type merge -p '{"spec":{"kube":{"subsetSpec":{"selectors":[{"keys":["version"]}]}}}}'`,
    ],
    certainty: 'certain',
  }
}

/** Pods of others that carry a routed version's labels: the proxy takes them for that version's. */
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
      `kubectl get pods -n ${namespace} -l app=${name},version=${first.version} -o wide`,
      `have its owner change the label app or version of its pods`,
    ],
    certainty: alone ? 'certain' : 'likely',
  }
}

/** A version that gets requests and has nobody to answer them: another answers for it, or the proxy says 503. */
function emptySubset(facts: Facts): Cause | undefined {
  const { snapshot, name, namespace } = facts
  if (!snapshot?.versions) return undefined
  const isForeign = (other: string) =>
    snapshot.neighbours?.some(({ version, ready }) => version === other && ready > 0)
  const version = routedVersions(facts).find((other) => readyOf(snapshot, other) === 0 && !isForeign(other))
  if (version === undefined) return undefined
  const pods = snapshot.versions.find((entry) => entry.version === version)
  const answersAny = usedUpstreams(snapshot).some(({ fallbackPolicy }) => fallbackPolicy !== 'NO_FALLBACK')
  return {
    id: answersAny ? 'empty-subset-fallback' : 'no-ready-pods',
    title: answersAny
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
      ...(answersAny
        ? ["the Upstream's fallbackPolicy is ANY_ENDPOINT, Gloo's default: any other pod answers, with 200"]
        : []),
      ...fallbackCounters(snapshot),
    ],
    remedy: [
      `kubectl describe pods -n ${namespace} -l app=${name},version=${version}`,
      ...(answersAny
        ? ['set upstream.fallbackPolicy: NO_FALLBACK in the values, so that this shows as 503']
        : []),
    ],
    certainty: 'certain',
  }
}

function rejectedUpstream({ snapshot }: Facts): Cause | undefined {
  const upstream = usedUpstreams(snapshot).find(({ exists, status }) => exists && status.state === 'Rejected')
  if (!upstream) return undefined
  return {
    id: 'upstream-rejected',
    title: `Gloo rejects ${refText('Upstream', upstream)}`,
    evidence: [statusText(upstream)],
    remedy: [`kubectl get upstream ${upstream.name} -n ${upstream.namespace} -o yaml`],
    certainty: 'certain',
  }
}

/** Answers that tell both whom the proxy chose and who answered. */
function fallbackAnswers(facts: Facts): Cause | undefined {
  const fallbacks = errorsOf(facts).filter(({ kind }) => kind === 'fallback')
  if (fallbacks.length === 0) return undefined
  return {
    id: 'fallback',
    title: 'another version answers than the one that the proxy chose',
    evidence: [
      ...fallbacks.slice(0, 2).map(({ text }) => text),
      ...(facts.snapshot ? fallbackCounters(facts.snapshot) : []),
    ],
    remedy: [
      `kubectl get pods -n ${facts.namespace} -l app=${facts.name} -L version    (is the version label of each pod what runs in it?)`,
      'set upstream.fallbackPolicy: NO_FALLBACK in the values',
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
    remedy: [`kubectl describe pods -n ${facts.namespace} -l app=${facts.name},version=${version}`],
    certainty: 'possible',
  }
}

/** Versions that requests are led to: by the checks that did not pass, else by the routes. */
function routedVersions(facts: Facts): string[] {
  if (facts.proof) {
    return failing(facts).flatMap(({ expectation: { primary, canary, share } }) => [
      ...(canary !== undefined && share > 0 ? [canary] : []),
      ...(share < 1 ? [primary] : []),
    ])
  }
  const destinations = (facts.snapshot?.table?.routes ?? []).flatMap((route) => route.destinations)
  return destinations.flatMap(({ version, weight }) =>
    version !== undefined && weight !== 0 ? [version] : [],
  )
}

/** The Upstreams that the app's routes lead to, as far as they could be looked at. */
function usedUpstreams(snapshot: Snapshot | undefined): SnapshotUpstream[] {
  const named = (snapshot?.table?.routes ?? []).flatMap((route) =>
    route.destinations.map(({ upstream }) => upstream),
  )
  return (snapshot?.upstreams ?? []).filter((upstream) => named.some((entry) => same(entry, upstream)))
}

function fallbackCounters({ proxies = [] }: Snapshot): string[] {
  return proxies.flatMap(({ pod, admin }) =>
    admin && admin.meanwhile.fallbacks > 0
      ? [
          `proxy ${pod} counts requests that fall back to any pod: ${admin.meanwhile.fallbacks} while it was looked at`,
        ]
      : [],
  )
}

function statusText({ name, status }: SnapshotUpstream): string {
  const reason = firstLines(status.reason)
  return `Gloo's status of Upstream ${name} is ${status.state}${reason ? `: ${reason}` : ''}`
}
