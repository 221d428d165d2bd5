import type {
  CanaryRoute,
  Json,
  JsonObject,
  ShadowRoute,
  StageValues,
  VersionConfig,
} from '../../model/values.js'
import { headerProblem } from '../../lib/http/headers.js'
import { isObject } from '../values/merge.js'
import { isVersion, VERSION_FORM } from './version.js'

/** The stage values, and the problems in them: a sentence each, with its place. */
export interface ReadValues {
  /** Undefined if the problems make them unusable. */
  values?: StageValues
  problems: string[]
}

/** Reads the part of the user's values that the steps of a rollout own. */
export function readStageValues(config: JsonObject): ReadValues {
  const problems: string[] = []
  const deployment = readDeployment(config.deployment, problems)
  const routes = isObject(config.routes) ? config.routes : {}
  const primaryRoute = isObject(routes.primary) ? routes.primary : {}
  const primary = readVersion(primaryRoute.version, 'routes.primary.version', problems)
  const canary = readCanary(routes.canary, problems)
  const shadow = readShadow(routes.shadow, problems)
  if (lacksRoutes(config)) {
    problems.push(
      'routes.enabled is false: no request reaches the app (repeat an unfinished install to complete it)',
    )
  }
  if (Object.keys(deployment).length === 0) problems.push('deployment names no version')
  for (const [place, version] of [
    ['routes.primary.version', primary],
    ['routes.canary.version', canary?.version],
    ['routes.shadow.version', shadow?.version],
  ] as const) {
    if (version !== undefined && !Object.hasOwn(deployment, version)) {
      problems.push(`${place}: ${version} is not deployed (deployed: ${listed(deployment)})`)
    }
  }
  if (primary !== undefined && canary?.version === primary) {
    problems.push(`routes.canary.version: ${primary} is also the primary`)
  }
  if (shadow && canary) problems.push('routes.shadow is set beside routes.canary')
  if (shadow && shadow.version === primary) {
    problems.push(`routes.shadow.version: ${primary} is the primary`)
  }
  if (Object.keys(deployment).length > 2) {
    problems.push(`deployment has more than two versions (${listed(deployment)})`)
  }
  return {
    values: primary === undefined ? undefined : { deployment, primary, canary, shadow },
    problems: bounded(problems),
  }
}

/**
 * Whether the chart renders no routes: the first half of an install behind a gateway that rejects references to unknown
 * objects.
 */
export function lacksRoutes({ routes }: JsonObject): boolean {
  return isObject(routes) && routes.enabled === false
}

/** Values with `routes.enabled` as given; undefined leaves it to the chart's default, true. */
export function withRoutesEnabled(config: JsonObject, enabled: false | undefined): JsonObject {
  const { enabled: _enabled, ...routes } = isObject(config.routes) ? config.routes : {}
  return { ...config, routes: enabled === undefined ? routes : { ...routes, enabled } }
}

/**
 * The user's values with the stage written into them: everything else stays. A weight of 0 is omitted, as in the seed's
 * third values file (the chart's default is 0).
 */
export function withStage(config: JsonObject, stage: StageValues): JsonObject {
  const { canary: _canary, shadow: _shadow, ...routes } = isObject(config.routes) ? config.routes : {}
  const primary = isObject(routes.primary) ? routes.primary : {}
  return {
    ...config,
    deployment: stage.deployment,
    routes: {
      ...routes,
      primary: { ...primary, version: stage.primary },
      ...(stage.canary ? { canary: canaryValues(stage.canary) } : {}),
      ...(stage.shadow ? { shadow: { ...stage.shadow } } : {}),
    },
  }
}

function canaryValues({ version, weight, headers }: CanaryRoute): JsonObject {
  return { version, ...(weight > 0 ? { weight } : {}), headers }
}

function readDeployment(value: Json | undefined, problems: string[]): Record<string, VersionConfig> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) {
    problems.push('deployment is not a map of versions')
    return {}
  }
  const versions: [string, VersionConfig][] = []
  for (const [version, config] of Object.entries(value)) {
    if (config === null) continue // Helm's way of deleting a key
    if (!isVersion(version)) problems.push(`deployment.${version}: not a version (${VERSION_FORM})`)
    if (isObject(config)) versions.push([version, config])
    else problems.push(`deployment.${version}: ${JSON.stringify(config)} is not a map ({} is the default)`)
  }
  return Object.fromEntries(versions)
}

function readVersion(value: Json | undefined, place: string, problems: string[]): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  problems.push(
    value === undefined || value === null
      ? `${place} is missing`
      : `${place}: ${JSON.stringify(value)} is not a string`,
  )
  return undefined
}

function readCanary(value: Json | undefined, problems: string[]): CanaryRoute | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) {
    problems.push('routes.canary is not a map')
    return undefined
  }
  const version = readVersion(value.version, 'routes.canary.version', problems)
  const weight = value.weight ?? 0
  const weightIsSound = typeof weight === 'number' && Number.isInteger(weight) && weight >= 0 && weight <= 100
  if (!weightIsSound) {
    problems.push(`routes.canary.weight: ${JSON.stringify(weight)} is not an integer from 0 to 100`)
  }
  const headers: Record<string, string> = {}
  for (const [name, header] of Object.entries(isObject(value.headers) ? value.headers : {})) {
    if (typeof header === 'string') headers[name] = header
    else if (header !== null)
      problems.push(`routes.canary.headers.${name}: ${JSON.stringify(header)} is not a string`)
  }
  const problem = headerProblem(Object.entries(headers), 'canary')
  if (problem) problems.push(`routes.canary.headers: ${JSON.stringify(problem.name)} ${problem.what}`)
  if (Object.keys(headers).length === 0) {
    problems.push('routes.canary.headers is empty: every request would go to the canary')
  }
  if (version === undefined || !weightIsSound) return undefined
  return { version, weight, headers }
}

function readShadow(value: Json | undefined, problems: string[]): ShadowRoute | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) {
    problems.push('routes.shadow is not a map')
    return undefined
  }
  const version = readVersion(value.version, 'routes.shadow.version', problems)
  const { percentage } = value
  const isSound = typeof percentage === 'number' && percentage > 0 && percentage <= 100
  if (!isSound) {
    problems.push(
      `routes.shadow.percentage: ${JSON.stringify(percentage ?? null)} is not a number above 0, up to 100`,
    )
  }
  return version === undefined || !isSound ? undefined : { version, percentage }
}

/** Versions named in a sentence; more are counted. */
const MOST_NAMED = 6

function listed(deployment: Record<string, VersionConfig>): string {
  const versions = Object.keys(deployment).map((version) => cut(version))
  const rest = versions.length - MOST_NAMED
  return `${versions.slice(0, MOST_NAMED).join(', ') || 'none'}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** Characters of one sentence, or of one version's name in it: values can be of any length. */
const LONGEST = 300
const LONGEST_NAME = 63

function cut(text: string, longest = LONGEST_NAME): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

/** At most this many sentences; more are counted. */
function bounded(problems: string[]): string[] {
  const rest = problems.length - MOST_NAMED
  const first = problems.slice(0, MOST_NAMED).map((problem) => cut(problem, LONGEST))
  return rest > 0 ? [...first, `and ${rest} more`] : first
}
