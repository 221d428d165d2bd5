import { isDeepStrictEqual } from 'node:util'
import type { Plan, Step } from '../../../model/plan.js'
import type { Stage } from '../../../model/stage.js'
import type { JsonObject, StageValues, VersionConfig } from '../../../model/values.js'
import { isObject } from '../../values/merge.js'
import { makesSamePods, podTemplates } from './pod-templates.js'
import { stageOf } from '../../stage/stage.js'
import { readStageValues } from '../../stage/stage-in-values.js'

/** Throws a plain Error (a bug in canary) when a plan breaks a safety rule. */
export function assertSafe(plan: Plan): void {
  const found = violations(plan)
  if (found.length > 0) throw new Error(`unsafe plan for ${plan.app}: ${found.join('; ')}`)
}

/**
 * Violations of the safety rules that concern a plan's values, a sentence each:
 * 1. no upgrade of an existing release both adds a version and sends it requests;
 * 2. no upgrade removes a version that the stage before sends requests to;
 * 3. weights are integers from 0 to 100 (the chart gives the primary the rest);
 * 4. a canary route has a header and names a deployed version;
 * 5. values that a step does not own stay unchanged, including the configuration of versions that serve; a step `upgrade`
 *    may change only these values, and neither versions nor routes; a step `scale` only the number of pods.
 * Unreadable values cannot be kept: the first step of a forced plan is held to 3 and 4 only.
 */
export function violations(plan: Plan): string[] {
  const found: string[] = []
  let before = plan.before
  for (const [index, step] of plan.steps.entries()) {
    const report = (what: string) => found.push(`step ${index + 1} (${step.name}) ${what}`)
    const { values, problems } = readStageValues(step.values)
    for (const problem of problems) report(`has unreadable values: ${problem}`)
    if (!values) continue
    if (!isDeepStrictEqual(stageOf(step.values), step.to)) report('does not lead to the stage it names')
    const isForced = plan.forced && index === 0
    if (before && !isForced) compare(before, step, values, report)
    before = step.values
  }
  return found
}

function compare(
  beforeConfig: JsonObject,
  { name, values: afterConfig }: Step,
  after: StageValues,
  report: (what: string) => void,
): void {
  const before = readStageValues(beforeConfig).values
  if (!before) return report('starts from unreadable values')
  const routed = [after.primary, after.canary?.version, after.shadow?.version].filter(
    (version) => version !== undefined,
  )
  for (const version of routed) {
    if (!(version in before.deployment)) report(`adds ${version} and sends it requests at once`)
  }
  for (const version of versionsThatServe(stageOf(beforeConfig))) {
    const config = after.deployment[version]
    if (config === undefined) report(`removes ${version}, which gets requests`)
    else if (!isDeepStrictEqual(unscaled(config, name), unscaled(before.deployment[version]!, name))) {
      report(`changes the configuration of ${version}, which gets requests`)
    }
  }
  if (name === 'upgrade') {
    if (!isDeepStrictEqual(before, after)) report('changes versions or routes')
  } else if (!isDeepStrictEqual(notOwned(beforeConfig), notOwned(afterConfig))) {
    report('changes values it does not own')
  }
}

/** A configuration without the fields that a step `scale` may change: the number of pods. */
function unscaled(config: VersionConfig, step: Step['name']): VersionConfig {
  if (step !== 'scale') return config
  const { replicas: _replicas, autoscaling, ...rest } = config
  if (!isObject(autoscaling)) return rest
  const { minReplicas: _least, maxReplicas: _most, ...others } = autoscaling
  return Object.keys(others).length > 0 ? { ...rest, autoscaling: others } : rest
}

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

/** The values without those that the steps of a rollout own. */
export function notOwned(config: JsonObject): JsonObject {
  const { deployment: _deployment, ...rest } = config
  if (!isObject(rest.routes)) return rest
  const { canary: _canary, shadow: _shadow, enabled: _enabled, primary, ...routes } = rest.routes
  if (!isObject(primary)) return { ...rest, routes }
  const { version: _version, ...otherPrimary } = primary
  return { ...rest, routes: { ...routes, primary: otherPrimary } }
}

/**
 * Versions whose pods an upgrade would replace: rule 5 on rendered objects. Compares the pod templates of the
 * Deployments in two lists; versions in `removed` may go, new ones may come.
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
