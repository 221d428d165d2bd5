import { commented, kubectlCommand } from '../../../model/command-line.js'
import { ExternalError, UsageError } from '../../../model/errors.js'
import { unlessForbidden } from '../../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { list, number, record, text } from '../../fields.js'
import { type RoutingObject, refOf } from '../../objects.js'
import { GATEWAY_CLASSES, GATEWAYS } from '../kinds.js'
import { implementationOf } from './implementations.js'
import { sharedHost } from '../overlaps/hostnames.js'
import type { ParentRef } from '../values.js'

export interface Listener {
  name: string
  port: number
  protocol: string
  /** All hosts if undefined. */
  hostname?: string
  /** Whose routes it takes: `All`, `Same` or `Selector`. */
  from: string
  selector: Record<string, unknown>
}

export function listenersOf({ spec }: RoutingObject): Listener[] {
  return list(record(spec).listeners).flatMap(({ name, port, protocol, hostname, allowedRoutes }) => {
    const { from, selector } = record(record(allowedRoutes).namespaces)
    const host = text(hostname)?.toLowerCase()
    return typeof name === 'string' && typeof port === 'number'
      ? [
          {
            name,
            port,
            protocol: text(protocol) ?? '',
            ...(host ? { hostname: host } : {}),
            from: text(from) ?? 'Same',
            selector: record(selector),
          },
        ]
      : []
  })
}

/** The listeners that a parentRef names; all without one. */
export function namedListeners(
  gateway: RoutingObject,
  { sectionName, port }: Pick<ParentRef, 'sectionName' | 'port'> = {},
): Listener[] {
  return listenersOf(gateway).filter(
    (listener) =>
      (sectionName === undefined || listener.name === sectionName) &&
      (port === undefined || listener.port === port),
  )
}

/**
 * The listener to probe: of those named one that takes routes of the app's namespace and serves one of its hosts, for HTTP,
 * else for HTTPS.
 */
export function listenerToProbe(
  gateway: RoutingObject,
  parent: ParentRef | undefined,
  hosts: string[],
): Listener | undefined {
  const named = namedListeners(gateway, parent)
  const open = named.filter(
    (one) => !parent || admits(one, parent.namespace, parent.home, undefined) !== false,
  )
  const serving = ['HTTP', 'HTTPS'].flatMap((wanted) =>
    (open.length > 0 ? open : named).filter(({ protocol }) => protocol === wanted),
  )
  return serving.find(({ hostname = '*' }) => hosts.some((host) => sharedHost(hostname, host))) ?? serving[0]
}

/** Whether a listener takes routes of a namespace with these labels; undefined if the labels are needed and not known. */
export function admits(
  { from, selector }: Listener,
  gatewayNamespace: string,
  namespace: string,
  labels: Record<string, string> | undefined,
): boolean | undefined {
  if (from === 'All') return true
  if (from === 'Same') return gatewayNamespace === namespace
  if (from !== 'Selector') return false
  if (!labels) return undefined
  const isMatch = Object.entries(record(selector.matchLabels)).every(([key, value]) => labels[key] === value)
  return (
    isMatch &&
    list(selector.matchExpressions).every(({ key, operator, values }) => {
      const value = labels[text(key) ?? '']
      const isAmong = Array.isArray(values) && value !== undefined && values.includes(value)
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      return operator === 'NotIn' ? !isAmong : isAmong
    })
  )
}

export interface Condition {
  type: string
  status: string
  reason: string
  message: string
  observedGeneration?: number
}

export function conditionsOf(value: unknown): Condition[] {
  return list(value).map(({ type, status, reason, message, observedGeneration }) => ({
    type: text(type) ?? '',
    status: text(status) ?? '',
    reason: text(reason) ?? '',
    message: (text(message) ?? '').replace(/\s+/g, ' ').trim().slice(0, 240),
    observedGeneration: number(observedGeneration),
  }))
}

/** `Accepted is False: NoMatchingParent: No listeners match this parent ref`. */
export function describeCondition({ type, status, reason, message }: Condition): string {
  return [`${type} is ${status}`, reason, message].filter((part) => part !== '').join(': ')
}

/**
 * The condition by which no controller serves a GatewayClass for a Gateway, if so. A controller that was given its Gateway
 * by name writes no condition of the class: then the Gateway's own count.
 */
