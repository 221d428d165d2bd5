import { describeStage } from '../model/describe-stage.js'
import { CanaryError } from '../model/errors.js'
import { planFinish } from '../rollout/plan.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import { observeForChange } from './observe.js'
import { runPlan } from './run-plan.js'

export interface FinishRequest extends AppRequest {
  /** Guards scripts: the version that must come out of it. */
  version?: string
  jump: boolean
}

/** weighted, shifted → stable on the canary, the old version's pods gone. Asks a person, where there is one. */
export async function finish(context: OperationContext, request: FinishRequest): Promise<OperationResult> {
  const { app, version, jump } = request
  const { namespace, deployed, stage } = await observeForChange(context, request)
  const plan = planFinish({ app, namespace, config: deployed.config }, { version, jump })
  const removed = plan.steps.flatMap((step) => step.goneAfter)
  if (removed.length > 0 && !context.dryRun && context.confirm) {
    const agreed = await context.confirm(
      `Finish the rollout of ${app}: ${describeStage(stage)}. Remove ${removed.join(', ')} once all requests are proven to go to the new version?`,
    )
    if (!agreed) {
      throw new CanaryError('interrupted', 'Not finished, as you said.', {
        state: `Nothing was changed: ${app} is ${describeStage(stage)}.`,
        nextSteps: [`canary finish ${app} --yes    (without the question)`],
      })
    }
  }
  return runPlan(context, {
    plan,
    command: ['finish', app, version].filter(Boolean).join(' '),
    revision: deployed,
  })
}
