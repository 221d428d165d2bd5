import type { Releases } from '../../cluster/ports/releases.js'
import { ExternalError } from '../../model/errors.js'
import { roleOf } from '../../model/routing.js'
import { ROUTING_KINDS } from '../../routing/select.js'
import type { Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import { changedPodTemplates } from '../../rollout/plan/safety/safety.js'
import { lacksRoutes, withRoutesEnabled } from '../../rollout/stage/stage-in-values.js'
import { parseManifest } from '../observe/manifest.js'

/**
 * The values that remove a release's routes and nothing else; undefined if the routes are gone already, or the chart
 * has no `routes.enabled`.
 */
export async function routesRemoved(
  { cluster }: { cluster: Releases },
  { name: app, namespace, chart, config, manifest }: Revision,
): Promise<JsonObject | undefined> {
  if (lacksRoutes(config)) return undefined
  const values = withRoutesEnabled(config, false)
  let rendered: string
  try {
    rendered = await cluster.render({ app, namespace, chart: { record: chart }, values })
  } catch (error) {
    if (error instanceof ExternalError && error.outcome === 'usage') return undefined
    throw error
  }
  const objects = parseManifest(rendered)
  const isWithout = !objects.some((object) => roleOf(ROUTING_KINDS, object) === 'route')
  return isWithout && changedPodTemplates(parseManifest(manifest), objects, []).length === 0
    ? values
    : undefined
}
