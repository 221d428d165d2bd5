import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../../model/values.js'
import { list, number, record, text, texts } from '../../fields.js'
import type { HandMadeRoutes } from '../../provider.js'
import { GATEWAY, GROUP, HTTP_ROUTE } from '../kinds.js'

type Fields = Record<string, unknown>

/** What an HTTPRoute's field needs in `routes.gateway.features`. */
const FEATURES = {
  method: 'HTTPRouteMethodMatching',
  queryParams: 'HTTPRouteQueryParamMatching',
  regex: 'HTTPRoutePathRegularExpression',
  port: 'HTTPRouteParentRefPort',
}
const PATHS: Record<string, string> = { PathPrefix: 'prefix', Exact: 'exact', RegularExpression: 'regex' }

/**
 * The app's HTTPRoute as a person writes it for a canary rollout, read into values: a main rule with the versions and their weights,
 * and a rule with more headers for the canary, in either order. What the values cannot express is in `odd`. Undefined without an
 * HTTPRoute of the app's name.
 */
export function readHandMade(
  app: string,
  namespace: string,
  objects: JsonObject[],
): HandMadeRoutes | undefined {
  const routes = objects.filter(({ kind }) => kind === HTTP_ROUTE.kind)
  const route = routes.find(({ metadata }) => record(metadata).name === app)
  if (!route) return undefined
  const reading = new Reading(`${HTTP_ROUTE.kind} ${app}`)
  for (const { metadata } of routes.filter((one) => one !== route))
    reading.odd.push(
      `${HTTP_ROUTE.kind} ${text(record(metadata).name)}: the chart makes one, of the app's name`,
    )
  const where = text(record(route.metadata).namespace) ?? namespace
  if (where !== namespace)
    reading.odd.push(`${reading.place} is in namespace ${where}, and the app in ${namespace}`)
  return reading.read(record(route.spec), (service) => versionOf(service, objects))
}

/** The version that a Service of the app selects. */
function versionOf(service: string, objects: JsonObject[]): string | undefined {
  const found = objects.find(({ kind, metadata }) => kind === 'Service' && record(metadata).name === service)
  return text(record(record(found?.spec).selector).version)
}

interface Rule {
  place: string
  matches: Fields[]
  /** Weight by version, of those that get requests. */
  weights: Map<string, number>
  /** Those that it names, at weight 0 too. */
  named: Set<string>
}

class Reading {
  readonly odd: string[] = []
  private readonly features = new Set<string>()

  constructor(readonly place: string) {}

  read(spec: Fields, versionOfService: (name: string) => string | undefined): HandMadeRoutes {
    const { parentRefs, hostnames, rules, ...others } = spec
    this.refuse(this.place, others)
    const read = list(rules).map((rule, index) => this.rule(rule, `rules[${index}]`, versionOfService))
    const headersIn = ({ matches }: Rule) =>
      matches.reduce((sum, match) => sum + list(match.headers).length, 0)
    const [main, pinned, ...more] = read.toSorted((one, other) => headersIn(one) - headersIn(other))
    for (const { place } of more)
      this.odd.push(`${this.place}: ${place}: the chart makes a main rule and one for the canary headers`)
    const headers = main && pinned ? this.canaryHeaders(main, pinned) : undefined
    const gateway = this.gateway(list(parentRefs))
    const hosts = texts(hostnames)
    const matches = (main?.matches ?? []).map((match) => this.match(match, main!.place))
    return {
      ...this.versions(main, pinned, headers),
      routes: {
        provider: 'gateway-api',
        ...gateway(),
        ...(hosts.length > 0 ? { hostnames: hosts } : {}),
        matches,
      },
      odd: this.odd,
    }
  }

  private rule(rule: Fields, at: string, versionOfService: (name: string) => string | undefined): Rule {
    const place = `${this.place}: ${at}`
    const { matches, backendRefs, name: _name, ...others } = rule
    this.refuse(place, others)
    const weights = new Map<string, number>()
    const named = new Set<string>()
    for (const ref of list(backendRefs)) {
      const { group = '', kind = 'Service', name, namespace, port: _port, weight, ...more } = ref
      this.refuse(`${place}.backendRefs`, more)
      const version = versionOfService(text(name) ?? '')
      if (group !== '' || kind !== 'Service' || namespace !== undefined || version === undefined)
        this.odd.push(`${place}: ${text(name)} is no Service of the release that selects one version`)
      else {
        named.add(version)
        const share = number(weight) ?? 1
        if (share > 0) weights.set(version, (weights.get(version) ?? 0) + share)
      }
    }
    const written = list(matches)
    const matched = written.length > 0 ? written : [{ path: { type: 'PathPrefix', value: '/' } }]
    return { place: at, matches: matched, weights, named }
  }

