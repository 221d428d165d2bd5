import type { JsonObject } from '../model/values.js'
import type { AppRequest, OperationContext } from './context.js'
import { readValuesFiles } from './inputs/values-files.js'
import { observe, requireThere } from './observe/observe.js'
import { type StageValuesRequest, valuesOfStage } from '../rollout/stage/values-of-stage.js'
import { mergeValues } from '../rollout/values/merge.js'

/** The complete values of the deployed revision. Throws ConflictError if there is none. */
export async function observedValues(context: OperationContext, request: AppRequest): Promise<JsonObject> {
  const { deployed } = await requireThere(context, await observe(context, request))
  return deployed.config
}

/**
 * The complete values of a stage, made from files of base values without a cluster. Throws UsageError for a file that cannot
 * be read, and where the stage needs what was not given.
 */
export async function stageValues({
  valuesFiles,
  apiGroup,
  ...request
}: Omit<StageValuesRequest, 'base'> & { valuesFiles: string[]; apiGroup?: string }): Promise<JsonObject> {
  const files = mergeValues({ routes: { apiGroup: 'example' } }, await readValuesFiles(valuesFiles))
  const base = apiGroup === undefined ? files : mergeValues(files, { routes: { apiGroup } })
  return valuesOfStage({ ...request, base })
}
