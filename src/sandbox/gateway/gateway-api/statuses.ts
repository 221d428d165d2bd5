import type { KubeObject } from '../../api-server/objects.js'
import { now } from '../../api-server/store.js'
import { type Condition, condition } from './findings.js'
import type { Listener, ListenerProblem } from './listeners.js'
import type { Profile } from './profile.js'
import type { RouteReport, Translation } from './translate.js'

const KINDS = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }]

/** An HTTPRoute's status: one entry for each parent of ours, those of other controllers as they are. */
export function routeStatus(
  { route, findings, attachments }: RouteReport,
  profile: Profile,
): object | undefined {
  const { controllerName } = profile
  const before = (route.status?.parents ?? []) as any[]
  const others = before.filter((parent) => parent.controllerName !== controllerName)
  const parents = attachments.map(({ parentRef, refused }) => {
    const old = before.find(
      (parent) =>
        parent.controllerName === controllerName &&
        JSON.stringify(parent.parentRef) === JSON.stringify(parentRef),
    )
    const conditions = profile.conditions({ ...findings, ...(refused ? { refused } : {}) })
    return { parentRef, controllerName, conditions: dated(conditions, route, old?.conditions as any[]) }
  })
  if (parents.length === 0 && before.length === others.length) return undefined
  return { parents: [...others, ...parents] }
}

export function gatewayClassStatus(gatewayClass: KubeObject, { messages }: Profile): object {
  const accepted = condition('Accepted', true, 'Accepted', messages.class)
  return { conditions: dated([accepted], gatewayClass, gatewayClass.status?.conditions as any[]) }
}

/** @param address where its proxies are reached; undefined if it has got none yet */
export function gatewayStatus(
  gateway: KubeObject,
  listeners: Translation['listeners'],
  { messages }: Profile,
  address: string | undefined,
): object {
  const { status = {} } = gateway
  const accepted = condition('Accepted', true, 'Accepted', messages.accepted)
  const programmed =
    address === undefined
      ? condition('Programmed', false, 'AddressNotAssigned', 'No addresses have been assigned to the Gateway')
      : condition('Programmed', true, 'Programmed', messages.programmed)
  return {
    ...(address === undefined ? {} : { addresses: [{ type: 'IPAddress', value: address }] }),
    conditions: dated([accepted, programmed], gateway, status.conditions as any[]),
    listeners: listeners.map((listener) => {
      const old = status.listeners?.find(({ name }: any) => name === listener.name)
      const { problem, attachedRoutes, name } = listener
      return {
        name,
        attachedRoutes,
        supportedKinds: problem === 'InvalidRouteKinds' || problem === 'UnsupportedProtocol' ? [] : KINDS,
        conditions: dated(listenerConditions(listener, messages.listener), gateway, old?.conditions as any[]),
      }
    }),
  }
}

const PROBLEMS: Record<ListenerProblem, (listener: Listener) => Condition> = {
  PortUnavailable: ({ port }) =>
    condition('Accepted', false, 'PortUnavailable', `Port ${port} is not available`),
  UnsupportedProtocol: ({ written }) =>
    condition('Accepted', false, 'UnsupportedProtocol', `Protocol ${written.protocol} is not supported`),
  InvalidRouteKinds: () =>
    condition('ResolvedRefs', false, 'InvalidRouteKinds', 'None of the route kinds is supported'),
  InvalidCertificateRef: () =>
    condition('ResolvedRefs', false, 'InvalidCertificateRef', 'A certificate Secret is missing'),
}

function listenerConditions(listener: Listener, message: string): Condition[] {
  const problem = listener.problem && PROBLEMS[listener.problem](listener)
  const all = ['Accepted', 'Programmed', 'ResolvedRefs'].map((type) => {
    if (problem?.type === type) return problem
    if (problem && type === 'Programmed') return condition(type, false, 'Invalid', problem.message)
    return condition(type, true, type, message)
  })
  return [...all, condition('Conflicted', false, 'NoConflicts', 'No conflicts')]
}

/** Conditions with the generation they are about, and the time since when they are as they are. */
function dated(conditions: Condition[], { metadata }: KubeObject, before: any[] = []): object[] {
  return conditions.map((one) => {
    const old = before.find(({ type }) => type === one.type)
    const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now()
    return { ...one, observedGeneration: metadata.generation, lastTransitionTime }
  })
}
