import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

type Schema = { [key: string]: unknown }

/** The schema of what canary prints with `--json`, as it is shipped. */
export function outputSchema(): Schema & { definitions: Record<string, Schema> } {
  return JSON.parse(readFileSync(new URL('../../schema/output-v1.json', import.meta.url), 'utf8'))
}

let ajv: Ajv | undefined

/**
 * Throws where the document that a command printed is not one of the schema: a field is missing, of another type, or not in the
 * schema. `args` are the words of the command line.
 */
export function requireInSchema(args: string[], document: unknown): void {
  const name = definitionOf(args, document)
  ajv ??= new Ajv({ allowUnionTypes: true, allErrors: true }).addSchema(
    closed(outputSchema()) as object,
    'output',
  )
  const validate: ValidateFunction | undefined = ajv.getSchema(
    `output#/definitions/${encodeURIComponent(name)}`,
  )
  if (!validate) throw new Error(`schema/output-v1.json has no definition ${name}`)
  if (validate(document)) return
  const lines = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  )
  throw new Error(
    `canary ${args.join(' ')}: not what schema/output-v1.json says:\n${lines.slice(0, 20).join('\n')}`,
  )
}

/** `status`, `sandbox start`; `error` where the command failed. */
export function definitionOf(args: string[], document: unknown): string {
  const [first = '', second = ''] = args
  const command = first === 'runbook' || first === 'sandbox' ? `${first} ${second}` : first
  const failed = typeof document === 'object' && document !== null && 'error' in document
  return failed && command !== 'values' ? 'error' : command
}

/** The same schema with no fields but those it names: users may get further ones, but none that it does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return inner.type === 'object' && 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner
}
