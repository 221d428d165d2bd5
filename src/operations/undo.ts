import { commandText } from '../model/command-text.js'
import { canaryCommand, commented } from '../model/command-line.js'
import type { OperationResult } from '../model/results/change.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError, UsageError } from '../model/errors.js'
import { finishedRollout } from '../rollout/history/history.js'
import { planUndo, versionToUndoTo } from '../rollout/plan/undo.js'
import { withCapacityOf } from './change/capacity.js'
import { changeApp } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import { type ReleasedApp, requireReleased } from './observe/observe.js'

export interface UndoRequest extends AppRequest {
  /** The version to bring back. */
  version?: string
  fast: boolean
  /** Whether to propose a version to a person: a script that repeats the command would switch to and fro. */
  mayPropose: boolean
}

/**
 * stable → stable on an earlier version, which returns as a canary with its old configuration. Without a version,
 * proposes the previous one; throws UsageError naming it if nobody can be asked.
 */
export async function undo(context: OperationContext, request: UndoRequest): Promise<OperationResult> {
  const { app, fast, mayPropose } = request
  let { version } = request
  const words = () => commandText.undo({ app, version, fast })
  return changeApp(context, request, {
    command: words(),
    plan: async (observed) => {
      const released = await requireReleased(context, observed)
      const { namespace, deployed, history } = released
      const found = { app, namespace, config: deployed.config }
      if (version === undefined) {
        const before = versionToUndoTo(found, history.revisions)
        if (!mayPropose || !context.confirm) throw versionMissing(released, before)
        if (!context.dryRun) await agree(context.confirm, released, before)
        version = before
      }
      const undone = planUndo(found, { version, fast, revisions: history.revisions })
      // An undo is urgent: it scales pods itself rather than refuse.
      const plan = await withCapacityOf(context, undone, deployed, 'auto')
      const versionBefore = finishedRollout(history.revisions)?.from
      return { plan, command: words(), revision: deployed, versionBefore }
    },
  })
}

async function agree(
  confirm: NonNullable<OperationContext['confirm']>,
  { app, namespace, stage }: ReleasedApp,
  version: string,
): Promise<void> {
  const leaving = 'primary' in stage ? stage.primary : 'what is there'
  const question = `Bring ${version}, the previous version, back and remove ${leaving} once all requests are verified to reach ${version}?`
  if (await confirm(`${app} is ${describeStage(stage)}. ${question}`)) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: `Nothing was changed: ${app} is ${describeStage(stage)}.`,
    nextSteps: [
      commented(canaryCommand(['undo', app, 'VERSION'], { app, namespace }), 'to another version'),
      canaryCommand(['history', app], { app, namespace }),
    ],
  })
}

function versionMissing({ app, namespace, stage }: ReleasedApp, version: string): UsageError {
  return new UsageError(`VERSION is missing: the version of ${app} to bring back.`, {
    state: `Nothing was changed: ${app} is ${describeStage(stage)}.`,
    nextSteps: [commented(canaryCommand(['undo', app, version], { app, namespace }), 'the version before')],
  })
}
