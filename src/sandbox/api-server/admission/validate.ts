import { isDeepStrictEqual } from 'node:util'
import { checkDefinition } from '../custom-kinds/definition.js'
import { openApiCauses } from '../custom-kinds/open-api-rules.js'
import type { KubeObject, ResourceType } from '../objects.js'
import { gatewayApiCauses } from './gateway-api.js'
import { isObject } from '../schema/lookup.js'
import { invalid, type StatusCause } from '../status.js'
import {
  DNS_LABEL,
  LABEL_KEY_NAME,
  LABEL_VALUE,
  SERVICE_NAME,
  SUBDOMAIN,
  type NameRule,
} from './name-rules.js'

type Collect = (reason: string, field: string, message: string) => void

/** Throws 422 with every cause found. `previous` is set if the object existed before. */
export function validate(resource: ResourceType, object: KubeObject, previous?: KubeObject): void {
  const causes: StatusCause[] = []
  const collect: Collect = (reason, field, message) => causes.push({ reason, message, field })
  validateMetadata(resource, object, collect)
  const schema = resource.schemas?.[resource.version]
  if (schema) causes.push(...openApiCauses(object, schema))
  else {
    CHECKS[resource.kind]?.(object, collect, previous)
    causes.push(...gatewayApiCauses(object, previous))
  }
  if (causes.length > 0) throw invalid(resource, object.metadata.name ?? '', causes)
}

const CHECKS: Record<string, (object: KubeObject, collect: Collect, previous?: KubeObject) => void> = {
  Service: ({ spec }, collect) => validateService(spec, collect),
  Deployment: validateDeployment,
  ReplicaSet: ({ spec }, collect) => validateWorkload(spec, collect),
  Pod: ({ spec }, collect) => validatePodSpec(spec, 'spec', collect),
  Secret: ({ data }, collect) => limitBytes(bytesOf(data, 'base64'), 'data', collect),
  ConfigMap: ({ data, binaryData }, collect) =>
    // No field is named: it concerns both.
    limitBytes(bytesOf(data, 'utf8') + bytesOf(binaryData, 'base64'), '[]', collect),
  Lease: ({ spec }, collect) => validateLease(spec, collect),
  HorizontalPodAutoscaler: ({ spec }, collect) => validateAutoscaler(spec, collect),
  CustomResourceDefinition: checkDefinition,
}

function invalidValue(collect: Collect, field: string, value: unknown, message: string): void {
  collect('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value)}: ${message}`)
}

function required(collect: Collect, field: string, message = ''): void {
  collect('FieldValueRequired', field, `Required value${message === '' ? '' : `: ${message}`}`)
}

function follows(collect: Collect, field: string, value: string, rule: NameRule): void {
  if (value.length > rule.maxLength) {
    collect(
      'FieldValueInvalid',
      field,
      `Invalid value: "${value}": must be no more than ${rule.maxLength} characters`,
    )
  } else if (!rule.pattern.test(value)) invalidValue(collect, field, value, rule.message)
}

const NAME_RULES: Record<string, NameRule> = { Service: SERVICE_NAME, Namespace: DNS_LABEL }

function validateMetadata(resource: ResourceType, { metadata }: KubeObject, collect: Collect): void {
  if (!metadata.name) required(collect, 'metadata.name', 'name or generateName is required')
  else follows(collect, 'metadata.name', metadata.name, NAME_RULES[resource.kind] ?? SUBDOMAIN)
  validateLabels(metadata.labels, 'metadata.labels', collect)
}

function validateLabels(labels: Record<string, string> | undefined, field: string, collect: Collect): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const name = key.slice(key.indexOf('/') + 1)
    follows(collect, field, name, LABEL_KEY_NAME)
    follows(collect, field, value, LABEL_VALUE)
  }
}

function validateService(spec: any, collect: Collect): void {
  const ports = (spec.ports ?? []) as any[]
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None') {
    required(collect, 'spec.ports')
  }
  ports.forEach((port, index) => {
    const field = `spec.ports[${index}]`
    if (ports.length > 1 && !port.name) required(collect, `${field}.name`)
    validatePort(port.port, `${field}.port`, collect)
    if (typeof port.targetPort === 'number') validatePort(port.targetPort, `${field}.targetPort`, collect)
  })
}

