import { durationMs } from '../../api-server/admission/http-route.js'
import type { KubeObject } from '../../api-server/objects.js'
import { partialRegex, wholeTextRegex } from '../regex.js'
import type {
  CorsPolicy,
  Destination,
  HeaderManipulation,
  PathRewrite,
  ProxyRoute,
  RouteAction,
  RouteMatch,
  Shadow,
  ValueMatch,
} from '../routes.js'
import type { RouteFindings } from './findings.js'
import type { Placed } from './precedence.js'
import type { Profile } from './profile.js'
import { type ReferenceSource, resolveReference, type Target } from './references.js'

export interface RuleContext {
  profile: Profile
  source: ReferenceSource
  findings: RouteFindings
  /** Makes a cluster of a Service's port, and returns its name. */
  cluster: (target: Target) => string
}

const FAILS = { to: 'direct response', status: 500, body: '' } as const
const UNCHANGED: HeaderManipulation = {
  request: { add: [], remove: [] },
  response: { add: [], remove: [] },
}

/** The matches and actions of one HTTPRoute; invalid rules are left out and reported in the findings. */
export function rulesOf(owner: KubeObject, context: RuleContext): Placed[] {
  const { profile, findings } = context
  return (owner.spec.rules as any[]).flatMap((written, rule): Placed[] => {
    const matches = (written.matches as any[]).map((match) => compileMatch(match, rule, context))
    const action = actionOf(owner, written, rule, context)
    const isWhole = matches.every((match) => match !== undefined)
    if (!action || (!isWhole && profile.matchesWhole)) return []
    const isOwn = action.to === 'direct response'
    const headers = isOwn && !profile.headersOnOwnAnswers ? UNCHANGED : headersOf(written.filters)
    const cors = corsOf(written.filters)
    return matches.flatMap((match, index): Placed[] => {
      if (!match) return []
      const route: ProxyRoute = { match, action, headers, ...(cors && profile.cors ? { cors } : {}) }
      return [{ owner, rule, match: index, route }]
    })
  })

  function actionOf(
    { metadata }: KubeObject,
    written: any,
    rule: number,
    { source, cluster }: RuleContext,
  ): RouteAction | undefined {
    const filters = (written.filters ?? []) as any[]
    const namespace = metadata.namespace!
    const resolve = (ref: any, backend?: number): Target | undefined => {
      const target = resolveReference(ref, namespace, source, profile.needsSlices)
      if ('why' in target)
        findings.references.push({ ...target, rule, ...(backend === undefined ? {} : { backend }) })
      return 'why' in target ? undefined : target
    }
    const redirect = filters.find(({ type }) => type === 'RequestRedirect')?.requestRedirect
    if (redirect) return redirectOf(redirect)

    const { shadows, fails } = shadowsOf(filters, resolve, cluster)
    const refs = (written.backendRefs ?? []) as any[]
    if (refs.length === 0) findings.withoutBackends.push(rule)
    const destinations = refs.flatMap((ref, index): Destination[] => {
      const target = resolve(ref, index)
      const { weight = 1 } = ref
      if (target) noteEndpoints(target, source)
      else if (profile.invalidShare === 'goes to the others') return []
      const answer = target ? {} : { answer: { status: 500, body: '' } }
      const name = target ? cluster(target) : ''
      return [{ app: metadata.name, cluster: name, ...answer, weight, headers: headersOf(ref.filters) }]
    })
    if (fails || hasUnknownFilter(filters, rule)) return FAILS
    if (refs.length === 0)
      return profile.withoutBackends && { to: 'direct response', ...profile.withoutBackends }
    if (refs.every(({ weight = 1 }) => weight === 0))
      return { to: 'direct response', ...profile.withoutWeight }
    const served = destinations.filter(({ weight }) => weight > 0)
    if (served.length === 0 || served.every(({ answer }) => answer)) return FAILS
    const rewrite = rewriteOf(filters)
    const timeoutMs = profile.timeouts ? timeoutOf(written.timeouts) : undefined
    return {
      to: 'clusters',
      destinations,
      shadows,
      ...(rewrite ? { rewrite } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
  }

  function noteEndpoints({ namespace, name }: Target, source: ReferenceSource): void {
    const text = `${namespace}/${name}`
    if (!source.endpoints(namespace, name).hasReady && !findings.withoutEndpoints.includes(text))
      findings.withoutEndpoints.push(text)
  }

  function shadowsOf(
    filters: any[],
    resolve: (ref: any) => Target | undefined,
    cluster: RuleContext['cluster'],
  ): { shadows: Shadow[]; fails: boolean } {
    const mirrors = filters.flatMap(({ type, requestMirror }) =>
      type === 'RequestMirror' ? [requestMirror] : [],
    )
    if (profile.mirror === 'fails the rule') return { shadows: [], fails: mirrors.length > 0 }
    const targets = mirrors.map(({ backendRef }) => resolve(backendRef))
    const shadows = mirrors.flatMap(({ percent = 100, fraction }, index): Shadow[] => {
      const target = targets[index]
      if (!target) return []
      const share = fraction ? (100 * fraction.numerator) / (fraction.denominator ?? 100) : percent
      const percentage = profile.mirror === 'everything' ? 100 : share
      return [{ cluster: cluster(target), percentage, keepsHost: false }]
    })
    return { shadows, fails: profile.needsMirror && targets.some((target) => !target) }
  }

  function hasUnknownFilter(filters: any[], rule: number): boolean {
    const unknown = filters.filter(
      ({ type }) => type === 'ExtensionRef' || (type === 'CORS' && !profile.cors),
    )
    for (const { type } of unknown) findings.filters.push({ rule, type })
    return unknown.length > 0
  }
}

function compileMatch(match: any, rule: number, { profile, findings }: RuleContext): RouteMatch | undefined {
  const regex = (pattern: string, where: 'path' | 'header' | 'query'): RegExp | undefined => {
    const compiled = (profile.matchesWhole ? wholeTextRegex : partialRegex)(pattern)
    if (!compiled) findings.regexes.push({ rule, where, pattern })
    return compiled
  }
  const values = (list: any[] = [], where: 'header' | 'query'): (ValueMatch | undefined)[] =>
    list.map(({ type, name, value }) => {
      const wanted = type === 'RegularExpression' ? regex(value as string, where) : (value as string)
      return wanted === undefined ? undefined : { name, value: wanted, invert: false }
    })
  const { type = 'PathPrefix', value = '/' } = match.path ?? {}
  const pattern = type === 'RegularExpression' ? regex(value as string, 'path') : undefined
  if (type === 'RegularExpression' && !pattern) return undefined
  const path = pattern ? { regex: pattern } : type === 'Exact' ? { exact: value } : { segments: value }
  const [headers, queryParameters] = [values(match.headers, 'header'), values(match.queryParams, 'query')]
  if ([...headers, ...queryParameters].includes(undefined)) return undefined
  return {
    path,
    caseSensitive: true,
    methods: match.method === undefined ? [] : [match.method],
    headers: headers as ValueMatch[],
    queryParameters: queryParameters as ValueMatch[],
  }
}

function headersOf(filters: any[] = []): HeaderManipulation {
  const of = (field: string) => {
    const { set = [], add = [], remove = [] } = filters.find((filter) => filter[field])?.[field] ?? {}
    const changes = (list: { name: string; value: string }[], append: boolean) =>
      list.map(({ name, value }) => ({ name: name.toLowerCase(), value, append }))
    return {
      add: [...changes(set, false), ...changes(add, true)],
      remove: (remove as string[]).map((name) => name.toLowerCase()),
    }
  }
  return { request: of('requestHeaderModifier'), response: of('responseHeaderModifier') }
}

function pathRewrite(path: any): PathRewrite | undefined {
  if (path === undefined) return undefined
  return path.type === 'ReplaceFullPath'
    ? { full: path.replaceFullPath }
    : { segments: path.replacePrefixMatch }
}

function rewriteOf(filters: any[]): { path?: PathRewrite; host?: string } | undefined {
  const written = filters.find(({ type }) => type === 'URLRewrite')?.urlRewrite
  if (!written) return undefined
  const path = pathRewrite(written.path)
  return { ...(path ? { path } : {}), ...(written.hostname ? { host: written.hostname } : {}) }
}

const WELL_KNOWN: Record<string, number> = { http: 80, https: 443 }

function redirectOf({ scheme, hostname, path, port, statusCode = 302 }: any): RouteAction {
  const isWellKnown = port !== undefined && port === WELL_KNOWN[(scheme as string) ?? 'http']
  const own = isWellKnown || (port === undefined && scheme) ? 'scheme' : (port ?? 'listener')
  const rewrite = pathRewrite(path)
  return {
    to: 'redirect',
    status: statusCode,
    port: own,
    ...(scheme ? { scheme } : {}),
    ...(hostname ? { host: hostname } : {}),
    ...(rewrite ? { path: rewrite } : {}),
  }
}

/** The shorter of both: no proxy here retries a backend. Zero is no timeout. */
function timeoutOf({ request, backendRequest }: any = {}): number | undefined {
  const given = [request, backendRequest].map((text) => durationMs(text as string | undefined) ?? 0)
  const some = given.filter((ms) => ms > 0)
  return some.length > 0 ? Math.min(...some) : undefined
}

function corsOf(filters: any[] = []): CorsPolicy | undefined {
  const written = filters.find(({ type }) => type === 'CORS')?.cors
  return (
    written && {
      origins: written.allowOrigins ?? [],
      methods: written.allowMethods ?? [],
      headers: written.allowHeaders ?? [],
      exposed: written.exposeHeaders ?? [],
      credentials: written.allowCredentials ?? false,
      maxAgeSeconds: written.maxAge ?? 5,
    }
  )
}
