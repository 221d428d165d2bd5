import { isDeepStrictEqual } from 'node:util'
import type { Plan, Step } from '../../model/plan.js'
import type { Stage } from '../../model/stage.js'
import type { JsonObject, StageValues, VersionConfig } from '../../model/values.js'
import { isObject } from '../values/merge.js'
import { makesSamePods, podTemplates } from './pod-templates.js'
import { stageOf } from '../stage/stage.js'
import { readStageValues } from '../stage/values.js'

/** Throws (a bug, not a user's error) when a plan breaks a safety rule. */
export function assertSafe(plan: Plan): void {
  const found = violations(plan)
  if (found.length > 0) throw new Error(`unsafe plan for ${plan.app}: ${found.join('; ')}`)
}

/**
 * What in a plan breaks the safety rules that its values can break, a sentence each:
 * 1. no upgrade of an existing release both adds a version and sends it requests;
 * 2. no upgrade removes a version that the stage before sends requests to;
 * 3. weights are integers from 0 to 100 (the chart gives the primary the rest);
 * 4. a canary route has a header and names a deployed version;
 * 5. every value that a step does not own stays as it was, the configuration of the versions that serve included; a step
 *    `upgrade` may change just these values, and neither versions nor routes; a step `scale` just how many pods there are.
 * Of values that can't be explained nothing can be kept: the first step of a forced plan is held to 3 and 4 alone.
 */
export function violations(plan: Plan): string[] {
  const found: string[] = []
  let before = plan.before
  for (const [index, step] of plan.steps.entries()) {
    const said = (what: string) => found.push(`step ${index + 1} (${step.name}) ${what}`)
    const { values, problems } = readStageValues(step.values)
    for (const problem of problems) said(`has values that can't be explained: ${problem}`)
    if (!values) continue
    if (!isDeepStrictEqual(stageOf(step.values), step.to)) said('does not lead to the stage it names')
    const isForced = plan.forced && index === 0
    if (before && !isForced) compare(before, step, values, said)
    before = step.values
  }
  return found
}

function compare(
  beforeConfig: JsonObject,
  { name, values: afterConfig }: Step,
  after: StageValues,
  said: (what: string) => void,
): void {
  const before = readStageValues(beforeConfig).values
  if (!before) return said('starts from values that are not understood')
  const routed = [after.primary, after.canary?.version, after.shadow?.version].filter(
    (version) => version !== undefined,
  )
  for (const version of routed) {
    if (!(version in before.deployment)) said(`adds ${version} and sends it requests at once`)
  }
  for (const version of versionsThatServe(stageOf(beforeConfig))) {
    const config = after.deployment[version]
    if (config === undefined) said(`removes ${version}, which gets requests`)
    else if (!isDeepStrictEqual(unscaled(config, name), unscaled(before.deployment[version]!, name))) {
      said(`changes the configuration of ${version}, which gets requests`)
    }
  }
  if (name === 'upgrade') {
    if (!isDeepStrictEqual(before, after)) said('changes versions or routes')
  } else if (!isDeepStrictEqual(notOwned(beforeConfig), notOwned(afterConfig))) {
    said('changes values it does not own')
  }
}

/** A configuration without what a step `scale` may change: how many pods there are. */
function unscaled(config: VersionConfig, step: Step['name']): VersionConfig {
  if (step !== 'scale') return config
  const { replicas: _replicas, autoscaling, ...rest } = config
  if (!isObject(autoscaling)) return rest
  const { minReplicas: _least, maxReplicas: _most, ...others } = autoscaling
  return Object.keys(others).length > 0 ? { ...rest, autoscaling: others } : rest
}

/** Versions that get requests of any kind in a stage. */
export function versionsThatServe(stage: Stage): string[] {
  switch (stage.name) {
    case 'stable':
      return [stage.primary]
    case 'deployed':
      return stage.shadow === undefined ? [stage.primary] : [stage.primary, stage.canary]
    case 'header':
    case 'weighted':
      return [stage.primary, stage.canary]
    case 'shifted':
      return [stage.canary]
    default:
      return []
  }
}

/** The values without what the steps of a rollout own. */
export function notOwned(config: JsonObject): JsonObject {
  const { deployment: _deployment, ...rest } = config
  if (!isObject(rest.routes)) return rest
  const { canary: _canary, shadow: _shadow, enabled: _enabled, primary, ...routes } = rest.routes
  if (!isObject(primary)) return { ...rest, routes }
  const { version: _version, ...otherPrimary } = primary
  return { ...rest, routes: { ...routes, primary: otherPrimary } }
}

/**
 * Versions whose pods an upgrade would replace: rule 5 as rendered. Compares the pod templates of the Deployments in two
 * lists of rendered objects; versions in `removed` may go, new ones may come.
 */
export function changedPodTemplates(before: JsonObject[], after: JsonObject[], removed: string[]): string[] {
  const templatesAfter = podTemplates(after)
  return [...podTemplates(before)]
    .filter(([version, template]) => {
      if (removed.includes(version)) return false
      const now = templatesAfter.get(version)
      return now === undefined || !makesSamePods(template, now)
    })
    .map(([version]) => version)
}
