import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

// For objects from outside: a field of another type than Kubernetes defines counts as missing.

export function mapOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

export function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'object' || value === undefined ? '' : String(value)
}

/** Without keys that are undefined, null, or an empty map or list. */
export function withoutEmpty(object: Record<string, Json | undefined>): JsonObject {
  const nonEmpty = Object.entries(object).filter((entry): entry is [string, Json] => !isNothing(entry[1]))
  return Object.fromEntries(nonEmpty)
}

function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
