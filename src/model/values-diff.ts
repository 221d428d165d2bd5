import { MASK } from '../lib/secrets/known-secrets.js'
import { maskSecrets } from '../lib/secrets/secrets.js'
import { leavesOf } from '../lib/tree.js'
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
 * compared whole, or with `listKeys` entry by entry: by the first of these fields that identifies all, else by index.
 */
export function diffValues(
  before: JsonObject,
  after: JsonObject,
  listKeys?: readonly string[],
): ValueChange[] {
  const leaves = (values: JsonObject) =>
    Object.keys(values).length === 0 ? new Map<string, Json>() : leavesOf<Json>(values, listKeys)
  const old = leaves(before)
  const fresh = leaves(after)
  const oldShown = leaves(maskSecrets(before))
  const freshShown = leaves(maskSecrets(after))
  const changes: ValueChange[] = []
  for (const [path, value] of old) {
    const now = fresh.get(path)
    const shown = shownAt(oldShown, path)
    if (now === undefined) changes.push({ path, before: shown })
    else if (JSON.stringify(now) !== JSON.stringify(value)) {
      changes.push({ path, before: shown, after: shownAt(freshShown, path) })
    }
  }
  for (const path of fresh.keys())
    if (!old.has(path)) changes.push({ path, after: shownAt(freshShown, path) })
  return changes
}

/** A leaf whose path itself holds a secret (an entry's name) has another path when masked. */
function shownAt(masked: Map<string, Json>, path: string): Json {
  return masked.get(path) ?? (masked.has(path) ? null : MASK)
}

/** One line per change: `+ path: new`, `- path: old`, `~ path: old → new`, `~ path: "***" → "***" (changed)`. */
export function changeLine({ path, before, after }: ValueChange): string {
  if (before === undefined) return `+ ${path}: ${JSON.stringify(after)}`
  if (after === undefined) return `- ${path}: ${JSON.stringify(before)}`
  const [old, fresh] = [JSON.stringify(before), JSON.stringify(after)]
  return `~ ${path}: ${old} → ${fresh}${old === fresh ? ' (changed)' : ''}`
}
