import type { KubeObject } from '../objects.js'
import { FieldSet, type FieldsV1 } from './field-set.js'

/** Who writes: what a managedFields entry is identified by. */
export interface Manager {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  subresource?: string
}

/** One manager's fields. */
export interface Ownership extends Manager {
  fields: FieldSet
  time: string
}

interface ManagedFieldsEntry extends Manager {
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: FieldsV1
}

/** Owners by `managerKey`. */
export type Owners = Map<string, Ownership>

/** An apply is the same manager in every version; the order of these keys is also the order of conflicts. */
export function managerKey({ manager, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify({
    manager,
    operation,
    ...(operation === 'Update' ? { apiVersion } : {}),
    ...(subresource === undefined ? {} : { subresource }),
  })
}

export function readOwners(managedFields: unknown): Owners {
  const entries = (Array.isArray(managedFields) ? managedFields : []) as ManagedFieldsEntry[]
  return new Map(
    entries
      .filter((entry) => entry.manager && entry.fieldsV1)
      .map(({ manager, operation, apiVersion, subresource, time, fieldsV1 }) => {
        const owner = { manager, operation, apiVersion, ...(subresource ? { subresource } : {}) }
        return [managerKey(owner), { ...owner, time, fields: FieldSet.fromFieldsV1(fieldsV1) }]
      }),
  )
}

/** As `metadata.managedFields`: appliers first, then by time and name, as the real server sorts them. */
export function writeOwners(owners: Owners): ManagedFieldsEntry[] {
  return [...owners.values()]
    .filter(({ fields }) => !fields.isEmpty)
    .toSorted(
      (a, b) =>
        order(a.operation, b.operation) ||
        order(a.time, b.time) ||
        order(a.manager, b.manager) ||
        order(a.subresource ?? '', b.subresource ?? ''),
    )
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: fields.toFieldsV1(),
      ...(subresource === undefined ? {} : { subresource }),
    }))
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const UNTRACKED: FieldsV1 = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:deletionTimestamp': {},
    'f:deletionGracePeriodSeconds': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
}

const untracked = FieldSet.fromFieldsV1(UNTRACKED)

/** Which fields of an object a request may own: not what identifies it, and not what another endpoint is for. */
export function trackable(fields: FieldSet, ignoredRoots: string[]): FieldSet {
  const rest = fields.difference(untracked)
  if (ignoredRoots.length === 0) return rest
  return FieldSet.of(
    rest.member,
    [...rest.children].filter(([element]) => !ignoredRoots.includes(element.slice(2))),
  )
}

export function isTracked(object: KubeObject): boolean {
  return (object.metadata.managedFields?.length ?? 0) > 0
}
