import { commented, kubectlCommand } from '../../../model/command-line.js'
import type { Cause } from '../../../model/results/diagnosis.js'
import { refText } from '../../../verification/diagnosis/facts.js'
import { list, record, text } from '../../fields.js'
import { refOf, type RoutingObject } from '../../objects.js'
import { describeCondition } from '../gateway/gateways.js'
import {
  backendsOf,
  type GatewayFacts,
  type GatewayRule,
  type NamedBackend,
  routeConditions,
} from './facts.js'

/** Causes in what the HTTPRoute leads to: Services, their ports, the pods they select, and whether it may name them. */
export const BACKENDS: GatewayRule[] = [
  missingGrant,
  mirrorToNowhere,
  missingService,
  missingPort,
  selectsNobody,
]

const RESTORE = 'any changing command with --take-over makes it anew as the release says'

/** A Service of another namespace that this namespace lets nobody name; by the grants, or the route's status if they are unknown. */
function missingGrant({ gateway }: GatewayFacts): Cause | undefined {
  const { route, grants } = gateway
  if (!route) return undefined
  const home = refOf(route).namespace
  const isRefused = routeConditions(route).some(({ reason }) => reason === 'RefNotPermitted')
  const backend = backendsOf(route).find(
    (one) =>
      one.namespace !== home && (grants ? !grants.some((grant) => permits(grant, home, one)) : isRefused),
  )
  if (!backend) return undefined
  const { namespace, name } = backend
  return {
    id: 'reference-grant-missing',
    title: `no ReferenceGrant in namespace ${namespace} lets the HTTPRoute of namespace ${home} name Service ${name}`,
    evidence: [...unresolved(route), 'its share of the requests gets 500'],
    remedy: [
      kubectlCommand(['get', 'referencegrants', '-o', 'yaml'], namespace),
      `have its owner add one (from HTTPRoute of ${home}, to Service ${name}), or lead the route to the app's own Services: ${RESTORE}`,
    ],
    certainty: 'certain',
  }
}

function permits({ metadata, spec }: RoutingObject, namespace: string, backend: NamedBackend): boolean {
  const { name } = backend
  const { from, to } = record(spec)
  return (
    metadata.namespace === backend.namespace &&
    list(from).some((one) => one.kind === 'HTTPRoute' && one.namespace === namespace) &&
    list(to).some((one) => one.kind === 'Service' && (text(one.name) ?? name) === name)
  )
}

function mirrorToNowhere(facts: GatewayFacts): Cause | undefined {
  const mirror = missingOf(facts).find(({ isMirror }) => isMirror)
  if (!mirror || !facts.gateway.route) return undefined
  return {
    id: 'mirror-to-nowhere',
    title: `the HTTPRoute copies requests to a Service that is not there: ${mirror.name} in namespace ${mirror.namespace}`,
    evidence: [
      ...unresolved(facts.gateway.route),
      'some implementations answer 500 to the requests themselves then, others leave the copies out',
    ],
    remedy: [kubectlCommand(['get', 'service', mirror.name], mirror.namespace), RESTORE],
    certainty: 'certain',
  }
}

function missingService(facts: GatewayFacts): Cause | undefined {
  const backend = missingOf(facts).find(({ isMirror, weight }) => !isMirror && weight > 0)
  if (!backend || !facts.gateway.route) return undefined
  return {
    id: 'service-missing',
    title: `the HTTPRoute leads to a Service that is not there: ${backend.name} in namespace ${backend.namespace}`,
    evidence: [
      ...unresolved(facts.gateway.route),
      'its share of the requests gets 500, with some implementations another version',
    ],
    remedy: [kubectlCommand(['get', 'service', backend.name], backend.namespace), RESTORE],
    certainty: 'certain',
  }
}

/** Services of the app's namespace that the route names and that are not there. */
function missingOf({ gateway, namespace }: GatewayFacts): NamedBackend[] {
  const { route, services } = gateway
  if (!route || !services) return []
  return backendsOf(route).filter(
    (one) => one.namespace === namespace && !services.some(({ metadata }) => metadata.name === one.name),
  )
}

function missingPort({ gateway, namespace }: GatewayFacts): Cause | undefined {
  const { route, services = [] } = gateway
  if (!route) return undefined
  for (const { name, port, namespace: there } of backendsOf(route)) {
    const service = services.find(({ metadata }) => there === namespace && metadata.name === name)
    const ports = service?.spec?.ports?.map((one) => one.port)
    if (port === undefined || !ports || ports.includes(port)) continue
    return {
      id: 'service-port',
      title: `the HTTPRoute names port ${port}, which Service ${name} does not have`,
      evidence: [
        `Service ${name} has ${ports.length === 0 ? 'no port' : `port ${ports.join(', ')}`}`,
        ...unresolved(route),
      ],
      remedy: [
        commented(kubectlCommand(['get', 'service', name, '-o', 'yaml'], namespace), "the Service's ports"),
        'any changing command with --take-over writes back what the release says',
      ],
      certainty: 'certain',
    }
  }
  return undefined
}

/** A version with ready pods, and a Service that has none of them. */
function selectsNobody({ gateway, snapshot, name, namespace }: GatewayFacts): Cause | undefined {
  const { route, services = [] } = gateway
  if (!route || !snapshot?.versions) return undefined
  const routed = new Set(
    backendsOf(route).flatMap(({ weight, name: service }) => (weight > 0 ? [service] : [])),
  )
  for (const { version, ready, endpoints } of snapshot.versions) {
    const service = services.find(
      ({ metadata: { name: own, labels = {} } }) =>
        routed.has(own) && labels['app.kubernetes.io/version'] === version,
    )
    if (!service || ready === 0 || !endpoints || endpoints.ready + endpoints.notReady > 0) continue
    const labels = Object.entries(service.spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`)
    return {
      id: 'service-selects-nobody',
      title: `${refText('Service', refOf(service))} selects no pod of ${version}`,
      evidence: [
        `its selector is ${labels.join(',') || 'empty'}; ${ready} ${ready === 1 ? 'pod' : 'pods'} of ${version} of ${name} ${ready === 1 ? 'is' : 'are'} ready`,
        ...routeConditions(route)
          .filter(({ type, status }) => type === 'BackendsAvailable' && status === 'False')
          .map(describeCondition),
      ],
      remedy: [
        kubectlCommand(['get', 'service', service.metadata.name, '-o', 'yaml'], namespace),
        'any changing command with --take-over writes back what the release says',
      ],
      certainty: 'certain',
    }
  }
  return undefined
}

function unresolved(route: RoutingObject): string[] {
  return routeConditions(route)
    .filter(({ type, status }) => type === 'ResolvedRefs' && status === 'False')
    .slice(0, 2)
    .map(describeCondition)
}
