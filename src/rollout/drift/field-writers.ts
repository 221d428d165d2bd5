import type { FieldWriter, ObjectFields } from '../../model/results/drift.js'
import type { PathStep } from '../../lib/tree.js'
import { isObject } from '../values/merge.js'

/** The fields of `metadata.managedFields` that are read here. */
interface ManagedFields {
  manager?: string
  time?: string
  /** `status` or `scale`: not written through the object itself. */
  subresource?: string
  fieldsV1?: unknown
}

/**
 * Who else than Helm wrote this field, from the API server's managedFields: the manager that owns it or a parent of it;
 * if nobody does (a removed field has no owner), whoever else owns any field of the object. With several, the last.
 */
export function writerOf({ metadata }: ObjectFields, path: PathStep[]): FieldWriter | undefined {
  const entries = isObject(metadata) && Array.isArray(metadata.managedFields) ? metadata.managedFields : []
  const others = (entries as ManagedFields[]).filter(
    ({ manager, subresource, fieldsV1 }) =>
      manager !== undefined && manager !== 'helm' && subresource !== 'status' && !isStatusOnly(fieldsV1),
  )
  const owners = others.filter(({ fieldsV1 }) => owns(fieldsV1, path))
  const [last] = (owners.length > 0 ? owners : others).sort((a, b) =>
    (b.time ?? '').localeCompare(a.time ?? ''),
  )
  return last?.manager === undefined
    ? undefined
    : { manager: last.manager, ...(last.time ? { at: last.time } : {}) }
}

/** Controllers of custom resources write status through the object itself. */
function isStatusOnly(fields: unknown): boolean {
  return isObject(fields) && Object.keys(fields).every((key) => key === 'f:status')
}

/** Whether a set of fields has this one or a parent of it (a list that counts as one value). */
function owns(fields: unknown, path: PathStep[]): boolean {
  if (!isObject(fields)) return false
  const [step, ...rest] = path
  if (step === undefined) return true
  if (Object.keys(fields).every((key) => key === '.')) return true
  return typeof step === 'string'
    ? owns(fields[`f:${step}`], rest)
    : Object.keys(fields).some((key) => isEntry(key, step.entry) && owns(fields[key], rest))
}

/** Whether a key of fieldsV1 (`k:{"name":"echo-v1"}`, `v:"x"`, `i:0`) names this entry of a list. */
function isEntry(key: string, entry: number | string): boolean {
  if (!key.startsWith('k:')) return key === `i:${entry}` || key === `v:${JSON.stringify(entry)}`
  const keys = JSON.parse(key.slice(2)) as Record<string, unknown>
  return Object.values(keys).includes(entry)
}
