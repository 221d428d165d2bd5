import type { Json, JsonObject } from './values.js'

export interface ValueChange {
  /** Keys joined by dots; keys that have a dot themselves are quoted. */
  path: string
  before?: Json
  after?: Json
}

/**
 * The leaves that differ between two values, by path; empty maps and lists count as leaves. Lists are
 * compared whole.
 */
export function diffValues(before: JsonObject, after: JsonObject): ValueChange[] {
  const old = leaves(before)
  const fresh = leaves(after)
  const changes: ValueChange[] = []
  for (const [path, value] of old) {
    const now = fresh.get(path)
    if (now === undefined) changes.push({ path, before: value })
    else if (JSON.stringify(now) !== JSON.stringify(value)) changes.push({ path, before: value, after: now })
  }
  for (const [path, value] of fresh) if (!old.has(path)) changes.push({ path, after: value })
  return changes
}

/** One line a change: `+ path: new`, `- path: old`, `~ path: old → new`. */
export function changeLine({ path, before, after }: ValueChange): string {
  if (before === undefined) return `+ ${path}: ${JSON.stringify(after)}`
  if (after === undefined) return `- ${path}: ${JSON.stringify(before)}`
  return `~ ${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`
}

function leaves(value: JsonObject, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>()
  for (const [key, child] of Object.entries(value)) {
    const path = `${prefix}${prefix ? '.' : ''}${key.includes('.') ? JSON.stringify(key) : key}`
    if (isObject(child) && Object.keys(child).length > 0) {
      for (const [deeper, leaf] of leaves(child, path)) found.set(deeper, leaf)
    } else {
      found.set(path, child)
    }
  }
  return found
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
