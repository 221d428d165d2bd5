import { planAbort } from '../rollout/plan.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import { observeForChange } from './observe.js'
import { runPlan } from './run-plan.js'

export interface AbortRequest extends AppRequest {
  /** Remove the canary without the proof; the reason is kept in the release's history. */
  unverified?: string
}

/** deployed … shifted → stable on the primary: routes back first, then, once proven, the canary removed. */
export async function abort(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  const { app, unverified } = request
  const { namespace, deployed } = await observeForChange(context, request)
  const plan = planAbort({ app, namespace, config: deployed.config })
  return runPlan(context, {
    plan,
    command: unverified === undefined ? `abort ${app}` : `abort ${app} (unverified: ${unverified})`,
    revision: deployed,
    unverified: unverified !== undefined,
  })
}
