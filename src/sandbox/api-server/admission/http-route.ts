import { isDeepStrictEqual } from 'node:util'
import {
  type Collect,
  HOSTNAME,
  matches,
  oneOf,
  required,
  rule,
  PRECISE_HOSTNAME,
  size,
  uniqueNames,
} from './crd-rules.js'

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$/
const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

/** The rules of the HTTPRoute CRD for a spec. */
export function checkRoute({ parentRefs, hostnames, rules = [] }: any, collect: Collect): void {
  size(collect, 'spec.parentRefs', parentRefs, 0, 32)
  checkParents((parentRefs ?? []) as any[], collect)
  size(collect, 'spec.hostnames', hostnames, 0, 16)
  ;((hostnames ?? []) as string[]).forEach((name, index) =>
    matches(collect, `spec.hostnames[${index}]`, name, HOSTNAME),
  )
  size(collect, 'spec.rules', rules, 1, 16)
  const all = rules.reduce((sum: number, { matches: own = [] }: any) => sum + (own.length as number), 0)
  if (all > 128)
    rule(
      collect,
      'spec.rules',
      'While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route must be less than 128',
    )
  const names = rules.flatMap(({ name }: any) => name ?? [])
  if (new Set(names).size < names.length)
    rule(collect, 'spec.rules', 'Rule name must be unique within the route')
  rules.forEach((one: any, index: number) => checkRule(one, `spec.rules[${index}]`, collect))
}

function checkParents(refs: any[], collect: Collect): void {
  const whole = ({ group, kind, namespace = '', name }: any) => [group, kind, namespace, name]
  const part = ({ sectionName = '', port = 0 }: any) => [sectionName, port]
  for (const [index, ref] of refs.entries()) {
    const same = refs.filter((other, at) => at !== index && isDeepStrictEqual(whole(other), whole(ref)))
    const [section, port] = part(ref)
    if (same.length > 0 && section === '' && port === 0)
      return rule(
        collect,
        'spec.parentRefs',
        'sectionName or port must be specified when parentRefs includes 2 or more references to the same parent',
      )
    if (same.some((other) => isDeepStrictEqual(part(other), part(ref))))
      return rule(
        collect,
        'spec.parentRefs',
        'sectionName or port must be unique when parentRefs includes 2 or more references to the same parent',
      )
  }
}

function checkRule(one: any, at: string, collect: Collect): void {
  const { matches: own = [], filters = [], backendRefs = [], timeouts, name } = one
  if (name !== undefined) matches(collect, `${at}.name`, name as string, PRECISE_HOSTNAME)
  size(collect, `${at}.matches`, own, 0, 64)
  own.forEach((match: any, index: number) => checkMatch(match, `${at}.matches[${index}]`, collect))
  size(collect, `${at}.backendRefs`, backendRefs, 0, 16)
  checkFilters(filters as any[], `${at}.filters`, own as any[], at, collect)
  backendRefs.forEach((ref: any, index: number) => {
    checkBackend(ref, `${at}.backendRefs[${index}]`, collect)
    const field = `${at}.backendRefs[${index}].filters`
    checkFilters((ref.filters ?? []) as any[], field, own as any[], at, collect)
  })
  if (backendRefs.length > 0 && filters.some(({ type }: any) => type === 'RequestRedirect'))
    rule(collect, at, 'RequestRedirect filter must not be used together with backendRefs')
  checkTimeouts(timeouts, `${at}.timeouts`, collect)
}

function checkTimeouts(timeouts: any, at: string, collect: Collect): void {
  for (const field of ['request', 'backendRequest'])
    if (timeouts?.[field] !== undefined)
      matches(collect, `${at}.${field}`, timeouts[field] as string, DURATION)
  const [request, backend] = [timeouts?.request, timeouts?.backendRequest].map(durationMs)
  if (request && backend && backend > request)
    rule(collect, at, 'backendRequest timeout cannot be longer than request timeout')
}

