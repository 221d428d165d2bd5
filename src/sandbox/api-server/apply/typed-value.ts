import { isDeepStrictEqual } from 'node:util'
import { fieldOf, isObject, resolve, resolveFor, type Resolved } from '../schema/lookup.js'
import type { FieldSchema } from '../schema/types.js'
import { FieldSet } from './field-set.js'

/**
 * Structured merge of server-side apply: the algorithms of sigs.k8s.io/structured-merge-diff (Apache-2.0), over plain
 * JSON values and the schema table. Lists with keys are merged item by item, others are replaced as a whole.
 */
type ListType = Extract<Resolved, { kind: 'list' }>

function isAtomicList(list: ListType): boolean {
  return !list.keys && !list.set
}

function isAtomicMap(resolved: Resolved): boolean {
  if (resolved.kind === 'struct') return resolved.definition.atomic ?? false
  return resolved.kind === 'map' && resolved.atomic
}

/** How an item of a list is called in a path: by its keys (with their defaults), or by its value. */
function itemElement(list: ListType, item: unknown): string {
  if (!list.keys || !isObject(item)) return `v:${JSON.stringify(item)}`
  const itemType = resolve(list.items)
  const defaults = itemType.kind === 'struct' ? itemType.definition.defaults : undefined
  const keys = list.keys.toSorted().map((key) => [key, item[key] ?? defaults?.[key] ?? null])
  return `k:${JSON.stringify(Object.fromEntries(keys))}`
}

