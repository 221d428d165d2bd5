import type { LeftOut } from '../../model/results/init.js'
import type { JsonObject } from '../../model/values.js'
import type { ContainerPorts } from './container-ports.js'
import { unread, unreadAround } from '../import/unread.js'
import { listOf, mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'
import { plainAnnotations } from './server-defaults.js'

/** Fields that are read here, and those that the cluster assigns. */
const KNOWN = 'ports selector clusterIP clusterIPs ipFamilies sessionAffinity type'.split(' ')
const PORT = 'name port targetPort protocol'.split(' ')

/** The API server's defaults for a Service; it writes them into the objects it stores. */
const DEFAULTS: JsonObject = {
  ipFamilyPolicy: 'SingleStack',
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Cluster',
  allocateLoadBalancerNodePorts: true,
  publishNotReadyAddresses: false,
}

/** Whether a Service sends to pods with these labels. */
export function selects(service: JsonObject, labels: JsonObject): boolean {
  const selector = isObject(service.spec) ? service.spec.selector : undefined
  if (!isObject(selector) || Object.keys(selector).length === 0) return false
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}

/** The pods' port for requests of a Service, by number or name: that of its port http, else of its first. */
export function requestPort(service: JsonObject): number | string | undefined {
  const { targetPort, port } = mainPort(service) ?? {}
  if (typeof targetPort === 'number' || typeof targetPort === 'string') return targetPort
  return typeof port === 'number' ? port : undefined
}

/**
 * Whether requests reach the Service by its own address on a TCP port; false for a headless one or one for UDP only.
 */
export function takesRequests(service: JsonObject): boolean {
  return mainPort(service) !== undefined && !isHeadless(service)
}

function isHeadless(service: JsonObject): boolean {
  return mapOf(service.spec).clusterIP === 'None'
}

/** `service:` of the values. */
export function serviceValues(
  service: JsonObject,
  ports: ContainerPorts,
): { values: JsonObject; leftOut: LeftOut[] } {
  const spec = mapOf(service.spec)
  const main = mainPort(service)
  const others = portsOf(service).filter((port) => port !== main)
  const further = others.filter(isTcp).map((entry) => {
    const { name, port, targetPort } = entry
    const number = typeof targetPort === 'string' ? (ports.numberOf(targetPort) ?? targetPort) : targetPort
    return withoutEmpty({
      name: typeof name === 'string' && name !== 'http' ? name : `port-${textOf(port)}`,
      port,
      targetPort: number === port ? undefined : number,
    })
  })
  const nonDefault = Object.entries(spec).filter(([field, value]) => value !== DEFAULTS[field])
  const leftOut = [
    ...unreadAround(service, { annotations: true }),
    ...unread(Object.fromEntries(nonDefault), KNOWN),
    ...portsOf(service).flatMap((port) => unread(port, PORT, `port ${textOf(port.port)}: `)),
  ]
  if (typeof main?.name === 'string' && !(main.name === 'http' && further.length > 0)) {
    const reason =
      further.length > 0 ? 'the chart names it http' : "the chart's Service does not name its only port"
    leftOut.push({ field: `port ${textOf(main.port)}: name ${main.name}`, reason })
  }
  if (isHeadless(service)) {
    leftOut.push({
      field: 'clusterIP None',
      reason: "the chart's Service has an address, so no DNS names for single pods",
    })
  }
  for (const { port, protocol } of others.filter((entry) => !isTcp(entry))) {
    leftOut.push({
      field: `port ${textOf(port)}/${textOf(protocol)}`,
      reason: 'the chart supports TCP ports only',
    })
  }
  if (spec.type !== undefined && spec.type !== 'ClusterIP') {
    leftOut.push({
      field: 'type',
      reason: `it is ${textOf(spec.type)}; requests come through the gateway now`,
    })
  }
  if (spec.sessionAffinity !== undefined && spec.sessionAffinity !== 'None') {
    leftOut.push({ field: 'sessionAffinity', reason: 'the gateway chooses the pods' })
  }
  const port = main?.port
  const values = withoutEmpty({
    port: port === 80 ? undefined : port,
    ports: further,
    annotations: plainAnnotations(mapOf(service.metadata).annotations),
  })
  return { values, leftOut }
}

function mainPort(service: JsonObject): JsonObject | undefined {
  const ports = portsOf(service).filter(isTcp)
  return ports.find(({ name }) => name === 'http') ?? ports[0]
}

function isTcp({ protocol }: JsonObject): boolean {
  return protocol === undefined || protocol === 'TCP'
}

function portsOf(service: JsonObject): JsonObject[] {
  return listOf(mapOf(service.spec).ports)
}
