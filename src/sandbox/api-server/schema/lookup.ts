import { objectSchema } from '../custom-kinds/open-api.js'
import type { ResourceType } from '../objects.js'
import { gatewayApiType } from './gateway-api-types.js'
import { GLOO_TYPES } from './gloo-types.js'
import { KUBERNETES_TYPES } from './kubernetes-types.js'
import { POLICY_TYPES } from './policy-types.js'
import type { FieldSchema, TypeDefinition } from './types.js'

/** A schema with its name resolved: what a walker branches on. */
export type Resolved =
  | { kind: 'struct'; name: string; definition: TypeDefinition }
  | { kind: 'map'; values: FieldSchema; atomic: boolean }
  | { kind: 'list'; items: FieldSchema; keys?: string[]; set: boolean; merge?: string | true }
  | { kind: 'scalar'; type: string; minimum?: number; maximum?: number }
  | { kind: 'any' }

const ANY: Resolved = { kind: 'any' }

/** The schema of a kind's objects; `any` for kinds that the table does not have. */
export function schemaOf(resource: ResourceType): FieldSchema {
  if (resource.schema !== undefined) return resource.schema
  const own = resource.schemas?.[resource.version]
  if (own) return objectSchema(own, resource.kind)
  if (resource.group === 'gateway.networking.k8s.io') return `gateway-api.${resource.kind}`
  if (resource.custom) return knownOrAny(`gloo.${resource.kind}`)
  const group = resource.group === '' ? 'core' : resource.group.split('.')[0]
  return knownOrAny(`${group}.${resource.version}.${resource.kind}`)
}

export function resolve(schema: FieldSchema): Resolved {
  if (typeof schema === 'string') {
    if (schema === 'any') return ANY
    const definition =
      KUBERNETES_TYPES[schema] ?? GLOO_TYPES[schema] ?? POLICY_TYPES[schema] ?? gatewayApiType(schema)
    return definition ? { kind: 'struct', name: schema, definition } : { kind: 'scalar', type: schema }
  }
  if ('list' in schema) {
    return {
      kind: 'list',
      items: schema.list,
      keys: schema.keys,
      set: schema.set ?? false,
      merge: schema.merge,
    }
  }
  if ('struct' in schema) return { kind: 'struct', name: schema.name, definition: schema.struct }
  if ('map' in schema) return { kind: 'map', values: schema.map, atomic: schema.atomic ?? false }
  return { kind: 'scalar', type: 'int64', minimum: schema.minimum, maximum: schema.maximum }
}

/** A value of unknown type: a map by fields, a list replaced as a whole, or a scalar. */
export function resolveFor(schema: FieldSchema, ...values: unknown[]): Resolved {
  const resolved = resolve(schema)
  if (resolved.kind !== 'any') return resolved
  const sample = values.find((value) => value !== undefined && value !== null)
  if (Array.isArray(sample)) return { kind: 'list', items: 'any', set: false }
  if (isObject(sample)) return { kind: 'map', values: 'any', atomic: false }
  return { kind: 'scalar', type: 'any' }
}

/** The schema of one field or map entry; undefined if a struct has no such field. */
export function fieldOf(resolved: Resolved, field: string): FieldSchema | undefined {
  if (resolved.kind === 'map') return resolved.values
  if (resolved.kind !== 'struct') return undefined
  const { fields, open } = resolved.definition
  return Object.hasOwn(fields, field) ? fields[field] : open ? 'any' : undefined
}

/** Whether a struct declares this field (instead of only keeping it). */
export function declares(resolved: Resolved, field: string): boolean {
  return resolved.kind === 'struct' && Object.hasOwn(resolved.definition.fields, field)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function knownOrAny(name: string): FieldSchema {
  return [KUBERNETES_TYPES, GLOO_TYPES, POLICY_TYPES].some((types) => Object.hasOwn(types, name))
    ? name
    : 'any'
}
