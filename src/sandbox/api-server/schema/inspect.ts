import { fieldOf, isObject, resolve, type Resolved } from './lookup.js'
import type { FieldSchema } from './types.js'

export type PathPart = string | number

/** A problem of one value in an object. */
export interface Problem {
  kind: 'unknown-field' | 'wrong-type' | 'too-small' | 'too-big'
  path: PathPart[]
  value: unknown
  /** What the schema expects there. */
  wanted: Resolved
  /** Name of the innermost type around it, e.g. `apps.v1.DeploymentSpec`. */
  within: string
}

export interface Inspection {
  /** The stored value: without unknown fields and nulls, with the structs that always exist. */
  value: any
  problems: Problem[]
}

/**
 * Checks a value against its schema, and brings it into stored form. Values of type `any` are unchanged. Every problem
 * is reported; the caller decides what to do about it.
 */
export function inspect(value: unknown, schema: FieldSchema): Inspection {
  const problems: Problem[] = []
  const kept = visit(value, resolve(schema), [], '')
  return { value: kept, problems }

  function visit(current: unknown, wanted: Resolved, path: PathPart[], within: string): unknown {
    const report = (kind: Problem['kind']) => problems.push({ kind, path, value: current, wanted, within })
    if (wanted.kind === 'any') return current
    if (wanted.kind === 'scalar') {
      if (!isScalar(current, wanted.type)) report('wrong-type')
      else if (wanted.minimum !== undefined && (current as number) < wanted.minimum) report('too-small')
      else if (wanted.maximum !== undefined && (current as number) > wanted.maximum) report('too-big')
      return wanted.type === 'quantity' ? String(current) : current
    }
    if (wanted.kind === 'list') {
      if (!Array.isArray(current)) {
        report('wrong-type')
        return current
      }
      const items = resolve(wanted.items)
      return current.map((item, index) => visit(item, items, [...path, index], within))
    }
    if (!isObject(current)) {
      report('wrong-type')
      return current
    }
    if (wanted.kind === 'map') {
      const values = resolve(wanted.values)
      const entries = Object.entries(current).filter(([, item]) => item !== null)
      return Object.fromEntries(
        entries.map(([key, item]) => [key, visit(item, values, [...path, key], within)]),
      )
    }
    return visitStruct(current, wanted, path)
  }

  function visitStruct(
    current: Record<string, unknown>,
    wanted: Extract<Resolved, { kind: 'struct' }>,
    path: PathPart[],
  ): unknown {
    const { definition, name } = wanted
    const struct: Record<string, unknown> = {}
    for (const [field, item] of Object.entries(current)) {
      const schemaOfField = fieldOf(wanted, field)
      const itemPath = [...path, field]
      if (schemaOfField === undefined) {
        problems.push({ kind: 'unknown-field', path: itemPath, value: item, wanted, within: name })
      } else if (item !== null || schemaOfField === 'any') {
        const fieldType = resolve(schemaOfField)
        const kept = visit(item, fieldType, itemPath, name)
        const optional = !definition.open && !definition.keepsEmpty && !definition.required?.includes(field)
        if (!(optional && isOmitted(kept, fieldType))) struct[field] = kept
      }
    }
    for (const field of definition.structs ?? []) {
      struct[field] ??= visit({}, resolve(fieldOf(wanted, field)!), [...path, field], name)
    }
    return struct
  }
}

/** Go omits empty lists and maps of optional fields. */
function isOmitted(value: unknown, type: Resolved): boolean {
  if (type.kind === 'list') return Array.isArray(value) && value.length === 0
  return type.kind === 'map' && isObject(value) && Object.keys(value).length === 0
}

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'int32':
    case 'int64':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value)
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number'
    default:
      return typeof value === 'string'
  }
}

/** A kind's object before anybody has set a field: the base for ownership of a new object's fields. */
export function zeroValue(schema: FieldSchema): Record<string, unknown> {
  const resolved = resolve(schema)
  if (resolved.kind !== 'struct') return {}
  const { definition } = resolved
  const zero: Record<string, unknown> = {}
  for (const field of definition.required ?? []) {
    const type = resolve(fieldOf(resolved, field)!)
    if (type.kind !== 'scalar') zero[field] = null
  }
  for (const field of definition.structs ?? []) zero[field] = zeroValue(fieldOf(resolved, field)!)
  return zero
}
