import type { FieldSchema, TypeDefinition } from '../schema/types.js'

/** The part of OpenAPI that a CustomResourceDefinition may use. */
export interface OpenApiSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  properties?: Record<string, OpenApiSchema>
  additionalProperties?: OpenApiSchema | boolean
  items?: OpenApiSchema
  required?: string[]
  default?: unknown
  enum?: unknown[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic' | 'granular'
}

const OBJECT_FIELDS: TypeDefinition['fields'] = {
  apiVersion: 'string',
  kind: 'string',
  metadata: 'meta.v1.ObjectMeta',
}
const known = new WeakMap<OpenApiSchema, FieldSchema>()

/** The schema of a custom kind's objects, as the walkers of this server read it. */
export function objectSchema(schema: OpenApiSchema, kind: string): FieldSchema {
  const found = known.get(schema)
  if (found !== undefined) return found
  const definition = structOf(schema, kind)
  const whole = { name: kind, struct: { ...definition, fields: { ...definition.fields, ...OBJECT_FIELDS } } }
  known.set(schema, whole)
  return whole
}

function fieldSchema(schema: OpenApiSchema, name: string): FieldSchema {
  if (schema['x-kubernetes-int-or-string']) return 'int-or-string'
  switch (schema.type) {
    case 'object':
      return mapOrStruct(schema, name)
    case 'array':
      return listSchema(schema, name)
    case 'integer':
      return 'int64'
    case undefined:
      return 'any'
    default:
      return schema.type
  }
}

function mapOrStruct(schema: OpenApiSchema, name: string): FieldSchema {
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true as const } : {}
  const { properties, additionalProperties } = schema
  if (schema['x-kubernetes-embedded-resource']) return 'any'
  if (properties) return { name, struct: { ...structOf(schema, name), ...atomic } }
  if (typeof additionalProperties === 'object')
    return { map: fieldSchema(additionalProperties, name), ...atomic }
  if (schema['x-kubernetes-preserve-unknown-fields'] || additionalProperties) return 'any'
  return { name, struct: structOf(schema, name) }
}

function structOf(schema: OpenApiSchema, name: string): TypeDefinition {
  const properties = Object.entries(schema.properties ?? {})
  const defaults = properties.flatMap(([field, { default: value }]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[field, value as string]] : [],
  )
  return {
    fields: Object.fromEntries(
      properties.map(([field, child]) => [field, fieldSchema(child, `${name}.${field}`)]),
    ),
    keepsEmpty: true,
    ...(defaults.length > 0 ? { defaults: Object.fromEntries(defaults) as Record<string, string> } : {}),
    ...(schema['x-kubernetes-preserve-unknown-fields'] ? { open: true as const } : {}),
  }
}

function listSchema(schema: OpenApiSchema, name: string): FieldSchema {
  const list = schema.items ? fieldSchema(schema.items, name) : 'any'
  const keys = schema['x-kubernetes-list-map-keys']
  switch (schema['x-kubernetes-list-type']) {
    case 'map':
      return { list, ...(keys ? { keys } : {}) }
    case 'set':
      return { list, set: true }
    default:
      return { list }
  }
}