/** A duration of the Gateway API (GEP-2257), like `1m30s`. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !DURATION.test(text)) return undefined
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
  return [...text.matchAll(/(\d+)(ms|h|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit!]!,
    0,
  )
}

function checkMatch({ path, headers, queryParams, method }: any, at: string, collect: Collect): void {
  checkPath(path ?? {}, `${at}.path`, collect)
  oneOf(collect, `${at}.method`, method, METHODS)
  for (const [field, list = []] of [
    ['headers', headers],
    ['queryParams', queryParams],
  ] as [string, any[] | undefined][]) {
    size(collect, `${at}.${field}`, list, 0, 16)
    uniqueNames(collect, `${at}.${field}`, list)
    list.forEach(({ name, type }, index) => {
      matches(collect, `${at}.${field}[${index}].name`, name as string, HEADER_NAME)
      oneOf(collect, `${at}.${field}[${index}].type`, type, ['Exact', 'RegularExpression'])
    })
  }
}

function checkPath({ type, value }: { type?: string; value?: string }, at: string, collect: Collect): void {
  oneOf(collect, `${at}.type`, type, ['Exact', 'PathPrefix', 'RegularExpression'])
  if (value === undefined || (type !== 'Exact' && type !== 'PathPrefix')) return
  const when = "when type one of ['Exact', 'PathPrefix']"
  if (!value.startsWith('/')) rule(collect, at, `value must be an absolute path and start with '/' ${when}`)
  for (const part of ['//', '/./', '/../', '%2f', '%2F', '#'])
    if (value.includes(part)) rule(collect, at, `must not contain '${part}' ${when}`)
  for (const end of ['/..', '/.'])
    if (value.endsWith(end)) rule(collect, at, `must not end with '${end}' ${when}`)
  if (!/^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(value))
    rule(
      collect,
      at,
      `must only contain valid characters (matching ^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$) for types ['Exact', 'PathPrefix']`,
    )
}

function checkBackend({ group, kind, port, name }: any, at: string, collect: Collect): void {
  if (!name) required(collect, `${at}.name`)
  if (!group && (kind ?? 'Service') === 'Service' && port === undefined)
    rule(collect, at, 'Must have port for Service reference')
}

/** The field of each filter type. */
const FILTERS: Record<string, string> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
}

function checkFilters(filters: any[], at: string, own: any[], ruleAt: string, collect: Collect): void {
  size(collect, at, filters, 0, 16)
  const types = filters.map(({ type }) => type as string)
  if (types.includes('RequestRedirect') && types.includes('URLRewrite'))
    rule(
      collect,
      at,
      'May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both',
    )
  for (const type of Object.keys(FILTERS)) {
    const isOnce = type !== 'RequestMirror' && type !== 'ExtensionRef'
    if (isOnce && types.filter((other) => other === type).length > 1)
      rule(collect, at, `${type} filter cannot be repeated`)
  }
  filters.forEach((filter, index) => checkFilter(filter, `${at}[${index}]`, collect))
  for (const { type, urlRewrite, requestRedirect } of filters) {
    const path = (urlRewrite ?? requestRedirect)?.path
    const isOnePrefix = own.length === 1 && own[0].path?.type === 'PathPrefix'
    if (path?.type === 'ReplacePrefixMatch' && !isOnePrefix)
      rule(
        collect,
        ruleAt,
        `When using ${type} filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified`,
      )
  }
}

function checkFilter(filter: any, at: string, collect: Collect): void {
  const { type, requestMirror, requestRedirect, urlRewrite } = filter
  oneOf(collect, `${at}.type`, type, Object.keys(FILTERS))
  for (const [name, field] of Object.entries(FILTERS)) {
    if (type !== name && filter[field] !== undefined)
      rule(collect, at, `filter.${field} must be nil if the filter.type is not ${name}`)
    if (type === name && filter[field] === undefined)
      rule(collect, at, `filter.${field} must be specified for ${name} filter.type`)
  }
  if (requestMirror) {
    const { backendRef, percent, fraction } = requestMirror
    checkBackend(backendRef ?? {}, `${at}.requestMirror.backendRef`, collect)
    if (percent !== undefined && fraction !== undefined)
      rule(
        collect,
        `${at}.requestMirror`,
        'Only one of percent or fraction may be specified in HTTPRequestMirrorFilter',
      )
    if (fraction && fraction.numerator > fraction.denominator)
      rule(collect, `${at}.requestMirror.fraction`, 'numerator must be less than or equal to denominator')
  }
  for (const field of ['requestHeaderModifier', 'responseHeaderModifier'])
    for (const action of ['set', 'add']) {
      const list = (filter[field]?.[action] ?? []) as { name: string }[]
      size(collect, `${at}.${field}.${action}`, list, 0, 16)
      uniqueNames(collect, `${at}.${field}.${action}`, list)
      list.forEach(({ name }, index) =>
        matches(collect, `${at}.${field}.${action}[${index}].name`, name, HEADER_NAME),
      )
    }
  if (requestRedirect) {
    oneOf(collect, `${at}.requestRedirect.statusCode`, requestRedirect.statusCode, [301, 302, 303, 307, 308])
    oneOf(collect, `${at}.requestRedirect.scheme`, requestRedirect.scheme, ['http', 'https'])
  }
  for (const [field, path] of [
    ['urlRewrite', urlRewrite?.path],
    ['requestRedirect', requestRedirect?.path],
  ] as [string, any][])
    if (path) checkPathModifier(path, `${at}.${field}.path`, collect)
}

function checkPathModifier(path: any, at: string, collect: Collect): void {
  oneOf(collect, `${at}.type`, path.type, ['ReplaceFullPath', 'ReplacePrefixMatch'])
  for (const [type, field] of [
    ['ReplaceFullPath', 'replaceFullPath'],
    ['ReplacePrefixMatch', 'replacePrefixMatch'],
  ] as const) {
    if (path.type === type && path[field] === undefined)
      rule(collect, at, `${field} must be specified when type is set to '${type}'`)
    if (path.type !== type && path[field] !== undefined)
      rule(collect, at, `type must be '${type}' when ${field} is set`)
  }
}
