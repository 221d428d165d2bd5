import type { StatusCause } from '../status.js'
import type { PathPart, Problem } from './inspect.js'
import { isObject, type Resolved } from './lookup.js'

/** `spec.template.spec.containers[0].image` */
export function fieldPath(path: PathPart[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')
}

/** A wrong type of a built-in kind, worded like Go's JSON decoder. */
export function decodingError({ path, value, wanted, within }: Problem): string {
  const struct = within.slice(within.lastIndexOf('.') + 1)
  const fields = path.filter((part) => typeof part === 'string').join('.')
  const target = `${struct}.${fields} of type ${goType(wanted)}`
  return `json: cannot unmarshal ${jsonType(value)} into Go struct field ${target}`
}

/** A cause of a 422, worded like the check of custom resources. */
export function customResourceCause({ kind, path, value, wanted }: Problem): StatusCause {
  const field = fieldPath(path)
  if (kind === 'wrong-type') {
    const type = openApiType(value)
    const message = `Invalid value: "${type}": ${field} in body must be of type ${wantedOpenApiType(wanted)}: "${type}"`
    return { reason: 'FieldValueTypeInvalid', message, field }
  }
  const [bound, word] =
    wanted.kind === 'scalar' && kind === 'too-small'
      ? [wanted.minimum, 'greater']
      : [maximumOf(wanted), 'less']
  const message = `Invalid value: ${String(value)}: ${field} in body should be ${word} than or equal to ${bound}`
  return { reason: 'FieldValueInvalid', message, field }
}

/** A value that does not fit the schema, worded like server-side apply. */
export function typedPatchError({ kind, path, value, wanted }: Problem): string {
  const where = `.${fieldPath(path)}`
  if (kind === 'unknown-field') return `${where}: field not declared in schema`
  return `${where}: expected ${wantedTypedValue(wanted)}, got &value.valueUnstructured{Value:${goValue(value)}}`
}

function maximumOf(wanted: Resolved): number | undefined {
  return wanted.kind === 'scalar' ? wanted.maximum : undefined
}

function jsonType(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'array'
  return isObject(value) ? 'object' : typeof value
}

function goType(type: Resolved): string {
  switch (type.kind) {
    case 'scalar':
      return { boolean: 'bool', time: 'string', bytes: '[]uint8', number: 'float64' }[type.type] ?? type.type
    case 'struct':
      return type.name.split('.').slice(-2).join('.')
    case 'list':
      return `[]${goName(type.items)}`
    case 'map':
      return `map[string]${goName(type.values)}`
    case 'any':
      return 'interface {}'
  }
}

function goName(schema: unknown): string {
  return typeof schema === 'string' ? schema.split('.').slice(-2).join('.') : 'interface {}'
}

function openApiType(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

function wantedOpenApiType(wanted: Resolved): string {
  if (wanted.kind === 'list') return 'array'
  if (wanted.kind !== 'scalar') return 'object'
  return wanted.type.startsWith('int') ? 'integer' : wanted.type
}

function wantedTypedValue(wanted: Resolved): string {
  if (wanted.kind === 'list') return 'list'
  if (wanted.kind !== 'scalar') return 'map'
  if (wanted.type === 'boolean') return 'boolean'
  return wanted.type.startsWith('int') || wanted.type === 'number' ? 'numeric (int or float)' : 'string'
}

function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goValue).join(', ')}}`
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}:${goValue(child)}`)
    return `map[string]interface {}{${entries.join(', ')}}`
  }
  return value === null ? 'interface {}(nil)' : JSON.stringify(value)
}
