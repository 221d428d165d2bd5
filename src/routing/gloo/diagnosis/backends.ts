import { kubectlCommand } from '../../../model/command-line.js'
import type { Cause } from '../../../model/results/diagnosis.js'
import { refText } from '../../../verification/diagnosis/facts.js'
import type { UpstreamState } from '../types.js'
import { firstLines, type GlooFacts, type GlooRule, usedUpstreams } from './facts.js'

/** Causes behind the routes: Upstreams and their Services. */
export const BACKENDS: GlooRule[] = [
  missingUpstream,
  missingService,
  servicePort,
  subsetKeys,
  rejectedUpstream,
]

function missingUpstream({ gloo }: GlooFacts): Cause | undefined {
  const upstream = usedUpstreams(gloo).find(({ exists }) => !exists)
  if (!upstream) return undefined
  return {
    id: 'upstream-missing',
    title: `the routes lead to a missing Upstream: ${upstream.name} in namespace ${upstream.namespace}`,
    evidence: ['the proxy answers 503 with no body for such a route; Gloo only warns'],
    remedy: [
      kubectlCommand(['get', 'upstream', upstream.name], upstream.namespace),
      'any changing command with --take-over recreates it from the release',
    ],
    certainty: 'certain',
  }
}

function missingService({ gloo }: GlooFacts): Cause | undefined {
  const upstream = usedUpstreams(gloo).find(({ serviceExists }) => serviceExists === false)
  if (!upstream?.service) return undefined
  return {
    id: 'service-missing',
    title: `the Upstream leads to a missing Service: ${upstream.service.name} in namespace ${upstream.service.namespace}`,
    evidence: [statusText(upstream)],
    remedy: [kubectlCommand(['get', 'service', upstream.service.name], upstream.service.namespace)],
    certainty: 'certain',
  }
}

function servicePort({ gloo }: GlooFacts): Cause | undefined {
  const upstream = usedUpstreams(gloo).find(
    ({ servicePorts, servicePort: port }) =>
      servicePorts && port !== undefined && !servicePorts.includes(port),
  )
  if (!upstream?.service) return undefined
  const { name, namespace, service, servicePort: port, servicePorts = [] } = upstream
  return {
    id: 'service-port',
    title: `the Upstream's servicePort ${port} is not a port of Service ${service.name}`,
    evidence: [
      `Service ${service.name} has ${servicePorts.length === 0 ? 'no port' : `port ${servicePorts.join(', ')}`}; Gloo needs the Service's port, not the pods'`,
      'Gloo then finds no endpoint, and reports no error: every status is Accepted',
    ],
    remedy: [
      kubectlCommand(
        [
          'patch',
          'upstream',
          name,
          '--type',
          'merge',
          '-p',
          `{"spec":{"kube":{"servicePort":${servicePorts[0] ?? 80}}}}`,
        ],
        namespace,
      ),
    ],
    certainty: 'certain',
  }
}

function subsetKeys({ gloo }: GlooFacts): Cause | undefined {
  const upstream = usedUpstreams(gloo).find(
    ({ exists, subsetKeys: keys }) => exists && !keys.some((set) => set.join() === 'version'),
  )
  const routed = (gloo.table?.routes ?? []).some((route) =>
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
      kubectlCommand(
        [
          'patch',
          'upstream',
          upstream.name,
          '--type',
          'merge',
          '-p',
          '{"spec":{"kube":{"subsetSpec":{"selectors":[{"keys":["version"]}]}}}}',
        ],
        upstream.namespace,
      ),
    ],
    certainty: 'certain',
  }
}

function rejectedUpstream({ gloo }: GlooFacts): Cause | undefined {
  const upstream = usedUpstreams(gloo).find(({ exists, status }) => exists && status.state === 'Rejected')
  if (!upstream) return undefined
  return {
    id: 'upstream-rejected',
    title: `Gloo rejects ${refText('Upstream', upstream)}`,
    evidence: [statusText(upstream)],
    remedy: [kubectlCommand(['get', 'upstream', upstream.name, '-o', 'yaml'], upstream.namespace)],
    certainty: 'certain',
  }
}

function statusText({ name, status }: UpstreamState): string {
  const reason = firstLines(status.reason)
  return `Gloo's status of Upstream ${name} is ${status.state}${reason ? `: ${reason}` : ''}`
}
