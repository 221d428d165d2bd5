import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../objects.js'
import type { FieldSchema } from '../schema/types.js'
import { ApiError } from '../status.js'
import { now } from '../store.js'
import { FieldSet, pathText } from './field-set.js'
import {
  isTracked,
  managerKey,
  readOwners,
  trackable,
  writeOwners,
  type Manager,
  type Owners,
} from './managers.js'
import { compare, fieldSetOf, merge, removeFields, type Comparison } from './typed-value.js'

export interface Tracking {
  schema: FieldSchema
  manager: Manager
  /** Top-level fields this endpoint does not write: `status` for an object, all else for its status. */
  ignoredRoots: string[]
}

/**
 * Records a create, update or patch: `manager` owns what changed from `live` to `next`, everyone else loses it.
 * @param live what a create starts from: the kind's zero value
 * @returns the new `metadata.managedFields`
 */
export function trackUpdate(
  live: KubeObject | Record<string, unknown>,
  next: KubeObject,
  { schema, manager, ignoredRoots }: Tracking,
): unknown[] {
  const changes = trackedChanges(live, next, schema, ignoredRoots)
  const written = changes.added.union(changes.modified)
  const owners = withoutFields(readOwners(next.metadata.managedFields), written.union(changes.removed))
  if (!written.isEmpty) {
    const key = managerKey(manager)
    const fields = (owners.get(key)?.fields ?? FieldSet.empty).union(written)
    owners.set(key, { ...manager, fields, time: now() })
  }
  return writeOwners(owners)
}

/**
 * Server-side apply: lays `applied` over `live`, takes away what this manager applied before and no longer does (unless
 * somebody else owns it), and says who owns what. Throws 409 where another manager's field would change, unless forced.
 * @param live undefined where the object does not exist yet
 */
export function applyConfiguration(
  live: KubeObject | undefined,
  applied: KubeObject,
  { schema, manager, ignoredRoots }: Tracking,
  force: boolean,
): KubeObject {
  const base = live ?? ({} as KubeObject)
  const owners = readOwners(live && (isTracked(live) ? live.metadata.managedFields : beforeFirstApply(live)))
  const key = managerKey(manager)
  const previous = owners.get(key)
  const fields = trackable(fieldSetOf(applied, schema), ignoredRoots)
  owners.set(key, { ...manager, fields, time: previous?.time ?? now() })

  const merged = merge(base, applied, schema) as KubeObject
  const result = previous ? prune(merged, previous.fields, owners, schema) : merged
  const changes = trackedChanges(base, result, schema, ignoredRoots)
  const written = changes.added.union(changes.modified)
  const others = new Map([...owners].filter(([other]) => other !== key))
  if (!force) refuseConflicts(others, written)

  const remaining = withoutFields(others, written.union(changes.removed))
  const isNoop = isDeepStrictEqual(withoutManagers(base), withoutManagers(result))
  remaining.set(key, { ...manager, fields, time: isNoop && previous ? previous.time : now() })
  return { ...result, metadata: { ...result.metadata, managedFields: writeOwners(remaining) } }

  function beforeFirstApply(object: KubeObject): unknown[] {
    const unknown: Manager = { ...manager, manager: 'before-first-apply', operation: 'Update' }
    return trackUpdate({}, object, { schema, manager: unknown, ignoredRoots })
  }
}

function withoutManagers(object: KubeObject): unknown {
  const { managedFields: _, ...metadata } = object.metadata ?? {}
  return { ...object, metadata }
}

function trackedChanges(
  live: unknown,
  next: unknown,
  schema: FieldSchema,
  ignoredRoots: string[],
): Comparison {
  const { added, modified, removed } = compare(live, next, schema)
  return {
    added: trackable(added, ignoredRoots),
    modified: trackable(modified, ignoredRoots),
    removed: trackable(removed, ignoredRoots),
  }
}

function withoutFields(owners: Owners, fields: FieldSet): Owners {
  return new Map(
    [...owners].map(([key, owner]) => [key, { ...owner, fields: owner.fields.difference(fields) }]),
  )
}

/** Removes what was applied last time and is not now, keeping what anybody still owns or nobody ever applied. */
function prune(merged: KubeObject, last: FieldSet, owners: Owners, schema: FieldSchema): KubeObject {
  const lastFields = last.withDeclaredParents(schema)
  const without = removeFields(merged, lastFields, schema)
  const mergedFields = fieldSetOf(merged, schema).withDeclaredParents(schema)
  const owned = [...owners.values()].reduce((all, { fields }) => all.union(fields), FieldSet.empty)

  const keptFields = fieldSetOf(without ?? {}, schema).withDeclaredParents(schema)
  const stillOwned = keptFields.union(owned.withDeclaredParents(schema))
  const withOwned = removeFields(merged, mergedFields.difference(stillOwned), schema)

  const restored = fieldSetOf(withOwned ?? {}, schema).withDeclaredParents(schema)
  const gone = mergedFields.difference(restored).intersection(lastFields)
  return removeFields(merged, gone, schema) as KubeObject
}

function refuseConflicts(owners: Owners, written: FieldSet): void {
  const conflicts = [...owners]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, owner]) =>
      owner.fields
        .intersection(written)
        .paths()
        .map((path) => ({ who: managerText(owner), field: pathText(path) })),
    )
  if (conflicts.length === 0) return
  const causes = conflicts.map(({ who, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field,
  }))
  throw new ApiError(409, 'Conflict', `Apply failed with ${conflictText(conflicts)}`, { causes })
}

function conflictText(conflicts: { who: string; field: string }[]): string {
  const [first] = conflicts
  if (first && conflicts.length === 1) return `1 conflict: conflict with ${first.who}: ${first.field}`
  const lines = conflicts.flatMap(({ who, field }, index) => [
    ...(conflicts[index - 1]?.who === who ? [] : [`conflicts with ${who}:`]),
    `- ${field}`,
  ])
  return `${conflicts.length} conflicts: ${lines.join('\n')}`
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource "${subresource}"` : '')
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}
