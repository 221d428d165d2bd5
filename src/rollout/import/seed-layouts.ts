import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../model/values.js'
import { mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'
import {
  apiGroupOfSeed,
  differingServicePort,
  routesOfSeed,
  serviceOfSeed,
  upstreamOfSeed,
  versionValues,
} from './seed-objects.js'

/** How a release made by hand with one of the seed's charts lays out its values. */
export type SeedLayout =
  /** `routes.primary`, `routes.canary`: the same names as in the bundled chart. */
  | 'part 3'
  /** `routing.version`, `routing.canary`, `routing.routes`. */
  | 'part 4'
  /** Any: versions and stage are read from the objects. */
  | 'objects'

/** The values of a seed's release, in the bundled chart's layout. */
export interface SeedValues {
  layout: SeedLayout
  values: JsonObject
  /** Parts of the routes that the bundled chart cannot express, a sentence each with its place. */
  leftOut: string[]
  /**
   * Parts of each version's Deployment that the values cannot express, by version: reasons why its pods would differ.
   */
  leftOutOfPods: Record<string, string[]>
  /** What changes or loses its effect, a sentence each. */
  notes: string[]
}

export interface SeedRelease {
  app: string
  /** The values that the templates got, the chart's defaults included: the primary may come from there. */
  effective: JsonObject
  /** The deployed objects. What the old chart's templates hard-code is read from them. */
  objects: JsonObject[]
}

/** The stage as read from either layout. */
interface SeedStage {
  layout: SeedLayout
  primary: Json | undefined
  canary: JsonObject | undefined
  shadow: Json | undefined
  /** Places in the values that the bundled chart does not know. */
  unread: string[]
}

/** Values that only the command line reads; no chart of the seed knows them. */
const CARRIED = ['verify', 'capacity']

/**
 * A release of the seed's charts as values of the bundled chart: the stage from its values, all else from the deployed
 * objects. Undefined for values of neither layout.
 */
export function fromSeed({ app, effective, objects }: SeedRelease): SeedValues | undefined {
  const stage = stageOfSeed(effective)
  if (!stage) return undefined
  const { layout, primary, canary, shadow } = stage
  const versions = Object.keys(mapOf(effective.deployment))
  const ofVersions = versions.map((version) => ({ version, ...versionValues(app, version, objects) }))
  const routes = routesOfSeed(app, mapOf(canary?.headers), objects)
  const port = differingServicePort(app, objects)
  const notes = [
    ...stage.unread.map((place) => `${place}: dropped, the bundled chart has no such value`),
    ...(port
      ? [
          `servicePort ${textOf(port.named)} of the Upstream becomes ${textOf(port.port)}, the Service's port: with any other, current Gloo finds no pods and answers 503`,
        ]
      : []),
  ]
  return {
    layout,
    values: {
      deployment: Object.fromEntries(ofVersions.map(({ version, config }) => [version, config])),
      ...withoutEmpty({
        service: serviceOfSeed(app, versions, objects),
        upstream: upstreamOfSeed(app, objects),
        ...Object.fromEntries(CARRIED.map((key) => [key, effective[key]])),
      }),
      routes: withoutEmpty({
        apiGroup: apiGroupOfSeed(app, objects),
        primary: withoutEmpty({ version: primary }),
        matches: routes.matches,
        options: routes.options,
        canary: canary && canaryOf(canary),
        shadow: shadow === undefined ? undefined : { version: shadow, percentage: routes.copied ?? 100 },
      }),
    },
    leftOut: routes.odd,
    leftOutOfPods: Object.fromEntries(ofVersions.map(({ version, leftOut }) => [version, leftOut])),
    notes,
  }
}

function stageOfSeed(effective: JsonObject): SeedStage | undefined {
  const { deployment, routing, routes, ...others } = effective
  if (!isObject(deployment)) return undefined
  const unread = Object.keys(others).filter((key) => !CARRIED.includes(key))
  if (isObject(routing)) {
    const { apiGroup: _apiGroup, version, canary, options, routes: _routes, ...more } = routing
    const { shadowing, ...moreOptions } = mapOf(options)
    return {
      layout: 'part 4',
      primary: version,
      canary: isObject(canary) ? canary : undefined,
      shadow: mapOf(shadowing).version,
      unread: [
        ...unread,
        ...Object.keys(more).map((key) => `routing.${key}`),
        ...Object.keys(moreOptions).map((key) => `routing.options.${key}`),
      ],
    }
  }
  if (!isObject(routes) || !isObject(routes.primary)) return undefined
  const { apiGroup: _apiGroup, primary, canary, ...more } = routes
  return {
    layout: 'part 3',
    primary: primary.version,
    canary: isObject(canary) ? canary : undefined,
    shadow: undefined,
    unread: [...unread, ...Object.keys(more).map((key) => `routes.${key}`)],
  }
}

/** The weight may be a text: the seed's templates accept that, too. A weight of 0 is omitted, as in a rollout. */
function canaryOf({ version, weight, headers }: JsonObject): JsonObject {
  const number = typeof weight === 'string' && /^\d+$/.test(weight) ? Number(weight) : weight
  return withoutEmpty({ version, weight: number === 0 ? undefined : number, headers })
}

/** Routes that were read from objects. */
export interface ReadRoutes {
  primary?: string
  canary?: JsonObject
  routes: JsonObject
  odd: string[]
}

/** The same for a release whose stage is read from its objects, whatever its values. */
export function fromObjects({ app, effective, objects }: SeedRelease, read: ReadRoutes): SeedValues {
  const versions = versionsIn(app, objects)
  const ofVersions = versions.map((version) => ({ version, ...versionValues(app, version, objects) }))
  const { primary, canary, odd } = read
  const { matches = [], ...routes } = read.routes
  const isDefault = isDeepStrictEqual(matches, [{ prefix: `/${app}` }])
  const known = [...CARRIED, 'deployment', 'routes']
  return {
    layout: 'objects',
    values: {
      deployment: Object.fromEntries(ofVersions.map(({ version, config }) => [version, config])),
      ...withoutEmpty({
        service: serviceOfSeed(app, versions, objects),
        ...Object.fromEntries(CARRIED.map((key) => [key, effective[key]])),
      }),
      routes: withoutEmpty({
        ...routes,
        primary: withoutEmpty({ version: primary }),
        matches: isDefault ? [] : matches,
        canary,
      }),
    },
    leftOut: odd,
    leftOutOfPods: Object.fromEntries(ofVersions.map(({ version, leftOut }) => [version, leftOut])),
    notes: Object.keys(effective)
      .filter((key) => !known.includes(key))
      .map((place) => `${place}: dropped, the bundled chart has no such value`),
  }
}

/** The versions that have a Deployment, in its order. */
function versionsIn(app: string, objects: JsonObject[]): string[] {
  const found = objects.flatMap(({ kind, spec }) => {
    const labels = mapOf(mapOf(mapOf(mapOf(spec).template).metadata).labels)
    return kind === 'Deployment' && labels.app === app ? [textOf(labels.version)] : []
  })
  return [...new Set(found)].filter(Boolean)
}
