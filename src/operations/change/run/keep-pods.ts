import type { Releases } from '../../../cluster/ports/releases.js'
import { isDeepStrictEqual } from 'node:util'
import { ConflictError } from '../../../model/errors.js'
import type { Revision } from '../../../model/release.js'
import type { ScalingChange } from '../../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../../model/values.js'
import { scaleModeOf, type ScaleMode } from '../../../rollout/plan/capacity/capacity.js'
import { effectiveValues } from '../../../rollout/values/merge.js'
import { leftAlone, mostOf, scalingOf, withPods } from '../../../rollout/plan/capacity/scaling.js'
import type { OperationContext } from '../../context.js'
import { parseManifest } from '../../observe/manifest.js'
import type { ReleasedApp } from '../../observe/observe.js'

export interface WantedUpgrade {
  values: JsonObject
  objects: { before: JsonObject[]; after: JsonObject[] }
  /** Renders the objects of other values. */
  render: (values: JsonObject) => Promise<JsonObject[]>
  /** What to do by default if serving pods would be removed. */
  byDefault: ScaleMode
}

export interface KeptUpgrade {
  values: JsonObject
  after: JsonObject[]
  scaling?: ScalingChange
}

/**
 * Keeps an upgrade to or from an autoscaler from removing serving pods: the replicas in the values may not match the
 * current count. `--scale auto` sets the values to the current count, `off` leaves them; else throws ConflictError with
 * the numbers.
 */
export async function keepPods(
  { cluster, scale }: OperationContext,
  { app, namespace, deployed, stage }: ReleasedApp,
  { values, objects, render, byDefault }: WantedUpgrade,
): Promise<KeptUpgrade> {
  const asWanted = { values, after: objects.after }
  if (stage.name !== 'stable') return asWanted
  const version = stage.primary
  const before = scalingOf(objects.before, version)
  const after = scalingOf(objects.after, version)
  const isReleases = before && after && 'replicas' in before && 'replicas' in after
  if (!before || !after || isReleases || isDeepStrictEqual(before, after)) return asWanted
  const pods = (await cluster.versionPods(app, namespace)).find((entry) => entry.version === version)
  const serving = Math.min(pods?.ready ?? 0, pods?.wanted ?? 0)
  const kept = { ...asWanted, scaling: { version, serving, after } }
  const mode = scale ?? scaleModeOf(effectiveValues(deployed.chart.values, deployed.config)) ?? byDefault
  if (mostOf(after) >= serving) return kept
  if (mode === 'off') return { ...kept, scaling: { version, serving: mostOf(after), after } }
  if (mode === 'auto') {
    const more = withPods(values, after, serving)
    const rendered = await render(more)
    const scaling = scalingOf(rendered, version)
    if (scaling && mostOf(scaling) >= serving)
      return { values: more, after: rendered, scaling: { version, serving, after: scaling } }
  }
  const field = 'replicas' in after ? 'app.replicas' : 'app.autoscaling.maxReplicas'
  throw new ConflictError(
    `${serving} pods of ${version} serve; this upgrade leaves ${mostOf(after)} (${field}).`,
    {
      state: 'Nothing was changed.',
      nextSteps: [
        `repeat the command with --set ${field}=${serving}`,
        ...(mode === 'auto' ? [] : ['repeat the command with --scale auto    (sets as many as serve)']),
        `repeat the command with --scale off    (${mostOf(after)} can carry the requests)`,
      ],
      evidence: { version, serving, after },
    },
  )
}

/**
 * Before an upgrade to a manifest without spec.replicas: removes Helm's ownership of the field, so that Helm does not
 * reset it (see Cluster.keepReplicas).
 */
export async function leavePodsAlone(
  { cluster }: { cluster: Releases },
  { name: app, namespace, revision, manifest }: Revision,
  after: string,
): Promise<void> {
  const deployments = leftAlone(parseManifest(manifest), parseManifest(after))
  if (deployments.length > 0) await cluster.keepReplicas({ app, namespace, revision, deployments })
}
