import { list, record, texts } from '../../fields.js'
import type { RoutingObject } from '../../objects.js'
import { admits, isParent, listenersOf, namedListeners } from './gateways.js'
import { sharedHost } from '../overlaps/hostnames.js'
import { type ParentRef, parentRefsOf } from '../values.js'

/** What decides whether Gateways take an HTTPRoute. */
export interface Surroundings {
  gateways: RoutingObject[]
  /** Labels of the route's namespace; undefined if they may not be read. */
  namespaceLabels?: Record<string, string>
}

export type RefusalKind =
  'missing-gateway' | 'missing-listener' | 'listener-closed' | 'hostnames-apart' | 'no-parent'

/** Why a parent does not take the requests of an HTTPRoute. */
export interface Refusal {
  kind: RefusalKind
  /** A clause: `Gateway gateways/public has no listener web (it has http)`. */
  why: string
  gateway?: RoutingObject
}

/** What an HTTPRoute asks of its parents. */
export interface Asking {
  namespace: string
  parents: ParentRef[]
  /** All hosts if empty. */
  hostnames: string[]
}

export function askingOf({ metadata, spec }: RoutingObject): Asking {
  const { parentRefs, hostnames } = record(spec)
  return {
    namespace: metadata.namespace ?? '',
    parents: parentRefsOf(list(parentRefs), metadata.namespace ?? ''),
    hostnames: texts(hostnames),
  }
}

/** Why no parent takes the route, for each of them; undefined if one does. */
export function refusals(asking: Asking, around: Surroundings): Refusal[] | undefined {
  if (asking.parents.length === 0) return [{ kind: 'no-parent', why: 'it names no Gateway' }]
  const found = asking.parents.map((parent) => refusalOf(parent, asking, around))
  return found.includes(undefined) ? undefined : found.flatMap((refusal) => refusal ?? [])
}

function refusalOf(
  parent: ParentRef,
  { namespace, hostnames }: Asking,
  { gateways, namespaceLabels }: Surroundings,
): Refusal | undefined {
  const at = parent.namespace
  const where = `Gateway ${at}/${parent.name}`
  const gateway = gateways.find((one) => isParent(one, parent))
  if (!gateway) return { kind: 'missing-gateway', why: `there is no ${where}` }
  const named = namedListeners(gateway, parent)
  if (named.length === 0) {
    const wanted = parent.sectionName ?? `at port ${parent.port}`
    const there = listenersOf(gateway).map(({ name, port }) => `${name} at port ${port}`)
    return {
      kind: 'missing-listener',
      why: `${where} has no listener ${wanted} (it has ${there.join(', ')})`,
      gateway,
    }
  }
  const open = named.filter((listener) => admits(listener, at, namespace, namespaceLabels) !== false)
  if (open.length === 0) {
    const rules = named.map(
      ({ name, from }) =>
        `${name} takes ${from === 'Same' ? `routes of namespace ${at} alone` : from === 'Selector' ? 'routes of namespaces with other labels' : 'no routes'}`,
    )
    return {
      kind: 'listener-closed',
      why: `${where} does not admit namespace ${namespace}: listener ${rules.join(', ')}`,
      gateway,
    }
  }
  const hosts = hostnames.length > 0 ? hostnames : ['*']
  const meets = open.some(({ hostname = '*' }) =>
    hosts.some((host) => sharedHost(hostname, host.toLowerCase()) !== undefined),
  )
  if (meets) return undefined
  const served = open.map(({ name, hostname }) => `${name} takes ${hostname}`)
  return {
    kind: 'hostnames-apart',
    why: `${where} serves none of ${hosts.join(', ')}: listener ${served.join(', ')}`,
    gateway,
  }
}
