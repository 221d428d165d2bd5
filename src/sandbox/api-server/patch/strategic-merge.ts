import { isDeepStrictEqual } from 'node:util'
import { fieldOf, isObject, resolveFor, type Resolved } from '../schema/lookup.js'
import type { FieldSchema } from '../schema/types.js'

type Dict = Record<string, unknown>

const SET_ORDER = '$setElementOrder/'
const DELETE_FROM = '$deleteFromPrimitiveList/'

/**
 * A strategic merge patch: like a merge patch, but lists with a merge key are merged item by item, and the directives
 * `$patch`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…` and `$retainKeys` are followed.
 */
export function strategicMerge(original: unknown, patch: unknown, schema: FieldSchema): unknown {
  if (!isObject(patch)) return patch
  if (patch.$patch === 'replace') return withoutDirectives(patch)
  if (patch.$patch === 'delete') return {}
  const resolved = resolveFor(schema, patch)
  const source = isObject(original) ? original : {}
  const retained = patch.$retainKeys as string[] | undefined
  const merged: Dict = Object.fromEntries(
    Object.entries(source).filter(([key]) => retained === undefined || retained.includes(key)),
  )

  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) {
      delete merged[key]
      continue
    }
    const field = fieldOf(resolved, key) ?? 'any'
    merged[key] = Array.isArray(value)
      ? mergeList(merged[key], value, field, patch[`${SET_ORDER}${key}`])
      : strategicMerge(merged[key], value, field)
  }
  followListDirectives(merged, patch, resolved)
  return merged
}

/** Directives for lists of which the patch changes no item. */
function followListDirectives(merged: Dict, patch: Dict, resolved: Resolved): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (directive.startsWith(DELETE_FROM)) {
      const key = directive.slice(DELETE_FROM.length)
      const unwanted = value as unknown[]
      merged[key] = ((merged[key] ?? []) as unknown[]).filter((item) => !unwanted.includes(item))
    } else if (directive.startsWith(SET_ORDER)) {
      const key = directive.slice(SET_ORDER.length)
      if (key in patch || !Array.isArray(merged[key])) continue
      merged[key] = mergeList(merged[key], [], fieldOf(resolved, key) ?? 'any', value)
    }
  }
}

function mergeList(original: unknown, patch: unknown[], schema: FieldSchema, setOrder: unknown): unknown[] {
  const resolved = resolveFor(schema, patch)
  const source = Array.isArray(original) ? (original as unknown[]) : []
  const strategy = resolved.kind === 'list' ? resolved.merge : undefined
  if (resolved.kind !== 'list' || strategy === undefined || patch.some((item) => isReplaceMarker(item))) {
    return patch.filter((item) => !isReplaceMarker(item)).map(withoutDirectives)
  }
  const sameItem = (a: unknown, b: unknown) =>
    strategy === true ? isDeepStrictEqual(a, b) : (a as Dict)[strategy] === (b as Dict)[strategy]

  const merged = [...source]
  for (const item of patch) {
    const index = merged.findIndex((existing) => sameItem(existing, item))
    if (isObject(item) && item.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (index < 0) {
      merged.push(isObject(item) ? strategicMerge({}, item, resolved.items) : item)
    } else if (strategy !== true) {
      merged[index] = strategicMerge(merged[index], item, resolved.items)
    }
  }
  const order = Array.isArray(setOrder) ? setOrder : patch
  return inOrder(merged, order, source, sameItem)
}

/** Items that the patch orders take its order; items only on the server keep their place among them. */
function inOrder(
  items: unknown[],
  order: unknown[],
  serverOrder: unknown[],
  sameItem: (a: unknown, b: unknown) => boolean,
): unknown[] {
  const rank = (list: unknown[], item: unknown) => list.findIndex((candidate) => sameItem(candidate, item))
  const ordered = items
    .filter((item) => rank(order, item) >= 0)
    .toSorted((a, b) => rank(order, a) - rank(order, b))
  const serverOnly = items
    .filter((item) => rank(order, item) < 0)
    .toSorted((a, b) => rank(serverOrder, a) - rank(serverOrder, b))
  const result: unknown[] = []
  while (ordered.length > 0 && serverOnly.length > 0) {
    const [left, right] = [rank(serverOrder, serverOnly[0]), rank(serverOrder, ordered[0])]
    const serverFirst = left >= 0 && right >= 0 && left < right
    result.push(serverFirst ? serverOnly.shift() : ordered.shift())
  }
  return [...result, ...serverOnly, ...ordered]
}

function isReplaceMarker(item: unknown): boolean {
  return isObject(item) && item.$patch === 'replace' && Object.keys(item).length === 1
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => !key.startsWith('$') && child !== null)
      .map(([key, child]) => [key, withoutDirectives(child)]),
  )
}