export function unservedClass(
  gateway: RoutingObject,
  gatewayClass: RoutingObject | undefined,
): { conditions: Condition[] } | undefined {
  const conditions = conditionsOf(record(gatewayClass?.status).conditions)
  const accepted = conditions.find(({ type }) => type === 'Accepted')
  if (accepted?.status === 'True') return undefined
  const { takesGatewayByName } = implementationOf(text(record(gatewayClass?.spec).controllerName)) ?? {}
  if (accepted?.status !== 'False' && takesGatewayByName && isProgrammed(gateway)) return undefined
  return { conditions }
}

/** Why no controller works on a Gateway, a clause; undefined if one does, or its class is not known. */
export function notAccepted(
  gateway: RoutingObject,
  gatewayClass: RoutingObject | undefined,
): string | undefined {
  const refused =
    gatewayClass && unservedClass(gateway, gatewayClass)?.conditions.find(({ type }) => type === 'Accepted')
  if (refused)
    return `no controller accepts its GatewayClass ${gatewayClass.metadata.name}: ${describeCondition(refused)}`
  const own = conditionsOf(record(gateway.status).conditions)
  if (own.length === 0) return 'no controller has looked at it: it has no status'
  const failed = own.find(({ type, status }) => type === 'Accepted' && status !== 'True')
  return failed && describeCondition(failed)
}

/** Whether a controller reports the present generation of a Gateway as programmed. */
function isProgrammed({ metadata: { generation }, status }: RoutingObject): boolean {
  return conditionsOf(record(status).conditions).some(
    ({ type, status: state, observedGeneration = generation }) =>
      type === 'Programmed' && state === 'True' && observedGeneration === generation,
  )
}

/** Whether a parentRef means this Gateway. */
export function isParent({ metadata }: RoutingObject, { name, namespace }: ParentRef): boolean {
  return metadata.name === name && metadata.namespace === namespace
}

/** Of these listeners those that the Gateway's status refuses, each with the condition. */
export function refusedListeners({ status }: RoutingObject, listeners: Listener[]): string[] {
  const statuses = list(record(status).listeners)
  return listeners.flatMap((listener) => {
    const own = statuses.find(({ name }) => name === listener.name)
    const refusal = conditionsOf(own?.conditions).find((one) =>
      one.type === 'Conflicted' ? one.status === 'True' : one.status === 'False',
    )
    return refusal ? [`listener ${listener.name}: ${describeCondition(refusal)}`] : []
  })
}

/** Addresses in a Gateway's status. */
export function addressesOf({ status }: RoutingObject): string[] {
  return list(record(status).addresses).flatMap(({ value }) => (typeof value === 'string' ? [value] : []))
}

/** The Gateway that serves an app, or the only one of the cluster. Throws ExternalError if there is none, or it is not clear which. */
export async function findGateway(api: KubeApi, parent: ParentRef | undefined): Promise<RoutingObject> {
  if (parent) {
    const { name, namespace } = parent
    const found = await api.find({ resource: GATEWAYS, namespace, name })
    if (found) return found
    throw new ExternalError(`There is no Gateway ${name} in namespace ${namespace}.`, {
      nextSteps: [
        commented(kubectlCommand(['get', 'gateways', '-A']), 'those that are there'),
        'name the one that serves the app: routes.gateway.name and routes.gateway.namespace in the values',
      ],
    })
  }
  const { items } = await api.list({ resource: GATEWAYS })
  const [gateway, ...others] = items
  if (!gateway)
    throw new ExternalError('There is no Gateway in any namespace: nothing takes requests.', {
      nextSteps: [kubectlCommand(['get', 'gateways', '-A'])],
    })
  if (others.length === 0) return gateway
  const names = items.map((one) => `${refOf(one).namespace}/${one.metadata.name}`)
  throw new UsageError(`Several Gateways could be meant: ${names.join(', ')}.`, {
    nextSteps: ['name one: routes.gateway.name and routes.gateway.namespace in the values'],
  })
}

/** The class of a Gateway; undefined if it is not there, or may not be read. */
export async function classOf(api: KubeApi, { spec }: RoutingObject): Promise<RoutingObject | undefined> {
  const name = text(record(spec).gatewayClassName)
  return name === undefined ? undefined : unlessForbidden(api.find({ resource: GATEWAY_CLASSES, name }))
}

export function controllerNameOf(gatewayClass: RoutingObject | undefined): string | undefined {
  return text(record(gatewayClass?.spec).controllerName)
}
