import { commandText } from '../model/command-text.js'
import type { OperationResult } from '../model/results/change.js'
import { CanaryError } from '../model/errors.js'
import { finishedRollout } from '../rollout/history/history.js'
import { planAbort } from '../rollout/plan/plan.js'
import { planForcedAbort } from '../rollout/plan/forced-abort.js'
import { changeRelease } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import { requireReleased } from './observe/observe.js'
import { holdingsOf } from './ownership/holdings.js'

export interface AbortRequest extends AppRequest {
  /** Remove the canary without the proof; the reason is kept in the release's history. */
  unverified?: string
  /** Leave values that canary can't explain for those of the newest revision that it can. */
  force?: boolean
  /** Take the app from whoever holds it, though they live and don't stop. */
  breakLock?: boolean
}

/**
 * deployed … shifted → stable on the primary: routes back first, then, once proven, the canary removed. What a failed or
 * killed helm left behind is recovered on the way; of an install that never was deployed, the remains are removed.
 */
export async function abort(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  try {
    return await abortHeld(context, request)
  } catch (error) {
    // Another abort, or what says it is one, is never made to stop unasked.
    if (!(error instanceof CanaryError) || error.outcome !== 'busy' || request.breakLock) throw error
    if (!(await context.decide?.(`${error.message} Take the app from them now (--break-lock)?`))) throw error
    return abortHeld(context, { ...request, breakLock: true })
  }
}

async function abortHeld(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  const { app, unverified, force, breakLock: breaks } = request
  const typed = commandText.abort(request)
  const reason = breaks ? `${unverified}; lock broken` : unverified
  const command = unverified === undefined ? typed : `abort ${app} (unverified: ${reason})`
  return changeRelease(
    context,
    request,
    { command: typed, isAbort: true, removesOrphans: true, breaks },
    async (found, recovered) => {
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
      // Recovered on its way, it is done; found stable, a rollout may have been finished: that is undone, not aborted,
      // unless there are remains to remove.
      const rollout = recovered ? undefined : finishedRollout(released.history.revisions)
      const finished =
        rollout && (await holdingsOf(context, found)).orphans.length === 0 ? rollout : undefined
      const plan = planAbort({ app, namespace, config: released.deployed.config }, finished)
      return { ...going, plan }
    },
  )
}
