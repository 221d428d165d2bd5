import type { JsonObject } from '../../model/values.js'

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Merges values as Helm does: maps are merged key by key, anything else is replaced. A null in `over` stays (Helm lets
 * it delete a chart's default when it renders).
 */
export function mergeValues(base: JsonObject, over: JsonObject): JsonObject {
  // By way of a map: a key of an object may be one that all objects have, such as __proto__.
  const merged = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key)
    merged.set(key, isObject(below) && isObject(value) ? mergeValues(below, value) : value)
  }
  return Object.fromEntries(merged)
}

/** What the templates see: the chart's defaults under the user's values, keys with null removed. */
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