  /** The headers that the second rule asks for beyond the first, the same in each match. */
  private canaryHeaders(main: Rule, pinned: Rule): JsonObject | undefined {
    const without = (match: Fields, own: Fields[]) =>
      list(match.headers).filter((one) => !own.some((other) => isSameHeader(one, other)))
    const extra = main.matches.map((match) => {
      const twin = pinned.matches.find(
        (one) => isSameRequest(one, match) && list(one.headers).length > list(match.headers).length,
      )
      return twin && without(twin, list(match.headers))
    })
    const [first] = extra
    const isSame = extra.every((one) => isDeepStrictEqual(one, first))
    const isExact = first?.every(({ type = 'Exact', value }) => type === 'Exact' && typeof value === 'string')
    if (!first || !isSame || !isExact || pinned.matches.length !== main.matches.length) {
      this.odd.push(
        `${this.place}: ${pinned.place}: its matches are not those of ${main.place} with the same headers added to each`,
      )
      return undefined
    }
    return Object.fromEntries(first.map(({ name, value }) => [text(name) ?? '', value as Json]))
  }

  private versions(
    main: Rule | undefined,
    pinned: Rule | undefined,
    headers: JsonObject | undefined,
  ): Pick<HandMadeRoutes, 'primary' | 'canary'> {
    const shares = [...(main?.weights ?? [])]
    const [canary, ...others] = pinned ? [...pinned.weights.keys()] : []
    if (others.length > 0) this.odd.push(`${this.place}: ${pinned!.place} leads to several versions`)
    const sum = shares.reduce((total, [, weight]) => total + weight, 0)
    const alone = shares.length === 1 ? shares[0]![0] : undefined
    const idle = [...(main?.named ?? [])].find((version) => version !== alone)
    // Written by hand, the rule for the headers is there for a canary alone: it is shifted if it has all requests.
    const isShifted = idle !== undefined && pinned?.named.size === 1
    if (canary === undefined || (canary === alone && !isShifted)) return this.one(shares, alone)
    const primary = shares.map(([version]) => version).find((version) => version !== canary) ?? idle
    const share = (100 * (main?.weights.get(canary) ?? 0)) / (sum || 1)
    if (shares.length > 2 || !Number.isInteger(share))
      this.odd.push(`${this.place}: ${main?.place}: the weights are no whole percentages of two versions`)
    const weight: JsonObject = share > 0 ? { weight: share } : {}
    return { primary, canary: { version: canary, ...weight, ...(headers ? { headers } : {}) } }
  }

  private one(shares: [string, number][], alone: string | undefined) {
    if (shares.length > 1)
      this.odd.push(`${this.place}: the weights of several versions, and no rule for the canary headers`)
    if (shares.length === 0) this.odd.push(`${this.place}: no rule leads to a version of the release`)
    return { primary: alone }
  }

  private gateway(parents: Fields[]): () => JsonObject {
    const refs = parents.map(
      ({ group = GROUP, kind = GATEWAY, name, namespace, sectionName, port, ...more }) => {
        this.refuse(`${this.place}: parentRefs`, more)
        if (group !== GROUP || kind !== GATEWAY)
          this.odd.push(`${this.place}: parentRefs: ${text(name)} is no Gateway`)
        if (port !== undefined) this.features.add(FEATURES.port)
        return Object.fromEntries(
          Object.entries({ name, namespace, sectionName, port }).filter(([, value]) => value !== undefined),
        ) as JsonObject
      },
    )
    if (refs.length === 0) this.odd.push(`${this.place} names no Gateway`)
    return (): JsonObject => {
      const features: JsonObject = this.features.size > 0 ? { features: [...this.features] } : {}
      if (refs.length === 1) return { gateway: { ...refs[0], ...features } }
      const own: JsonObject = this.features.size > 0 ? { gateway: features } : {}
      return { parentRefs: refs, ...own }
    }
  }

  private match({ path, method, headers, queryParams, ...others }: Fields, place: string): JsonObject {
    this.refuse(`${this.place}: ${place}.matches`, others)
    const { type = 'PathPrefix', value = '/' } = record(path)
    const kind = PATHS[text(type) ?? ''] ?? 'prefix'
    if (kind === 'regex') this.features.add(FEATURES.regex)
    if (method !== undefined) this.features.add(FEATURES.method)
    if (list(queryParams).length > 0) this.features.add(FEATURES.queryParams)
    const plain = (what: string, written: Fields[]) =>
      Object.fromEntries(
        written.map(({ name, type: how = 'Exact', value: wanted }) => {
          if (how !== 'Exact')
            this.odd.push(
              `${this.place}: ${place}.matches: ${what} ${text(name)} is not matched by its plain value`,
            )
          return [text(name) ?? '', (wanted ?? null) as Json]
        }),
      )
    const [own, query] = [plain('header', list(headers)), plain('query parameter', list(queryParams))]
    return {
      [kind]: text(value) ?? '/',
      ...(typeof method === 'string' ? { methods: [method] } : {}),
      ...(Object.keys(query).length > 0 ? { query } : {}),
      ...(Object.keys(own).length > 0 ? { headers: own } : {}),
    }
  }

  private refuse(place: string, fields: Fields): void {
    for (const [field, value] of Object.entries(fields))
      if (value !== undefined && !isDeepStrictEqual(value, []))
        this.odd.push(`${place}.${field}: the import carries no such field`)
  }
}

function isSameHeader(one: Fields, other: Fields): boolean {
  return text(one.name)?.toLowerCase() === text(other.name)?.toLowerCase() && one.value === other.value
}

/** Whether two matches are of the same requests, but for headers. */
function isSameRequest({ headers: _one, ...one }: Fields, { headers: _other, ...other }: Fields): boolean {
  return isDeepStrictEqual(one, other)
}
