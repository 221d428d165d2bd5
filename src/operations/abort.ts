import { planAbort } from '../rollout/plan.js'
import { changeRelease } from './change.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import { requireReleased } from './observe.js'

export interface AbortRequest extends AppRequest {
  /** Remove the canary without the proof; the reason is kept in the release's history. */
  unverified?: string
}

/**
 * deployed … shifted → stable on the primary: routes back first, then, once proven, the canary removed. What a failed or
 * killed helm left behind is recovered on the way; of an install that never was deployed, the remains are removed.
 */
export async function abort(context: OperationContext, request: AbortRequest): Promise<OperationResult> {
  const { app, unverified } = request
  const command = unverified === undefined ? `abort ${app}` : `abort ${app} (unverified: ${unverified})`
  return changeRelease(
    context,
    request,
    { command: `abort ${app}`, isWayBack: true, removesOrphans: true },
    (found, recovered) => {
      const { namespace = app, deployed, stage } = found
      if (recovered && stage.name === 'absent') {
        return { plan: { app, namespace, from: stage, to: stage, steps: [], expectations: [] }, command }
      }
      const released = requireReleased(found)
      const plan = planAbort({ app, namespace, config: released.deployed.config })
      return { plan, command, revision: deployed, unverified: unverified !== undefined, takeOver: true }
    },
  )
}
