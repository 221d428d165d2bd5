import type { Matcher, PathMatch, ValueMatch } from '../../../model/results/overlaps.js'
import { list, record, text, texts } from '../../fields.js'

/** The matchers of a route as written; without any, a route takes every path. */
export function matchersOf({ matchers }: Record<string, unknown>): Matcher[] {
  const written = list(matchers)
  return (written.length > 0 ? written : [{}]).map(matcherOf)
}

export function matcherOf(written: unknown): Matcher {
  const { methods, headers, queryParameters, caseSensitive, ...path } = record(written)
  return {
    path: pathOf(path),
    // Both a plain boolean and protobuf's wrapped one are read.
    caseSensitive: caseSensitive !== false && record(caseSensitive).value !== false,
    methods: texts(methods),
    headers: list(headers).map((header) => valueOf(header, (name) => name.toLowerCase())),
    query: list(queryParameters).map((parameter) => valueOf(parameter, (name) => name)),
  }
}

function pathOf({ exact, regex, prefix }: Record<string, unknown>): PathMatch {
  if (text(exact) !== undefined) return { kind: 'exact', text: text(exact) ?? '' }
  if (text(regex) !== undefined) return { kind: 'regex', text: text(regex) ?? '' }
  return { kind: 'prefix', text: text(prefix) ?? '/' }
}

function valueOf(
  { name, value, regex, invertMatch }: Record<string, unknown>,
  spelling: (name: string) => string,
): ValueMatch {
  const wanted = text(value)
  return {
    name: spelling(text(name) ?? ''),
    // An empty value is none: the header has to be there.
    ...(wanted ? { value: wanted } : {}),
    regex: regex === true,
    invert: invertMatch === true,
  }
}

/** Whether a route takes every request. */
export function isCatchAll({ path, methods, headers, query }: Matcher): boolean {
  return (
    path.kind === 'prefix' &&
    (path.text === '/' || path.text === '') &&
    methods.length + headers.length + query.length === 0
  )
}

/** `prefix /echo, GET or POST, header stage: canary`. */
export function describeMatcher({ path, methods, headers, query, caseSensitive }: Matcher): string {
  const parts = [
    `${path.kind} ${path.text}${caseSensitive ? '' : ' in any case'}`,
    ...(methods.length > 0 ? [methods.join(' or ')] : []),
    ...headers.map((header) => `${header.invert ? 'not ' : ''}header ${valueText(header, ': ')}`),
    ...query.map((parameter) => `${parameter.invert ? 'not ' : ''}query ${valueText(parameter, '=')}`),
  ]
  return parts.join(', ').replace(/\s+/g, ' ')
}

function valueText({ name, value, regex }: ValueMatch, sign: string): string {
  return value === undefined ? name : `${name}${sign}${regex ? `regex ${value}` : value}`
}
