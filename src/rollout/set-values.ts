import { UsageError } from '../model/errors.js'
import type { Json, JsonObject } from '../model/values.js'
import { isObject } from './merge.js'

/** Longer lists are a typing error (Helm refuses them too). */
const MAX_INDEX = 65_536

type Key = string | number

/**
 * Applies one `--set` text to values, as Helm reads it: `a.b=1,c[0]=x,list={1,2}`, `\` before a comma, dot, brace or
 * equals sign takes its meaning away; `null` deletes a default; true, false and integers keep their type unless
 * `asString`. Returns new values. Throws UsageError for what Helm would not take.
 */
export function setValue(values: JsonObject, text: string, asString: boolean): JsonObject {
  let result = values
  for (const assignment of split(text, ',')) {
    const [left, ...right] = split(assignment, '=', 1)
    if (right.length === 0 || left === undefined || left === '') {
      throw new UsageError(`"${assignment}" is not of the form key=value.`, {
        nextSteps: ['write it as helm takes it, as in: --set replicas=2'],
      })
    }
    result = put(result, keysOf(left, text), valueOf(right[0] ?? '', asString)) as JsonObject
  }
  return result
}

/** Splits at a character outside braces and not after a backslash; escapes stay in. At most `limit` splits. */
function split(text: string, at: string, limit = Infinity): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]!
    if (char === '\\' && i + 1 < text.length) {
      part += char + text[(i += 1)]!
      continue
    }
    if (char === '{') depth += 1
    if (char === '}') depth -= 1
    if (char === at && depth <= 0 && parts.length < limit) {
      parts.push(part)
      part = ''
    } else part += char
  }
  return [...parts, part]
}

function keysOf(left: string, text: string): Key[] {
  return split(left, '.').flatMap((part): Key[] => {
    const match = /^((?:[^[\]\\]|\\.)*)((?:\[\d+\])*)$/.exec(part)
    if (!match || match[1] === '') {
      throw new UsageError(`"${left}" in "${text}" is not a key.`, {
        nextSteps: [
          'write it as helm takes it: dots between keys, [0] for list items, \\. for a dot in a key',
        ],
      })
    }
    const indexes = [...match[2]!.matchAll(/\[(\d+)\]/g)].map((index) => Number(index[1]))
    if (indexes.some((index) => index > MAX_INDEX)) {
      throw new UsageError(`The index in "${left}" is over ${MAX_INDEX}.`)
    }
    return [unescape(match[1]!), ...indexes]
  })
}

function valueOf(text: string, asString: boolean): Json {
  if (text.startsWith('{') && text.endsWith('}')) {
    const inner = text.slice(1, -1)
    return inner === '' ? [] : split(inner, ',').map((item) => scalar(item, asString))
  }
  return scalar(text, asString)
}

function scalar(text: string, asString: boolean): Json {
  const plain = unescape(text)
  if (asString) return plain
  if (plain === 'true') return true
  if (plain === 'false') return false
  if (plain === 'null') return null
  // A leading zero makes it a string, as Helm has it: 007 is no number.
  if (/^(0|-?[1-9]\d*)$/.test(plain) && Number.isSafeInteger(Number(plain))) return Number(plain)
  return plain
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}

function put(into: Json | undefined, keys: Key[], value: Json): Json {
  const [key, ...rest] = keys
  if (key === undefined) return value
  if (typeof key === 'number') {
    const list = Array.isArray(into) ? [...into] : []
    while (list.length < key) list.push(null)
    list[key] = put(list[key], rest, value)
    return list
  }
  const map = isObject(into) ? into : {}
  return { ...map, [key]: put(map[key], rest, value) }
}
