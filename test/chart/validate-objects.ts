import { KUBERNETES_TYPES } from '../../src/sandbox/api-server/schema/kubernetes-types.js'
import type { FieldSchema, TypeDefinition } from '../../src/sandbox/api-server/schema/types.js'
import { GLOO_SCHEMA } from './gloo-schema.js'
import { type GatewayApiVersion, gatewayApiProblems } from './validate-gateway-api.js'

const TYPES: Record<string, TypeDefinition> = { ...KUBERNETES_TYPES, ...GLOO_SCHEMA }

/** The kinds that the chart may render, by apiVersion and kind. */
const KINDS: Record<string, string> = {
  'v1 ConfigMap': 'core.v1.ConfigMap',
  'v1 Pod': 'core.v1.Pod',
  'v1 Service': 'core.v1.Service',
  'v1 ServiceAccount': 'core.v1.ServiceAccount',
  'apps/v1 Deployment': 'apps.v1.Deployment',
  'autoscaling/v2 HorizontalPodAutoscaler': 'autoscaling.v2.HorizontalPodAutoscaler',
  'policy/v1 PodDisruptionBudget': 'policy.v1.PodDisruptionBudget',
  'gateway.solo.io/v1 RouteTable': 'gloo.RouteTable',
  'gateway.solo.io/v1 VirtualService': 'gloo.VirtualService',
  'gloo.solo.io/v1 Upstream': 'gloo.Upstream',
}

const GATEWAY_API = 'gateway.networking.k8s.io/'

/**
 * What a Kubernetes API server with strict field validation would refuse of rendered objects (by `kind/name`, as
 * `objectsOf` gives them), each with its place: unknown and missing fields, wrong types, numbers out of bounds. Built-in
 * kinds are held against the API server's own OpenAPI schemas, Gloo's against test/chart/gloo-schema.ts, those of the
 * Gateway API against the CRDs of one of its versions.
 */
export function problemsOf(objects: Record<string, any>, gatewayApi: GatewayApiVersion = 'v1.6.2'): string[] {
  return Object.entries(objects).flatMap(([name, object]) => {
    if (object.apiVersion.startsWith(GATEWAY_API))
      return [
        ...check(object.metadata, 'meta.v1.ObjectMeta', `${name}.metadata`),
        ...gatewayApiProblems(object, gatewayApi),
      ]
    const type = KINDS[`${object.apiVersion} ${object.kind}`]
    return type ? check(object, type, name) : [`${name}: the chart renders no ${object.kind} of that group`]
  })
}

function check(value: unknown, schema: FieldSchema, place: string): string[] {
  if (value === null) return [`${place}: null`]
  if (typeof schema === 'string') {
    const definition = TYPES[schema]
    return definition ? checkFields(value, definition, schema, place) : checkScalar(value, schema, place)
  }
  if ('list' in schema) {
    if (!Array.isArray(value)) return [`${place}: no list`]
    const repeated = schema.keys ? repeatedItems(value, schema.keys, schema.list, place) : []
    return [...value.flatMap((item, index) => check(item, schema.list, `${place}[${index}]`)), ...repeated]
  }
  if ('map' in schema) {
    if (!isMap(value)) return [`${place}: no map`]
    return Object.entries(value).flatMap(([key, item]) => check(item, schema.map, `${place}.${key}`))
  }
  if ('struct' in schema) return checkFields(value, schema.struct, schema.name, place)
  const { minimum = -Infinity, maximum = Infinity } = schema
  const fits = Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
  return fits ? [] : [`${place}: ${JSON.stringify(value)} is no integer from ${minimum} to ${maximum}`]
}

function checkFields(value: unknown, definition: TypeDefinition, type: string, place: string): string[] {
  if (!isMap(value)) return [`${place}: no ${type}`]
  const missing = (definition.required ?? []).filter((field) => !(field in value))
  return [
    ...missing.map((field) => `${place}.${field}: missing`),
    ...Object.entries(value).flatMap(([field, item]) => {
      const schema = definition.fields[field]
      return schema ? check(item, schema, `${place}.${field}`) : [`${place}.${field}: unknown to ${type}`]
    }),
  ]
}

/** Items of a list that is a map by some of their fields; the later of two with the same ones is in the way. */
function repeatedItems(items: any[], keys: string[], type: FieldSchema, place: string): string[] {
  const defaults = typeof type === 'string' ? TYPES[type]?.defaults : undefined
  const seen = new Set<string>()
  return items.flatMap((item) => {
    const id = keys.map((key) => `${key} ${item?.[key] ?? defaults?.[key]}`).join(', ')
    if (seen.has(id)) return [`${place}: ${id} is there twice`]
    seen.add(id)
    return []
  })
}

function checkScalar(value: unknown, type: string, place: string): string[] {
  return isScalar(value, type) ? [] : [`${place}: ${JSON.stringify(value)} is no ${type}`]
}

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'any':
      return true
    case 'boolean':
    case 'number':
      return typeof value === type
    case 'int32':
    case 'int64':
      return Number.isInteger(value)
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value)
    case 'quantity':
      return typeof value === 'number' || /^[0-9.]+(m|k|[KMGTPE]i?)?$/.test(String(value))
    default:
      return typeof value === 'string'
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
