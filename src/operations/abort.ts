import { commandText } from '../model/command-text.js'
import type { OperationResult } from '../model/results/change.js'
import { CanaryError } from '../model/errors.js'
import { finishedRollout } from '../rollout/history/history.js'
import { planAbort } from '../rollout/plan/abort.js'
import { planForcedAbort } from '../rollout/plan/forced-abort.js'
import { changeApp } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import { requireReleased } from './observe/observe.js'
import { holdingsOf } from './ownership/holdings.js'

export interface AbortRequest extends AppRequest {
  /** Remove the canary without a proof; the release's history keeps the reason. */
  unverified?: string
  /** From values that canary cannot explain, return to the newest revision it can. */
  force?: boolean
  /** Take the lock from a live operator who does not stop. */
  breakLock?: boolean
}

/**
 * deployed … shifted → stable on the primary: routes back first and, once that is verified, removes the canary.
 * Recovers what a failed or killed helm left behind; removes the remains of an install that was never deployed.
 */
export async function abort(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  try {
    return await abortHeld(context, request)
  } catch (error) {
    // Another abort is stopped only after a question.
    if (!(error instanceof CanaryError) || error.outcome !== 'busy' || request.breakLock) throw error
    if (!(await context.decide?.(`${error.message} Take over the lock now (--break-lock)?`))) throw error
    return abortHeld(context, { ...request, breakLock: true })
  }
}

async function abortHeld(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  const { app, unverified, force, breakLock: breaks } = request
  const typed = commandText.abort(request)
  const reason = breaks ? `${unverified}; lock broken` : unverified
  const command = unverified === undefined ? typed : `abort ${app} (unverified: ${reason})`
  return changeApp(context, request, {
    command: typed,
    isAbort: true,
    removesOrphans: true,
    breaks,
    plan: async (found, recovered) => {
      const { namespace = app, deployed, stage } = found
      if (recovered && stage.name === 'absent') {
        return { plan: { app, namespace, from: stage, to: stage, steps: [], expectations: [] }, command }
      }
      const going = { command, revision: deployed, unverified: unverified !== undefined, takeOver: true }
      if (force && stage.name === 'unknown' && deployed) {
        const pods = await context.cluster.versionPods(app, namespace)
        const ready = new Set(pods.filter((entry) => entry.ready > 0).map(({ version }) => version))
        const revisions = found.history?.revisions ?? []
        return {
          ...going,
          plan: planForcedAbort({ app, namespace, config: deployed.config }, revisions, ready),
        }
      }
      const released = await requireReleased(context, found)
      // After recovery the abort is done. A stable app may have finished its rollout: that needs undo, not abort,
      // unless orphans are left to remove.
      const rollout = recovered ? undefined : finishedRollout(released.history.revisions)
      const finished =
        rollout && (await holdingsOf(context, found)).orphans.length === 0 ? rollout : undefined
      const plan = planAbort({ app, namespace, config: released.deployed.config }, finished)
      return { ...going, plan }
    },
  })
}
