import { commandText } from '../model/command-text.js'
import type { OperationResult } from '../model/results/change.js'
import { planShift } from '../rollout/plan/shift.js'
import { stageOf, weightOf } from '../rollout/stage/stage.js'
import { withCapacityOf } from './change/capacity.js'
import { changeApp } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import { requireReleased } from './observe/observe.js'

/**
 * header, weighted, shifted → the same with another weight (percent of regular requests), in one step. With `analyzeMs`
 * the canary is analyzed that long before its share rises.
 */
export async function shift(
  context: OperationContext,
  request: AppRequest & { weight: number; analyzeMs?: number },
): Promise<OperationResult> {
  const { app, weight, analyzeMs } = request
  const command = commandText.shift(request)
  return changeApp(context, request, {
    command,
    plan: async (found) => {
      const { namespace, deployed } = await requireReleased(context, found)
      const shifted = planShift({ app, namespace, config: deployed.config }, weight)
      const plan = await withCapacityOf(context, shifted, deployed)
      const rises = weight > weightOf(stageOf(deployed.config))
      return { plan, command, revision: deployed, ...(rises && analyzeMs !== undefined ? { analyzeMs } : {}) }
    },
  })
}