function isEmptyContainer(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

/** The fields an applied object names: what its manager owns from then on. */
export function fieldSetOf(value: unknown, schema: FieldSchema, member = false): FieldSet {
  const resolved = resolveFor(schema, value)
  if (resolved.kind === 'list') {
    if (isAtomicList(resolved)) return FieldSet.of(true)
    const items = Array.isArray(value) ? value : []
    return FieldSet.of(
      member,
      items.map((item) => [itemElement(resolved, item), fieldSetOf(item, resolved.items, true)]),
    )
  }
  if (resolved.kind === 'struct' || resolved.kind === 'map') {
    if (isAtomicMap(resolved)) return FieldSet.of(true)
    if (!isObject(value)) return FieldSet.of(member)
    return FieldSet.of(
      member,
      Object.entries(value).map(([field, child]) => {
        const declared = resolved.kind === 'struct' && field in resolved.definition.fields
        const isMember = child === null || isEmptyContainer(child) || !declared
        return [`f:${field}`, fieldSetOf(child, fieldOf(resolved, field) ?? 'any', isMember)]
      }),
    )
  }
  return FieldSet.of(true)
}

export interface Comparison {
  added: FieldSet
  modified: FieldSet
  removed: FieldSet
}

const NO_CHANGE: Comparison = { added: FieldSet.empty, modified: FieldSet.empty, removed: FieldSet.empty }

/** What differs from `before` to `after`; `undefined` stands for what is not there, which null is not. */
export function compare(before: unknown, after: unknown, schema: FieldSchema): Comparison {
  if (before === undefined && after === undefined) return NO_CHANGE
  const resolved = resolveFor(schema, after, before)
  const nothingInside = isEmptyOrAbsent(before) && isEmptyOrAbsent(after)
  const isLeaf =
    resolved.kind === 'scalar' ||
    nothingInside ||
    (resolved.kind === 'list' && isAtomicList(resolved)) ||
    isAtomicMap(resolved)
  if (isLeaf) return compareLeaf(before, after)

  const pairs = new Map<string, Comparison>()
  if (resolved.kind === 'list') {
    const [old, fresh] = [itemsByElement(resolved, before), itemsByElement(resolved, after)]
    for (const element of new Set([...old.keys(), ...fresh.keys()])) {
      pairs.set(element, compare(old.get(element), fresh.get(element), resolved.items))
    }
  } else {
    const [old, fresh] = [isObject(before) ? before : {}, isObject(after) ? after : {}]
    for (const field of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
      pairs.set(`f:${field}`, compare(old[field], fresh[field], fieldOf(resolved, field) ?? 'any'))
    }
  }
  const collect = (part: keyof Comparison, member: boolean) =>
    FieldSet.of(
      member,
      [...pairs].map(([element, comparison]) => [element, comparison[part]]),
    )
  return {
    added: collect('added', before === undefined),
    modified: collect('modified', false),
    removed: collect('removed', after === undefined),
  }
}

function isEmptyOrAbsent(value: unknown): boolean {
  return value === undefined || value === null || isEmptyContainer(value)
}

function compareLeaf(before: unknown, after: unknown): Comparison {
  const here = FieldSet.of(true)
  if (before === undefined) return { ...NO_CHANGE, added: here }
  if (after === undefined) return { ...NO_CHANGE, removed: here }
  return isDeepStrictEqual(before, after) ? NO_CHANGE : { ...NO_CHANGE, modified: here }
}

function itemsByElement(list: ListType, value: unknown): Map<string, unknown> {
  const items = Array.isArray(value) ? value : []
  return new Map(items.map((item) => [itemElement(list, item), item as unknown]))
}

/** Lays an applied object over the live one: its fields win, what it does not name stays. */
export function merge(live: unknown, applied: unknown, schema: FieldSchema): unknown {
  if (applied === undefined) return live
  if (live === undefined || live === null) return applied
  const resolved = resolveFor(schema, applied, live)
  if (resolved.kind === 'list') {
    if (isAtomicList(resolved) || !Array.isArray(applied) || !Array.isArray(live)) return applied
    return mergeItems(resolved, live, applied)
  }
  if (resolved.kind === 'scalar' || isAtomicMap(resolved) || !isObject(applied) || !isObject(live)) {
    return applied
  }
  const merged: Record<string, unknown> = { ...live }
  for (const [field, value] of Object.entries(applied)) {
    merged[field] = merge(live[field], value, fieldOf(resolved, field) ?? 'any')
  }
  return merged
}

/** Items of both lists: the applied order wins among shared items, live-only items keep their place between them. */
function mergeItems(list: ListType, live: unknown[], applied: unknown[]): unknown[] {
  const liveItems = itemsByElement(list, live)
  const appliedElements = applied.map((item) => itemElement(list, item))
  const liveElements = [...liveItems.keys()]
  const shared = appliedElements.filter((element) => liveItems.has(element))
  const merged: unknown[] = []
  let [l, r, nextShared] = [0, 0, 0]
  while (l < liveElements.length || r < applied.length) {
    const liveElement = liveElements[l]
    if (liveElement !== undefined && !appliedElements.includes(liveElement)) {
      merged.push(liveItems.get(liveElement))
      l += 1
    } else if (
      liveElement !== undefined &&
      liveElement !== appliedElements[r] &&
      liveElement !== shared[nextShared]
    ) {
      l += 1 // shared, but its turn is another
    } else {
      const element = appliedElements[r]!
      merged.push(merge(liveItems.get(element), applied[r], list.items))
      if (element === shared[nextShared]) nextShared += 1
      if (element === liveElement) l += 1
      r += 1
    }
  }
  return merged
}

/** The value without the paths of a set; undefined where nothing is left of it. */
export function removeFields(value: unknown, paths: FieldSet, schema: FieldSchema): unknown {
  const resolved = resolveFor(schema, value)
  if (resolved.kind === 'list' && Array.isArray(value)) {
    if (isAtomicList(resolved)) return value
    const kept = value.flatMap((item) => {
      const below = paths.child(itemElement(resolved, item))
      if (below.member) return []
      return [below.isEmpty ? (item as unknown) : removeFields(item, below, resolved.items)]
    })
    return kept.length > 0 ? kept : undefined
  }
  if (!isObject(value) || isAtomicMap(resolved)) return value
  const kept = Object.entries(value).flatMap(([field, child]) => {
    const below = paths.child(`f:${field}`)
    if (below.member) return []
    const rest = below.isEmpty ? child : removeFields(child, below, fieldOf(resolved, field) ?? 'any')
    return rest === undefined ? [] : [[field, rest]]
  })
  return kept.length > 0 ? (Object.fromEntries(kept) as unknown) : undefined
}
