import { isDeepStrictEqual } from 'node:util'
import { describeHeaders } from '../../model/describe-stage.js'
import type { RevisionSummary } from '../../model/release.js'
import type { CanaryRoute, JsonObject, StageValues } from '../../model/values.js'
import { diffValues } from '../../model/values-diff.js'
import { notOwned } from '../plan/safety/safety.js'
import { readStageValues } from '../stage/stage-in-values.js'

/** Longer lists of changed values are cut. */
const MOST_PATHS = 5

/**
 * What a revision changed against the one before, a few words each: `v2 added`, `weight 25 → 50`, `values changed:
 * app.image`, `chart 0.1.0 → 0.2.0`. Empty where nothing changed, or where a record could not be read.
 */
export function revisionChanges(before: RevisionSummary, after: RevisionSummary): string[] {
  if (!before.config || !after.config) return []
  return [...configChanges(before.config, after.config), ...chartChanges(before, after)]
}

function configChanges(before: JsonObject, after: JsonObject): string[] {
  const [old, fresh] = [readStageValues(before).values, readStageValues(after).values]
  if (!old || !fresh) return valueChanges(before, after)
  const kept = Object.keys(old.deployment).filter((version) => version in fresh.deployment)
  const rest = ({ deployment }: StageValues, config: JsonObject): JsonObject => ({
    ...notOwned(config),
    deployment: Object.fromEntries(kept.map((version) => [version, deployment[version]!])),
  })
  return [
    ...Object.keys(fresh.deployment).flatMap((version) =>
      version in old.deployment ? [] : `${version} added`,
    ),
    ...(old.primary === fresh.primary ? [] : [`primary ${old.primary} → ${fresh.primary}`]),
    ...canaryChanges(old.canary, fresh.canary),
    ...Object.keys(old.deployment).flatMap((version) =>
      version in fresh.deployment ? [] : `${version} removed`,
    ),
    ...valueChanges(rest(old, before), rest(fresh, after)),
  ]
}

function canaryChanges(before: CanaryRoute | undefined, after: CanaryRoute | undefined): string[] {
  if (!before && !after) return []
  if (!before) return [`canary route to ${after!.version}, weight ${after!.weight}`]
  if (!after) return [`canary route to ${before.version} removed`]
  return [
    ...(before.version === after.version ? [] : [`canary ${before.version} → ${after.version}`]),
    ...(before.weight === after.weight ? [] : [`weight ${before.weight} → ${after.weight}`]),
    ...(isDeepStrictEqual(before.headers, after.headers)
      ? []
      : [`canary headers ${describeHeaders(before.headers)} → ${describeHeaders(after.headers)}`]),
  ]
}

function valueChanges(before: JsonObject, after: JsonObject): string[] {
  const leaves = diffValues(before, after).map(({ path }) => path)
  // An empty map that gets its first key, or loses its last, is itself a leaf.
  const paths = leaves.filter((path) => !leaves.some((other) => other.startsWith(`${path}.`)))
  if (paths.length === 0) return []
  const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : ''
  return [`values changed: ${paths.slice(0, MOST_PATHS).join(', ')}${more}`]
}

function chartChanges({ chart: before }: RevisionSummary, { chart: after }: RevisionSummary): string[] {
  if (!before || !after) return []
  if (before.name !== after.name) return [`chart ${before.name} → ${after.name}`]
  return before.version === after.version ? [] : [`chart ${before.version} → ${after.version}`]
}
