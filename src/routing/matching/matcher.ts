import type { Matcher, ValueMatch } from '../../model/results/overlaps.js'

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
