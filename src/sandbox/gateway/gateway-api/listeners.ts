import type { KubeObject } from '../../api-server/objects.js'
import { fits } from '../../controllers/owned.js'
import type { Refusal } from './findings.js'
import { hostnamesAt } from './hostnames.js'
import { byAge } from './precedence.js'

/** Why a listener serves nothing. */
export type ListenerProblem =
  'PortUnavailable' | 'UnsupportedProtocol' | 'InvalidRouteKinds' | 'InvalidCertificateRef'

export interface Listener {
  gateway: KubeObject
  name: string
  port: number
  hostname?: string
  problem?: ListenerProblem
  /** The listener in the Gateway's spec. */
  written: any
}

/** A route at one of its parents: the listeners that take it, each with the hostnames it has there, or why none does. */
export interface Attachment {
  parentRef: any
  gateway: KubeObject
  refused?: Refusal
  at: { listener: Listener; hostnames: string[] }[]
}

/**
 * The listeners of Gateways. A port belongs to the oldest Gateway that names it.
 * @param unavailable ports that the proxies cannot listen on
 */
export function listenersOf(
  gateways: KubeObject[],
  unavailable: ReadonlySet<number>,
  hasSecret: (namespace: string, name: string) => boolean,
): Listener[] {
  const owners = new Map<number, KubeObject>()
  return [...gateways].sort(byAge).flatMap((gateway) =>
    (gateway.spec.listeners as any[]).map((written): Listener => {
      const { name, port, hostname, protocol, allowedRoutes, tls } = written
      const owner = owners.get(port as number) ?? gateway
      owners.set(port as number, owner)
      const kinds = (allowedRoutes?.kinds ?? []) as { kind: string }[]
      const isCertified = ((tls?.certificateRefs ?? []) as any[]).every((ref) =>
        hasSecret((ref.namespace ?? gateway.metadata.namespace) as string, ref.name as string),
      )
      const problem =
        owner !== gateway || unavailable.has(port as number)
          ? 'PortUnavailable'
          : protocol !== 'HTTP' && protocol !== 'HTTPS'
            ? 'UnsupportedProtocol'
            : kinds.length > 0 && !kinds.some(({ kind }) => kind === 'HTTPRoute')
              ? 'InvalidRouteKinds'
              : isCertified
                ? undefined
                : 'InvalidCertificateRef'
      return { gateway, name, port, hostname, ...(problem ? { problem } : {}), written }
    }),
  )
}

/** Where a route is attached: one entry for each parent that is a Gateway of ours. */
export function attachmentsOf(
  route: KubeObject,
  gateways: KubeObject[],
  listeners: Listener[],
  namespaces: KubeObject[],
): Attachment[] {
  return ((route.spec.parentRefs ?? []) as any[]).flatMap((parentRef): Attachment[] => {
    const { kind = 'Gateway', namespace = route.metadata.namespace, name, sectionName, port } = parentRef
    const gateway = gateways.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
    )
    if (kind !== 'Gateway' || !gateway) return []
    const named = listeners.filter(
      (one) =>
        one.gateway === gateway &&
        (sectionName === undefined || one.name === sectionName) &&
        (port === undefined || one.port === port),
    )
    const allowed = named.filter((one) => allows(one, route, namespaces))
    const at = allowed.flatMap((listener) => {
      const hostnames = hostnamesAt(listener.hostname, route.spec.hostnames as string[] | undefined)
      return hostnames.length > 0 ? [{ listener, hostnames }] : []
    })
    const refused: Refusal | undefined =
      named.length === 0
        ? 'NoMatchingParent'
        : allowed.length === 0
          ? 'NotAllowedByListeners'
          : at.length === 0
            ? 'NoMatchingListenerHostname'
            : undefined
    return [{ parentRef, gateway, at, ...(refused ? { refused } : {}) }]
  })
}

function allows(
  { gateway, written, problem }: Listener,
  route: KubeObject,
  namespaces: KubeObject[],
): boolean {
  if (problem === 'InvalidRouteKinds' || problem === 'UnsupportedProtocol') return false
  const { from = 'Same', selector } = written.allowedRoutes?.namespaces ?? {}
  const { namespace } = route.metadata
  if (from === 'All') return true
  if (from === 'Same') return namespace === gateway.metadata.namespace
  if (from !== 'Selector') return false
  const labels = namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels
  return labelsMatch(labels ?? {}, selector ?? {})
}

/** A LabelSelector: all of its labels and expressions have to match. */
function labelsMatch(
  labels: Record<string, string>,
  { matchLabels = {}, matchExpressions = [] }: any,
): boolean {
  return (
    fits(labels, matchLabels as Record<string, string>) &&
    (matchExpressions as any[]).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        case 'NotIn':
          return !values.includes(value)
        default:
          return value !== undefined && values.includes(value)
      }
    })
  )
}
