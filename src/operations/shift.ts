import { planShift } from '../rollout/plan.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import { observeForChange } from './observe.js'
import { runPlan } from './run-plan.js'

/** header, weighted, shifted → the same with another weight (percent of unmarked requests), in one step. */
export async function shift(
  context: OperationContext,
  request: AppRequest & { weight: number },
): Promise<OperationResult> {
  const { app, weight } = request
  const { namespace, deployed } = await observeForChange(context, request)
  const plan = planShift({ app, namespace, config: deployed.config }, weight)
  return runPlan(context, { plan, command: `shift ${app} ${weight}`, revision: deployed })
}
