import { commandText } from '../model/command-text.js'
import { canaryCommand, commented } from '../model/command-line.js'
import type { OperationResult } from '../model/results/change.js'
import type { VersionPods } from '../model/events/events.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError } from '../model/errors.js'
import { finishedRollout } from '../rollout/history/history.js'
import { hasCanary, weightOf } from '../rollout/stage/stage.js'
import { planFinish } from '../rollout/plan/finish.js'
import { withCapacityOf } from './change/capacity.js'
import { changeApp } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import type { PlanToRun } from './change/run/plan-to-run.js'
import { requireReleased } from './observe/observe.js'

export interface FinishRequest extends AppRequest {
  /** Guards scripts: the version that must be stable at the end. */
  version?: string
  jump: boolean
  /** How long to analyze the canary before its share rises; undefined: not at all. */
  analyzeMs?: number
}

/** weighted, shifted → stable on the canary, the old version's pods gone. Asks for confirmation on a terminal. */
export async function finish(context: OperationContext, request: FinishRequest): Promise<OperationResult> {
  const { app, version, jump, analyzeMs } = request
  const command = commandText.finish(request)
  return changeApp(context, request, {
    command,
    removesOrphans: true,
    agree: (run, orphans) => agree(context, run, orphans),
    plan: async (found) => {
      const { namespace, deployed, history } = await requireReleased(context, found)
      const finished = planFinish({ app, namespace, config: deployed.config }, { version, jump })
      const plan = await withCapacityOf(context, finished, deployed)
      const { from } = plan
      const rises = hasCanary(from) && weightOf(from) < 100
      return {
        plan,
        command,
        revision: deployed,
        versionBefore: finishedRollout(history.revisions)?.from,
        ...(rises && analyzeMs !== undefined ? { analyzeMs } : {}),
      }
    },
  })
}

async function agree(context: OperationContext, { plan }: PlanToRun, orphans: VersionPods[]): Promise<void> {
  const { app, namespace, from } = plan
  const removed = plan.steps.flatMap((step) => step.goneAfter)
  if ((removed.length === 0 && orphans.length === 0) || !context.confirm) return
  const remains = orphans.map(({ deployment, image }) => `${deployment} (${image})`).join(', ')
  const agreed = await context.confirm(
    [
      `Finish the rollout of ${app}: ${describeStage(from)}.`,
      ...(remains ? [`Also removes Deployments that a failed helm left behind: ${remains}.`] : []),
      removed.length > 0
        ? `Remove ${removed.join(', ')} once all requests are verified to reach the new version?`
        : 'Remove them?',
    ].join(' '),
  )
  if (agreed) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: `Nothing was changed: ${app} is ${describeStage(from)}.`,
    nextSteps: [
      commented(canaryCommand(['finish', app, '--yes'], { app, namespace }), 'without the question'),
    ],
  })
}
