import type { Json, JsonObject } from '../model/values.js'
import { listOf, textOf } from './json-fields.js'
import { isObject } from './merge.js'

/** A field that the values can't say, and why. */
export interface LeftOut {
  field: string
  reason: string
}

const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const SOURCES = ['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef']
const REFERENCE = /\$\$|\$\(([^()]*)\)/g

/** A text as the chart's templates leave it. */
export function asTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}')
}

/**
 * A container's list of variables as the map that the chart takes. The chart writes variables sorted by name, and a
 * reference (`$(OTHER)`) only reaches those before it: texts are filled in where the order would lose them.
 */
export function environmentValues(list: Json | undefined): { env: JsonObject; leftOut: LeftOut[] } {
  const env = new Map<string, Json>()
  const leftOut: LeftOut[] = []
  /** Variables before the one that is looked at: their text, or undefined where it is known at run time only. */
  const before = new Map<string, string | undefined>()
  const variables = listOf(list)
  const names = new Set(variables.map(({ name }) => textOf(name)))
  for (const { name, value, valueFrom } of variables) {
    const key = textOf(name)
    const lose = (reason: string) => leftOut.push({ field: `env ${key}`, reason })
    env.delete(key)
    if (!NAME.test(key)) {
      lose('the chart takes names of letters, digits, "-", "_" and "." only')
    } else if (isObject(valueFrom)) {
      const [source, ...more] = Object.keys(valueFrom)
      if (source !== undefined && more.length === 0 && SOURCES.includes(source)) env.set(key, valueFrom)
      else lose(`the chart has no variables from ${source ?? 'nothing'}`)
      before.set(key, undefined)
    } else {
      const text = textOf(value)
      const sorted = inOrder(text, key, before, names)
      if (typeof sorted === 'string') env.set(key, asTemplate(sorted))
      else
        lose(
          `it has $(${sorted.lost}), which the chart writes after it: rename one so that they sort the other way`,
        )
      before.set(key, filledIn(text, before))
    }
  }
  return { env: Object.fromEntries(env), leftOut }
}

/** The text that says the same once variables are sorted, or the reference that can't be kept. */
function inOrder(
  text: string,
  name: string,
  before: Map<string, string | undefined>,
  names: Set<string>,
): string | { lost: string } {
  let lost: string | undefined
  const sorted = text.replace(REFERENCE, (whole, other: string | undefined) => {
    if (other === undefined || !names.has(other)) return whole
    const willBeBefore = other < name
    if (before.has(other) === willBeBefore) return whole
    // Without effect until now, it must not get one.
    if (willBeBefore) return `$${whole}`
    const filled = before.get(other)
    if (filled === undefined) lost = other
    return filled?.replaceAll('$(', '$$$$(') ?? whole
  })
  return lost === undefined ? sorted : { lost }
}

/** What a container would see; undefined where that is known at run time only. */
function filledIn(text: string, before: Map<string, string | undefined>): string | undefined {
  let isKnown = true
  const filled = text.replace(REFERENCE, (whole, other: string | undefined) => {
    if (other === undefined) return '$'
    if (!before.has(other)) return whole
    const value = before.get(other)
    if (value === undefined) isKnown = false
    return value ?? ''
  })
  return isKnown ? filled : undefined
}
