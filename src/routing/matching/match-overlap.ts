import { isDeepStrictEqual } from 'node:util'
import type { Matcher, PathMatch, ValueMatch } from '../../model/results/overlaps.js'
import { literalPrefix, matchesWhole, prefixOf } from './regex.js'

/** Whether a request can match both of two matchers. */
export type Overlap = 'no' | 'yes' | 'unknown'

/** Whether two routes can take the same request: by path, method, headers and query parameters. */
export function overlapOf(one: Matcher, other: Matcher): Overlap {
  const withCase = isCaseSensitive(one) && isCaseSensitive(other)
  return both([
    pathOverlap(simplified(one.path), simplified(other.path), withCase),
    methodOverlap(one.methods, other.methods),
    valuesOverlap([...one.headers, ...other.headers]),
    valuesOverlap([...one.query, ...other.query]),
  ])
}

/**
 * Whether every request that matches `narrow` also matches `wide`, as far as their texts show it: false if undecidable.
 */
export function covers(wide: Matcher, narrow: Matcher): boolean {
  return (
    pathCovers(wide, narrow) &&
    (wide.methods.length === 0 ||
      (narrow.methods.length > 0 && narrow.methods.every((method) => wide.methods.includes(method)))) &&
    isSubset(wide.headers, narrow.headers) &&
    isSubset(wide.query, narrow.query)
  )
}

function both(parts: Overlap[]): Overlap {
  if (parts.includes('no')) return 'no'
  return parts.includes('unknown') ? 'unknown' : 'yes'
}

function yesOrNo(is: boolean): Overlap {
  return is ? 'yes' : 'no'
}

/** Expressions are always compared with regard to case: Envoy does so. */
function isCaseSensitive({ caseSensitive, path }: Matcher): boolean {
  return caseSensitive || path.kind === 'regex'
}

/** An expression that is only a prefix, as a prefix. */
function simplified(path: PathMatch): PathMatch {
  const prefix = path.kind === 'regex' ? prefixOf(path.text) : undefined
  return prefix === undefined ? path : { kind: 'prefix', text: prefix }
}

const KINDS: PathMatch['kind'][] = ['exact', 'prefix', 'regex']

function pathOverlap(one: PathMatch, other: PathMatch, withCase: boolean): Overlap {
  if (KINDS.indexOf(one.kind) > KINDS.indexOf(other.kind)) return pathOverlap(other, one, withCase)
  const fold = (text: string) => (withCase ? text : text.toLowerCase())
  const [first, second] = [fold(one.text), fold(other.text)]
  if (other.kind === 'regex') return regexOverlap(one, other.text, withCase)
  if (other.kind === 'exact') return yesOrNo(first === second)
  const isBelowOther = startsWith(first, { ...other, text: second })
  return yesOrNo(isBelowOther || (one.kind === 'prefix' && startsWith(second, { ...one, text: first })))
}

/** Whether a path starts with a prefix; by whole segments if the prefix is. */
function startsWith(path: string, prefix: PathMatch): boolean {
  return prefix.segments ? closed(path).startsWith(closed(prefix.text)) : path.startsWith(prefix.text)
}

function closed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

/** `withCase`: whether the other path is case-sensitive. */
function regexOverlap({ kind, text, segments }: PathMatch, pattern: string, withCase: boolean): Overlap {
  const fold = (part: string) => (withCase ? part : part.toLowerCase())
  if (kind === 'regex' && text === pattern) return 'yes'
  const literal = fold(literalPrefix(pattern))
  if (kind === 'exact') {
    if (!fold(text).startsWith(literal)) return 'no'
    if (matchesWhole(pattern, text) === true) return 'yes'
    return matchesWhole(pattern, text, !withCase) === false ? 'no' : 'unknown'
  }
  const start = fold(kind === 'regex' ? literalPrefix(text) : segments ? closed(text) : text)
  if (kind === 'prefix' && literal.startsWith(start)) return 'yes'
  return start.startsWith(literal) || literal.startsWith(start) ? 'unknown' : 'no'
}

function methodOverlap(one: string[], other: string[]): Overlap {
  if (one.length === 0 || other.length === 0) return 'yes'
  return yesOrNo(one.some((method) => other.includes(method)))
}

function valuesOverlap(conditions: ValueMatch[]): Overlap {
  const names = [...new Set(conditions.map(({ name }) => name))]
  return both(names.map((name) => valueOverlap(conditions.filter((condition) => condition.name === name))))
}

/** Whether one header or parameter can meet all of these conditions at once. */
function valueOverlap(conditions: ValueMatch[]): Overlap {
  const isPlain = ({ invert }: ValueMatch) => !invert
  const hasValue = ({ value }: ValueMatch) => value !== undefined
  const wanted = conditions.filter((condition) => isPlain(condition) && hasValue(condition))
  const unwanted = conditions.filter((condition) => !isPlain(condition) && hasValue(condition))
  const isAbsent = conditions.some((condition) => !isPlain(condition) && !hasValue(condition))
  if (isAbsent) {
    if (conditions.some(isPlain)) return 'no'
    // Envoy versions differ in whether a missing value meets "not this value".
    return unwanted.length > 0 ? 'unknown' : 'yes'
  }
  const fixed = wanted.find(({ regex }) => !regex)
  if (fixed) {
    const fits = ({ value = '', regex }: ValueMatch) =>
      regex ? matchesWhole(value, fixed.value ?? '') : value === fixed.value
    return both([
      ...wanted.map((condition) => known(fits(condition))),
      ...unwanted.map((condition) => known(negated(fits(condition)))),
    ])
  }
  const expressions = new Set(wanted.map(({ value }) => value))
  if (expressions.size + unwanted.length > 1) return 'unknown'
  return unwanted.some(({ regex }) => regex) ? 'unknown' : 'yes'
}

function known(fits: boolean | undefined): Overlap {
  return fits === undefined ? 'unknown' : yesOrNo(fits)
}

function negated(fits: boolean | undefined): boolean | undefined {
  return fits === undefined ? undefined : !fits
}

function pathCovers(wide: Matcher, narrow: Matcher): boolean {
  if (isCaseSensitive(wide) && !isCaseSensitive(narrow)) return false
  const fold = (text: string) => (isCaseSensitive(wide) ? text : text.toLowerCase())
  const [path, inner] = [simplified(wide.path), simplified(narrow.path)]
  if (path.kind === 'prefix') {
    const start = fold(inner.kind === 'regex' ? literalPrefix(inner.text) : inner.text)
    if (!path.segments) return start.startsWith(fold(path.text))
    const isWhole = inner.kind === 'exact' || inner.segments
    return (isWhole ? closed(start) : start).startsWith(closed(fold(path.text)))
  }
  if (path.kind === 'exact') return inner.kind === 'exact' && fold(inner.text) === fold(path.text)
  if (inner.kind === 'exact') return matchesWhole(path.text, inner.text) === true
  return inner.kind === 'regex' && inner.text === path.text
}

function isSubset(some: ValueMatch[], all: ValueMatch[]): boolean {
  return some.every((one) => all.some((other) => isDeepStrictEqual(one, other)))
}
