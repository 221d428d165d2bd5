import { ConflictError } from '../model/errors.js'
import { expectationsOf } from '../rollout/expectations.js'
import { finishedRollout } from '../rollout/history.js'
import { nextCommands, undoCommand } from '../rollout/next-steps.js'
import type { AppRequest, OperationContext, ProvenStage } from './context.js'
import { observe } from './observe.js'
import { Prover, requirePass } from './proof.js'

export interface VerifyResult extends ProvenStage {
  app: string
  namespace: string
  revision: number
  next: string[]
  undo?: string
}

/** Endpoints reach the proxy up to half a second after the routes; until then a fail restarts the count. */
const SETTLING_MS = 2000

/** Proves the stage the app is in now, changing nothing. */
export async function verify(context: OperationContext, request: AppRequest): Promise<VerifyResult> {
  const { app, namespace, stage, deployed, history } = await observe(context, request)
  if (!namespace || !deployed || stage.name === 'absent') {
    throw new ConflictError(`There is no deployed release named ${app}: nothing to verify.`, {
      nextSteps: [`canary install ${app} VERSION`, 'canary status    (lists the apps there are)'],
    })
  }
  if (stage.name === 'unknown') {
    throw new ConflictError(
      `canary can't say what traffic should look like for ${app}: ${stage.oddities.join('; ')}.`,
      { nextSteps: [`canary values ${app} -n ${namespace}`] },
    )
  }
  context.emit({ type: 'observed', app, namespace, stage, revision: deployed.revision })
  const expectations = expectationsOf(app, stage)
  const prover = new Prover(context, expectations)
  try {
    const proof = await prover.prove({
      app,
      namespace,
      stage,
      expectations,
      revision: deployed,
      newest: history?.newest?.revision,
      // The time is by the clock of whoever upgraded: one that is ahead says nothing of how long ago that was.
      settling: Math.abs(Date.now() - Date.parse(deployed.updated)) < SETTLING_MS,
    })
    const next = nextCommands(app, namespace, stage)
    const undo = undoCommand(app, namespace, stage, finishedRollout(history?.revisions ?? [])?.from)
    requirePass(proof, stage, {
      state: `${app}: revision ${deployed.revision} is deployed; nothing was changed.`,
      nextSteps: [`canary doctor ${app} -n ${namespace}`, ...(undo ? [`${undo}    (go back)`] : [])],
    })
    return { app, namespace, stage, revision: deployed.revision, proof, next, undo }
  } finally {
    await prover.close()
  }
}
