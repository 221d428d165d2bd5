import { UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { requireRequests } from './matches.js'
import { isObject } from './merge.js'
import { withStage } from '../stage/stage-in-values.js'

const DEFAULT_API_GROUP = 'example'

/**
 * The complete values of an install: the user's own with one version, the primary. Throws UsageError where they name
 * another version, another primary or a canary, or where a match takes requests that no client can send.
 */
export function installValues(version: string, base: JsonObject): JsonObject {
  requireRequests(base)
  const routes = isObject(base.routes) ? base.routes : {}
  const deployment = isObject(base.deployment) ? base.deployment : {}
  const others = Object.keys(deployment).filter((other) => other !== version)
  if (others.length > 0) {
    throw new UsageError(`The values deploy ${others.join(' and ')}, but this installs ${version}.`, {
      nextSteps: [`remove deployment.${others[0]} from the values, or install ${others[0]}`],
    })
  }
  const primary = isObject(routes.primary) ? routes.primary.version : undefined
  if (primary !== undefined && primary !== null && primary !== version) {
    throw new UsageError(`The values route to ${JSON.stringify(primary)}, but this installs ${version}.`, {
      nextSteps: ['remove routes.primary.version from the values'],
    })
  }
  if (routes.canary !== undefined && routes.canary !== null) {
    throw new UsageError('The values have a canary route, but an install has no canary.', {
      nextSteps: ['remove routes.canary from the values; canary start adds it'],
    })
  }
  if (routes.shadow !== undefined && routes.shadow !== null) {
    throw new UsageError('The values shadow a version, but an install has only one.', {
      nextSteps: ['remove routes.shadow from the values; canary start --deploy-only --shadow adds it'],
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
