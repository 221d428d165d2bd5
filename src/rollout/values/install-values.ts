import { UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { requireRequests } from './matches.js'
import { isObject } from './merge.js'
import { withStage } from '../stage/values.js'

const DEFAULT_API_GROUP = 'example'

/**
 * The complete values of an install: the user's own with one version, which is the primary. Throws UsageError where they
 * name another version, another primary or a canary, or match requests that nobody can make.
 */
export function installValues(version: string, base: JsonObject): JsonObject {
  requireRequests(base)
  const routes = isObject(base.routes) ? base.routes : {}
  const deployment = isObject(base.deployment) ? base.deployment : {}
  const others = Object.keys(deployment).filter((other) => other !== version)
  if (others.length > 0) {
    throw new UsageError(`The values deploy ${others.join(' and ')}, but ${version} is to be installed.`, {
      nextSteps: [`take deployment.${others[0]} out of the values, or install ${others[0]}`],
    })
  }
  const primary = isObject(routes.primary) ? routes.primary.version : undefined
  if (primary !== undefined && primary !== null && primary !== version) {
    throw new UsageError(
      `The values route to ${JSON.stringify(primary)}, but ${version} is to be installed.`,
      {
        nextSteps: ['take routes.primary.version out of the values'],
      },
    )
  }
  if (routes.canary !== undefined && routes.canary !== null) {
    throw new UsageError('The values have a canary route, but an install has no canary.', {
      nextSteps: ['take routes.canary out of the values; canary start makes it'],
    })
  }
  if (routes.shadow !== undefined && routes.shadow !== null) {
    throw new UsageError('The values shadow a version, but an install has one version only.', {
      nextSteps: ['take routes.shadow out of the values; canary start --deploy-only --shadow makes it'],
    })
  }
  const config = deployment[version] ?? {}
  if (!isObject(config)) {
    throw new UsageError(`deployment.${version} in the values is ${JSON.stringify(config)}, not a map.`, {
      nextSteps: ['write {} for the defaults'],
    })
  }
  const withGroup = { ...base, routes: { apiGroup: DEFAULT_API_GROUP, ...routes } }
  return withStage(withGroup, { deployment: { [version]: config }, primary: version })
}
