import type { JsonObject } from '../model/values.js'

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Merges values as Helm does: maps are merged key by key, anything else is replaced. A null in `over` stays (Helm lets
 * it delete a chart's default when it renders).
 */
export function mergeValues(base: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = isObject(below) && isObject(value) ? mergeValues(below, value) : value
  }
  return merged
}

/** What the templates see: the chart's defaults under the user's values, keys with null removed. */
export function effectiveValues(chartValues: JsonObject, config: JsonObject): JsonObject {
  return withoutNulls(mergeValues(chartValues, config))
}

function withoutNulls(values: JsonObject): JsonObject {
  const kept: JsonObject = {}
  for (const [key, value] of Object.entries(values)) {
    if (value !== null) kept[key] = isObject(value) ? withoutNulls(value) : value
  }
  return kept
}