function validatePort(port: unknown, field: string, collect: Collect): void {
  if (typeof port === 'number' && port >= 1 && port <= 65535) return
  invalidValue(collect, field, port, 'must be between 1 and 65535, inclusive')
}

function validateDeployment({ spec }: KubeObject, collect: Collect, previous?: KubeObject): void {
  validateWorkload(spec, collect)
  if (previous && !isDeepStrictEqual(previous.spec.selector, spec.selector)) {
    invalidValue(collect, 'spec.selector', spec.selector, 'field is immutable')
  }
}

/** The rules that a Deployment and a ReplicaSet share. */
function validateWorkload(spec: any, collect: Collect): void {
  if (spec.replicas < 0) {
    invalidValue(collect, 'spec.replicas', spec.replicas, 'must be greater than or equal to 0')
  }
  const wanted = spec.selector?.matchLabels as Record<string, string> | undefined
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>
  if (!isObject(spec.selector)) required(collect, 'spec.selector')
  else if (Object.entries(wanted ?? {}).some(([key, value]) => labels[key] !== value)) {
    const field = 'spec.template.metadata.labels'
    invalidValue(collect, field, labels, '`selector` does not match template `labels`')
  }
  validateLabels(labels, 'spec.template.labels', collect)
  validatePodSpec(spec.template?.spec, 'spec.template.spec', collect)
}

function validateLease(spec: any, collect: Collect): void {
  const { leaseDurationSeconds, leaseTransitions } = spec ?? {}
  if (leaseDurationSeconds <= 0)
    invalidValue(collect, 'spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')
  if (leaseTransitions < 0)
    invalidValue(collect, 'spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0')
}

/** All values of a Secret or ConfigMap together. */
const MAX_DATA_BYTES = 1024 * 1024

function limitBytes(bytes: number, field: string, collect: Collect): void {
  if (bytes > MAX_DATA_BYTES)
    collect('FieldValueTooLong', field, `Too long: must have at most ${MAX_DATA_BYTES} bytes`)
}

function bytesOf(data: Record<string, string> | undefined, encoding: 'base64' | 'utf8'): number {
  return Object.values(data ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value, encoding), 0)
}

function validateAutoscaler(spec: any, collect: Collect): void {
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {} } = spec ?? {}
  if (minReplicas < 1)
    invalidValue(collect, 'spec.minReplicas', minReplicas, 'must be greater than or equal to 1')
  if (maxReplicas < 1) invalidValue(collect, 'spec.maxReplicas', maxReplicas, 'must be greater than 0')
  if (maxReplicas < minReplicas) {
    const message = 'must be greater than or equal to `minReplicas`'
    invalidValue(collect, 'spec.maxReplicas', maxReplicas, message)
  }
  for (const field of ['kind', 'name'])
    if (!scaleTargetRef[field]) required(collect, `spec.scaleTargetRef.${field}`)
}

function validatePodSpec(spec: any, field: string, collect: Collect): void {
  const containers = (spec?.containers ?? []) as any[]
  if (containers.length === 0) required(collect, `${field}.containers`)
  const seen = new Set<string>()
  containers.forEach((container, index) => {
    const at = `${field}.containers[${index}]`
    if (!container.name) required(collect, `${at}.name`)
    else if (seen.has(container.name as string)) {
      collect('FieldValueDuplicate', `${at}.name`, `Duplicate value: "${container.name}"`)
    } else follows(collect, `${at}.name`, container.name as string, DNS_LABEL)
    seen.add(container.name as string)
    if (!container.image) required(collect, `${at}.image`)
    for (const [position, port] of ((container.ports ?? []) as any[]).entries()) {
      validatePort(port.containerPort, `${at}.ports[${position}].containerPort`, collect)
    }
    for (const [position, variable] of ((container.env ?? []) as any[]).entries()) {
      if (!variable.name) required(collect, `${at}.env[${position}].name`)
    }
  })
}
