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
    // An empty value means that the header only has to be present.
    ...(wanted ? { value: wanted } : {}),
    regex: regex === true,
    invert: invertMatch === true,
  }
}
