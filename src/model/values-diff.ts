import { maskSecrets } from '../lib/secrets/secrets.js'
import type { Json, JsonObject } from './values.js'

export interface ValueChange {
  /** Keys joined by dots; keys that have a dot themselves are quoted. */
  path: string
  /** With secrets masked; equal texts if only a masked part differs. */
  before?: Json
  after?: Json
}

/**
 * The leaves that differ between two values, by path, to be shown; empty maps and lists count as leaves. Lists are
 * compared whole.
 */
export function diffValues(before: JsonObject, after: JsonObject): ValueChange[] {
  const old = leaves(before)
  const fresh = leaves(after)
  // Masking leaves maps and lists what they are, so that paths are the same.
  const oldShown = leaves(maskSecrets(before))
  const freshShown = leaves(maskSecrets(after))
  const changes: ValueChange[] = []
  for (const [path, value] of old) {
    const now = fresh.get(path)
    const shown = oldShown.get(path)
    if (now === undefined) changes.push({ path, before: shown })
    else if (JSON.stringify(now) !== JSON.stringify(value)) {
      changes.push({ path, before: shown, after: freshShown.get(path) })
    }
  }
  for (const path of fresh.keys()) if (!old.has(path)) changes.push({ path, after: freshShown.get(path) })
  return changes
}

/** One line per change: `+ path: new`, `- path: old`, `~ path: old → new`, `~ path: "***" → "***" (changed)`. */
export function changeLine({ path, before, after }: ValueChange): string {
  if (before === undefined) return `+ ${path}: ${JSON.stringify(after)}`
  if (after === undefined) return `- ${path}: ${JSON.stringify(before)}`
  const [old, fresh] = [JSON.stringify(before), JSON.stringify(after)]
  return `~ ${path}: ${old} → ${fresh}${old === fresh ? ' (changed)' : ''}`
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
