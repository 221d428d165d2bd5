import { UsageError } from '../../model/errors.js'
import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'

// Fields of the `verify:` values, which can be anything: a wrong one is a UsageError that names its place.

/** The same limit as for patterns that name a version. */
const MAX_PATTERN = 1000

/** `keys`: the known ones, separated by blanks; without them any key is valid. */
export function mapAt(value: Json | undefined, place: string, keys?: string): JsonObject {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw wrong(place, `${shown(value)} is not a map`, 'write keys and values below it')
  const known = keys?.split(' ')
  const unknown = Object.keys(value).find((key) => known && !known.includes(key))
  if (unknown === undefined) return value
  throw wrong(`${place}.${unknown}`, 'unknown key', `the keys of ${place} are ${known!.join(', ')}`)
}

export function listAt(value: Json, place: string, most: number): Json[] {
  if (!Array.isArray(value)) throw wrong(place, `${shown(value)} is not a list`, 'write a list')
  if (value.length > most) throw wrong(place, `has ${value.length} entries`, `at most ${most} are allowed`)
  return value
}

export function textAt(
  value: Json | undefined,
  place: string,
  { mayBeEmpty = false } = {},
): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string')
    throw wrong(place, `${shown(value)} is not a string`, 'quote it, or use --set-string instead of --set')
  if (value === '' && !mayBeEmpty) throw wrong(place, 'is empty', 'give a value, or leave it out')
  return value
}

export function patternAt(value: Json | undefined, place: string): string | undefined {
  const source = textAt(value, place)
  if (source === undefined) return undefined
  if (source.length > MAX_PATTERN)
    throw wrong(place, `is longer than ${MAX_PATTERN} characters`, 'match a shorter part')
  try {
    new RegExp(source)
  } catch (error) {
    throw wrong(place, `is not a regular expression: ${(error as Error).message}`, 'correct it')
  }
  return source
}

/** `--set` makes 2.5 a string. */
export function numberAt(given: Json, place: string, range?: [number, number], unit = ''): number {
  const value = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given) ? Number(given) : given
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw wrong(place, `${shown(value)} is not a number`, `give a number${unit ? ` (${unit})` : ''}`)
  if (range === undefined || (value >= range[0] && value <= range[1])) return value
  throw wrong(place, `${value} is out of range`, `give a number from ${range[0]} to ${range[1]} (${unit})`)
}

export function urlAt(value: Json | undefined, place: string): string | undefined {
  const text = textAt(value, place)
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return text.replace(/\/+$/, '')
  throw wrong(
    place,
    `${JSON.stringify(text)} is not an http or https URL`,
    'write it like http://prometheus:9090',
  )
}

function shown(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** The error for a field of `verify:`; `what` and `remedy` are clauses. */
export function wrong(place: string, what: string, remedy: string): UsageError {
  return new UsageError(`${place}: ${what}.`, {
    state: 'No probe was sent.',
    nextSteps: [
      `${remedy} (in the values: canary upgrade APP --set …; for one command: --set-verify KEY=VALUE)`,
    ],
  })
}
