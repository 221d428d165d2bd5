import type { JsonObject } from '../model/values.js'
import type { ContainerPorts } from './container-ports.js'
import type { LeftOut } from './environment-values.js'
import { listOf, mapOf, textOf, withoutEmpty } from './json-fields.js'
import { isObject } from './merge.js'
import { plainAnnotations } from './server-defaults.js'

/** Fields that the API server fills in, and those that are read. */
const KNOWN = new Set(
  (
    'ports selector clusterIP clusterIPs ipFamilies ipFamilyPolicy internalTrafficPolicy sessionAffinity type ' +
    'externalTrafficPolicy allocateLoadBalancerNodePorts'
  ).split(' '),
)

/** Whether a Service sends to pods with these labels. */
export function selects(service: JsonObject, labels: JsonObject): boolean {
  const selector = isObject(service.spec) ? service.spec.selector : undefined
  if (!isObject(selector) || Object.keys(selector).length === 0) return false
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}

/** The port of the pods that a Service sends requests to, by number or name: that of its port http, or its first. */
export function requestPort(service: JsonObject): number | string | undefined {
  const { targetPort, port } = mainPort(service) ?? {}
  return typeof targetPort === 'number' || typeof targetPort === 'string' ? targetPort : Number(port)
}

/** `service:` of the values. */
export function serviceValues(
  service: JsonObject,
  ports: ContainerPorts,
): { values: JsonObject; leftOut: LeftOut[] } {
  const spec = mapOf(service.spec)
  const main = mainPort(service)
  const isTcp = ({ protocol }: JsonObject) => protocol === undefined || protocol === 'TCP'
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
  const fields = Object.keys(spec).filter((field) => !KNOWN.has(field))
  const leftOut = fields.map((field) => ({ field, reason: 'the chart has no value for it' }))
  for (const { port, protocol } of others.filter((entry) => !isTcp(entry))) {
    leftOut.push({
      field: `port ${textOf(port)}/${textOf(protocol)}`,
      reason: 'the chart has ports for TCP only',
    })
  }
  if (spec.type !== undefined && spec.type !== 'ClusterIP') {
    leftOut.push({ field: 'type', reason: `it is ${textOf(spec.type)}; requests come by the gateway now` })
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
  const ports = portsOf(service)
  return ports.find(({ name }) => name === 'http') ?? ports[0]
}

function portsOf(service: JsonObject): JsonObject[] {
  return listOf(mapOf(service.spec).ports)
}
