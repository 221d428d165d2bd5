import type { CanaryStage, Stage } from '../../model/stage.js'
import type { JsonObject, StageValues } from '../../model/values.js'
import { readStageValues } from './stage-in-values.js'

/** The stage of a deployed revision, by the user's values. */
export function stageOf(config: JsonObject): Stage {
  const { values, problems } = readStageValues(config)
  if (!values || problems.length > 0) return { name: 'unknown', problems }
  return stageOfValues(values)
}

/** The stage of valid values (one or two versions, primary and canary among them). */
export function stageOfValues({ deployment, primary, canary, shadow }: StageValues): Stage {
  if (!canary) {
    const other = Object.keys(deployment).find((version) => version !== primary)
    if (other === undefined) return { name: 'stable', primary }
    return { name: 'deployed', primary, canary: other, ...(shadow ? { shadow: shadow.percentage } : {}) }
  }
  const { version, weight, headers } = canary
  const routed = { primary, canary: version, headers }
  if (weight === 0) return { name: 'header', ...routed }
  if (weight === 100) return { name: 'shifted', ...routed }
  return { name: 'weighted', ...routed, weight }
}

/** Whether the stage has a canary route. (`deployed` names its canary too, but sends no requests to it.) */
export function hasCanary(stage: Stage): stage is CanaryStage {
  return 'headers' in stage
}

export function weightOf(stage: Stage): number {
  if (stage.name === 'weighted') return stage.weight
  return stage.name === 'shifted' ? 100 : 0
}
