import type { Matcher, PathMatch, ValueMatch } from '../../../model/results/overlaps.js'
import { list, record, text } from '../../fields.js'

/** The matches of a rule as written; without any, a rule takes every path. */
export function matchersOf({ matches }: Record<string, unknown>): Matcher[] {
  const written = list(matches)
  return (written.length > 0 ? written : [{}]).map(matcherOf)
}

function matcherOf({ path, method, headers, queryParams }: Record<string, unknown>): Matcher {
  return {
    path: pathOf(record(path)),
    caseSensitive: true,
    methods: typeof method === 'string' ? [method] : [],
    headers: list(headers).map((header) => valueOf(header, (name) => name.toLowerCase())),
    query: list(queryParams).map((parameter) => valueOf(parameter, (name) => name)),
  }
}

function pathOf({ type, value }: Record<string, unknown>): PathMatch {
  const path = text(value) ?? '/'
  if (type === 'Exact') return { kind: 'exact', text: path }
  if (type === 'RegularExpression') return { kind: 'regex', text: path }
  return { kind: 'prefix', text: path, segments: true }
}

function valueOf(
  { name, type, value }: Record<string, unknown>,
  spelling: (name: string) => string,
): ValueMatch {
  return {
    name: spelling(text(name) ?? ''),
    value: text(value) ?? '',
    regex: type === 'RegularExpression',
    invert: false,
  }
}
