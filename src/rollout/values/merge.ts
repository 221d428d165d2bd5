import type { JsonObject } from '../../model/values.js'

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Merges values like Helm: maps key by key, anything else is replaced. A null in `over` stays: Helm uses it to delete a
 * chart's default when it renders.
 */
export function mergeValues(base: JsonObject, over: JsonObject): JsonObject {
  // A Map, as a key may be one that all objects have, such as __proto__.
  const merged = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key)
    merged.set(key, isObject(below) && isObject(value) ? mergeValues(below, value) : value)
  }
  return Object.fromEntries(merged)
}

/** The values that the templates get: the user's over the chart's defaults, without keys set to null. */
export function effectiveValues(chartValues: JsonObject, config: JsonObject): JsonObject {
  return withoutNulls(mergeValues(chartValues, config))
}

function withoutNulls(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isObject(value) ? withoutNulls(value) : value]),
  )
}
