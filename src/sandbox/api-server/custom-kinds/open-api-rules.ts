import { type Collect, matches, oneOf, required, size } from '../admission/crd-rules.js'
import { isObject } from '../schema/lookup.js'
import type { StatusCause } from '../status.js'
import type { OpenApiSchema } from './open-api.js'

/** Sets the defaults of a schema. Changes the value in place. */
export function applyOpenApiDefaults(value: unknown, schema: OpenApiSchema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyOpenApiDefaults(item, schema.items)
    return
  }
  if (!isObject(value)) return
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    if (value[field] === undefined && child.default !== undefined)
      value[field] = structuredClone(child.default)
    applyOpenApiDefaults(value[field], child)
  }
  const { additionalProperties } = schema
  if (typeof additionalProperties !== 'object') return
  for (const child of Object.values(value)) applyOpenApiDefaults(child, additionalProperties)
}

/** What a schema demands beside types: presence, choices, patterns and sizes. Rules in CEL are not read. */
export function openApiCauses(object: unknown, schema: OpenApiSchema): StatusCause[] {
  const causes: StatusCause[] = []
  const collect: Collect = (reason, field, message) => causes.push({ reason, field, message })
  visit(object, schema, '', collect)
  return causes
}

function visit(value: unknown, schema: OpenApiSchema, path: string, collect: Collect): void {
  if (value === undefined || value === null) return
  if (schema.enum) oneOf(collect, path, value, schema.enum)
  if (typeof value === 'string') return checkText(value, schema, path, collect)
  if (typeof value === 'number') return checkNumber(value, schema, path, collect)
  if (Array.isArray(value)) {
    const { items, minItems = 0, maxItems = Infinity } = schema
    size(collect, path, value, minItems, maxItems)
    if (items) value.forEach((item, index) => visit(item, items, `${path}[${index}]`, collect))
    return
  }
  if (!isObject(value)) return
  const at = (field: string) => (path === '' ? field : `${path}.${field}`)
  for (const field of schema.required ?? []) if (value[field] === undefined) required(collect, at(field))
  for (const [field, child] of Object.entries(value)) {
    const own = schema.properties?.[field]
    const { additionalProperties } = schema
    if (own) visit(child, own, at(field), collect)
    else if (typeof additionalProperties === 'object') visit(child, additionalProperties, at(field), collect)
  }
}

function checkText(value: string, schema: OpenApiSchema, path: string, collect: Collect): void {
  const { pattern, minLength = 0, maxLength = Infinity } = schema
  const compiled = pattern === undefined ? undefined : compile(pattern)
  if (compiled) matches(collect, path, value, compiled)
  if (value.length > maxLength)
    collect('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} bytes`)
  if (value.length < minLength) {
    const message = `${path} in body should be at least ${minLength} chars long`
    collect('FieldValueInvalid', path, `Invalid value: ${JSON.stringify(value)}: ${message}`)
  }
}

/** Undefined for a pattern of Go that JavaScript does not have. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern)
  } catch {
    return undefined
  }
}

function checkNumber(value: number, schema: OpenApiSchema, path: string, collect: Collect): void {
  const { minimum = -Infinity, maximum = Infinity } = schema
  const bound =
    value < minimum
      ? `greater than or equal to ${minimum}`
      : value > maximum
        ? `less than or equal to ${maximum}`
        : ''
  if (bound !== '')
    collect('FieldValueInvalid', path, `Invalid value: ${value}: ${path} in body should be ${bound}`)
}
