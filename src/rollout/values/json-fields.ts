import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

// Reading objects that others wrote: what has another type than Kubernetes gives it counts as left out.

/** The map, or an empty one. */
export function mapOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The maps of a list, or none. */
export function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A scalar as text, or an empty one. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'object' || value === undefined ? '' : String(value)
}

/** Only the keys that say something: neither undefined nor null, nor an empty map or list. */
export function withoutEmpty(object: Record<string, Json | undefined>): JsonObject {
  const said = Object.entries(object).filter((entry): entry is [string, Json] => !isNothing(entry[1]))
  return Object.fromEntries(said)
}

function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
