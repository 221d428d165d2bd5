/**
 * Derives src/sandbox/api-server/schema/kubernetes-types.ts from an OpenAPI v3 document of a Kubernetes API server:
 *   node --import tsx scripts/make-schema-table.ts openapi.json
 * The document is `{"source": "...", "schemas": {...}}`, or an OpenAPI document as `/openapi/v3/...` answers it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FieldSchema, TypeDefinition } from '../src/sandbox/api-server/schema/types.js'

interface OpenApiSchema {
  type?: string
  format?: string
  default?: unknown
  required?: string[]
  properties?: Record<string, OpenApiSchema>
  items?: OpenApiSchema
  additionalProperties?: OpenApiSchema
  allOf?: OpenApiSchema[]
  oneOf?: OpenApiSchema[]
  $ref?: string
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic' | 'granular'
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-patch-strategy'?: string
}

interface OpenApiDocument {
  source?: string
  schemas?: Record<string, OpenApiSchema>
  components?: { schemas: Record<string, OpenApiSchema> }
}

/** Types that are scalars on the wire, by the end of their OpenAPI name. */
const SCALARS: Record<string, FieldSchema> = {
  'intstr.IntOrString': 'int-or-string',
  'resource.Quantity': 'quantity',
  'v1.MicroTime': 'time',
  'v1.Time': 'time',
  'v1.FieldsV1': 'any',
}

const [documentPath] = process.argv.slice(2)
if (!documentPath) throw new Error('which OpenAPI document? give its path as the argument')
const document = JSON.parse(await readFile(documentPath, 'utf8')) as OpenApiDocument
const schemas = document.schemas ?? document.components?.schemas
if (!schemas) throw new Error(`${documentPath} has neither "schemas" nor "components.schemas"`)

const lines: string[] = []
for (const [name, schema] of Object.entries(schemas)) {
  if (scalarOf(name) || !schema.properties) continue
  lines.push(
    `  ${JSON.stringify(shortName(name))}: ${JSON.stringify(definition(schema.properties, schema))},`,
  )
}

const target = new URL('../src/sandbox/api-server/schema/kubernetes-types.ts', import.meta.url)
await writeFile(
  target,
  `// Made by scripts/make-schema-table.ts; not to be edited by hand.
// Source: ${document.source ?? 'OpenAPI v3 of a Kubernetes API server (Apache-2.0)'}, copyright The Kubernetes Authors.
import type { TypeDefinition } from './types.js'

// prettier-ignore
export const KUBERNETES_TYPES: Record<string, TypeDefinition> = {
${lines.join('\n')}
}
`,
)
console.log(`${lines.length} types in ${fileURLToPath(target)}`)

function definition(properties: Record<string, OpenApiSchema>, schema: OpenApiSchema): TypeDefinition {
  const fields: Record<string, FieldSchema> = {}
  const structs: string[] = []
  const defaults: Record<string, string | number | boolean> = {}
  for (const [field, property] of Object.entries(properties)) {
    fields[field] = fieldSchema(property)
    const value = property.default
    if (isEmptyObject(value)) structs.push(field)
    // Zero values of Go say nothing; a real default is needed where the field is a key of a list.
    else if (value !== undefined && value !== '' && value !== 0 && value !== false) {
      defaults[field] = value as string
    }
  }
  return {
    fields,
    ...(schema.required ? { required: schema.required } : {}),
    ...(structs.length > 0 ? { structs } : {}),
    ...(Object.keys(defaults).length > 0 ? { defaults } : {}),
    ...(schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {}),
  }
}

function fieldSchema(schema: OpenApiSchema): FieldSchema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref
  if (reference) {
    const name = reference.slice(reference.lastIndexOf('/') + 1)
    return scalarOf(name) ?? (schemas![name]?.properties ? shortName(name) : 'any')
  }
  if (schema.type === 'array' && schema.items) {
    const mergeKey = schema['x-kubernetes-patch-merge-key']
    const merges = schema['x-kubernetes-patch-strategy']?.split(',').includes('merge')
    return {
      list: fieldSchema(schema.items),
      ...(schema['x-kubernetes-list-type'] === 'map' ? { keys: schema['x-kubernetes-list-map-keys'] } : {}),
      ...(schema['x-kubernetes-list-type'] === 'set' ? { set: true } : {}),
      ...(merges ? { merge: mergeKey ?? true } : {}),
    }
  }
  if (schema.type === 'object' && schema.additionalProperties) {
    const atomic = schema['x-kubernetes-map-type'] === 'atomic'
    return { map: fieldSchema(schema.additionalProperties), ...(atomic ? { atomic } : {}) }
  }
  if (schema.type === 'integer') return schema.format === 'int64' ? 'int64' : 'int32'
  if (schema.type === 'string') return schema.format === 'byte' ? 'bytes' : 'string'
  if (schema.type === 'boolean' || schema.type === 'number') return schema.type
  return 'any'
}

function scalarOf(name: string): FieldSchema | undefined {
  return SCALARS[name.split('.').slice(-2).join('.')]
}

/** `io.k8s.api.apps.v1.Deployment` → `apps.v1.Deployment`, `…apis.meta.v1.ObjectMeta` → `meta.v1.ObjectMeta`. */
function shortName(name: string): string {
  return name.split('.').slice(-3).join('.')
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
