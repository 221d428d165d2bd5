import { isDeepStrictEqual } from 'node:util'
import { type AppPlace, canaryCommand, commented } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import type { Json, JsonObject } from '../../model/values.js'
import { diffValues } from '../../model/values-diff.js'
import { requireRequests } from './matches.js'
import { isObject } from './merge.js'
import { setValue } from './set-values.js'

/** The wanted values of a stable app. */
export interface WantedValues {
  /** Values that replace everything that no step owns; undefined keeps the deployed ones. */
  base?: JsonObject
  /** The source of the base, for errors: `base.yaml`. */
  baseName?: string
  /** Texts of `--set` and `--set-string`, applied over the base. */
  set: string[]
  setString: string[]
}

/**
 * The values of a stable app with other base values: versions and routes stay as deployed. Throws UsageError where they
 * would change, or where a new match takes requests that no client can send; a file that repeats them is fine.
 */
export function upgradeValues(place: AppPlace, deployed: JsonObject, wanted: WantedValues): JsonObject {
  const { base, baseName = 'the values', set, setString } = wanted
  if (base) requireOwnedAsDeployed(place, deployed, base, baseName)
  let values = base ? withOwned(base, deployed) : deployed
  for (const [flag, texts] of [
    ['--set', set],
    ['--set-string', setString],
  ] as const) {
    for (const text of texts) {
      values = setValue(values, text, flag === '--set-string')
      requireOwnedAsDeployed(place, deployed, values, flag)
    }
  }
  // Deployed matches were accepted by their chart.
  if (!isDeepStrictEqual(matchesOf(values), matchesOf(deployed))) requireRequests(values)
  return values
}

function matchesOf({ routes }: JsonObject): Json | undefined {
  return isObject(routes) ? routes.matches : undefined
}

/** A revision's base values, whatever its stage, with the versions and routes that are deployed now. */
export function withOwned(base: JsonObject, deployed: JsonObject): JsonObject {
  const { deployment: _deployment, routes: baseRoutes, ...rest } = base
  const {
    primary: _primary,
    canary: _canary,
    shadow: _shadow,
    ...otherRoutes
  } = isObject(baseRoutes) ? baseRoutes : {}
  const { primary, canary } = isObject(deployed.routes) ? deployed.routes : {}
  return {
    ...rest,
    ...(deployed.deployment === undefined ? {} : { deployment: deployed.deployment }),
    routes: {
      ...otherRoutes,
      ...(primary === undefined ? {} : { primary }),
      ...(canary === undefined ? {} : { canary }),
    },
  }
}

/** The places in the values that the steps of a rollout own. */
const OWNED: [string, (values: JsonObject) => Json | undefined][] = [
  ['deployment', ({ deployment }) => deployment],
  ['routes.primary', ({ routes }) => (isObject(routes) ? routes.primary : undefined)],
  ['routes.canary', ({ routes }) => (isObject(routes) ? routes.canary : undefined)],
  ['routes.shadow', ({ routes }) => (isObject(routes) ? routes.shadow : undefined)],
]

function requireOwnedAsDeployed(
  app: AppPlace,
  deployed: JsonObject,
  values: JsonObject,
  where: string,
): void {
  for (const [place, read] of OWNED) {
    const asked = read(values) ?? undefined
    const there = read(deployed) ?? undefined
    if (asked === undefined || isDeepStrictEqual(asked, there)) continue
    const changes = diffValues({ [place]: there ?? {} }, { [place]: asked })
    const first = changes.find(({ after }) => after !== undefined) ?? changes[0]
    const path = (first?.path ?? place).replace(JSON.stringify(place), place)
    throw new UsageError(
      `${path} in ${where} differs from the deployed one: an upgrade does not change versions and routes.`,
      {
        state: 'Nothing was changed.',
        nextSteps: [
          commented(
            canaryCommand(['start', app.app, 'VERSION'], app),
            'a version with another configuration comes in as a canary',
          ),
          `remove ${place} from ${where}, or copy the deployed one: ${canaryCommand(['values', app.app], app)}`,
        ],
      },
    )
  }
}
