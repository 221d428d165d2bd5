import { planShift } from '../rollout/plan.js'
import { changeApp } from './change.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'

/** header, weighted, shifted → the same with another weight (percent of unmarked requests), in one step. */
export async function shift(
  context: OperationContext,
  request: AppRequest & { weight: number },
): Promise<OperationResult> {
  const { app, weight } = request
  const command = `shift ${app} ${weight}`
  return changeApp(context, request, command, ({ namespace, deployed }) => {
    const plan = planShift({ app, namespace, config: deployed.config }, weight)
    return { plan, command, revision: deployed }
  })
}
