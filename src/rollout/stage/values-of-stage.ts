import { UsageError } from '../../model/errors.js'
import type { JsonObject, StageValues, VersionConfig } from '../../model/values.js'
import { isObject } from '../values/merge.js'
import { withStage } from './stage-in-values.js'
import { requireObjectName } from './version.js'

/** Stages whose values can be made without a cluster; `finished` is stable on the canary. */
export const STAGES_WITH_VALUES = ['stable', 'deployed', 'header', 'weighted', 'shifted', 'finished'] as const
export type StageWithValues = (typeof STAGES_WITH_VALUES)[number]

export interface StageValuesRequest {
  app: string
  stage: StageWithValues
  primary: string
  /** Required by every stage but `stable`. */
  canary?: string
  /** Required by `weighted`: 1..99. */
  weight?: number
  headers: Record<string, string>
  /** Values to write the stage into: everything else stays, including the versions' configurations. */
  base: JsonObject
}

/** The complete values of a stage. Throws UsageError where the stage needs an argument that is missing. */
export function valuesOfStage(request: StageValuesRequest): JsonObject {
  const { app, stage, primary, canary, headers, base } = request
  requireObjectName(app, primary)
  if (stage === 'stable') return withStage(base, { deployment: configs(base, primary), primary })
  if (canary === undefined) {
    throw new UsageError(`The values of stage ${stage} need a canary.`, {
      nextSteps: ['name it with --canary VERSION'],
    })
  }
  if (canary === primary) {
    throw new UsageError(`${canary} cannot be both primary and canary.`, {
      nextSteps: ['name another version with --canary VERSION'],
    })
  }
  requireObjectName(app, canary, [primary])
  if (stage === 'finished') return withStage(base, { deployment: configs(base, canary), primary: canary })
  const values: StageValues = { deployment: configs(base, primary, canary), primary }
  if (stage === 'deployed') return withStage(base, values)
  return withStage(base, { ...values, canary: { version: canary, weight: weightFor(request), headers } })
}

function configs(base: JsonObject, ...versions: string[]): Record<string, VersionConfig> {
  const given = isObject(base.deployment) ? base.deployment : {}
  return Object.fromEntries(
    versions.map((version) => {
      const config = given[version]
      return [version, isObject(config) ? config : {}]
    }),
  )
}

function weightFor({ stage, weight }: StageValuesRequest): number {
  if (stage === 'header') return 0
  if (stage === 'shifted') return 100
  if (weight !== undefined && weight >= 1 && weight <= 99) return weight
  throw new UsageError(
    `The values of stage weighted need a weight from 1 to 99${weight === undefined ? '' : `, not ${weight}`}.`,
    {
      nextSteps: ['give it with --weight 50; 0 is stage header, 100 is stage shifted'],
    },
  )
}
