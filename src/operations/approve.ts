import type { Runs } from '../cluster/ports/runs.js'
import { canaryCommand, commented } from '../model/command-line.js'
import type { Approval, RunWait, WaitingRun, ApproveResult } from '../model/results/runs.js'
import { CanaryError, ConflictError } from '../model/errors.js'
import type { OperationContext } from './context.js'
import { absentApp } from './observe/absent.js'
import { observe } from './observe/observe.js'
import { listRuns, whyNotAnother } from './runs.js'

export interface ApproveRequest {
  /** An app, or the id or name of a run. */
  target: string
  namespace?: string
  /** Id of the step. */
  step: string
  why: string
}

/**
 * Approves a step that a run waits for, without running it: for one app, or for all apps of a run. The approval is
 * bound to the run, the step and the deployed revision. Throws ConflictError if nothing waits for it, CanaryError
 * `waiting` if the person who started the run may not approve; nothing is kept then.
 */
export async function approve(context: OperationContext, request: ApproveRequest): Promise<ApproveResult> {
  const { step, why } = request
  const waits = await waitsFor(context, request)
  const identity = await context.cluster.identity()
  for (const { app, waiting, started } of waits) {
    const refusal = waiting.by === 'other' ? whyNotAnother(waiting.run, started, identity) : undefined
    if (refusal === undefined) continue
    throw new CanaryError(
      'waiting',
      `Step ${step} of ${app} needs approval by somebody other than the person who started the run: ${refusal}.`,
      {
        state: 'Nothing was approved.',
        evidence: { approve: step, revision: waiting.revision, by: 'other' },
      },
    )
  }
  const approved: ApproveResult['approved'] = []
  for (const { app, namespace, waiting } of waits) {
    const approval: Approval = {
      run: waiting.run,
      step,
      revision: waiting.revision,
      who: context.operator,
      ...(identity === undefined ? {} : { identity }),
      why,
      at: new Date(context.clock.now()).toISOString(),
    }
    await context.cluster.approve(app, namespace, approval)
    approved.push({ app, namespace, ...approval })
  }
  return { approved, next: [...new Set(waits.map(({ waiting }) => waiting.command))] }
}

type Waiting = WaitingRun & { waiting: RunWait }

async function waitsFor(
  context: OperationContext,
  { target, namespace, step }: ApproveRequest,
): Promise<Waiting[]> {
  const found = await observe(context, { app: target, namespace })
  const runs = found.history
    ? [await ofApp(context, found.app, found.namespace!, found.deployed?.revision)]
    : (await listRuns(context, namespace)).filter(
        ({ waiting }) => waiting?.run === target || waiting?.name === target,
      )
  if (runs.length === 0) throw await absentApp(context, found, ['no waiting run has this id or name'])
  const waits = runs.filter(
    (one): one is Waiting => one.waiting?.kind === 'approval' && one.waiting.step === step,
  )
  if (waits.length > 0) return waits
  const others = runs.flatMap(({ app, waiting }) =>
    waiting ? [`${app} waits for ${waiting.kind} ${waiting.step}: ${waiting.message}`] : [],
  )
  throw new ConflictError(`No run of ${target} waits for an approval of step ${step}.`, {
    state: 'Nothing was approved.',
    details: others,
    nextSteps: [commented(canaryCommand(['runs']), 'what runs wait for')],
  })
}

async function ofApp(
  { cluster }: { cluster: Runs },
  app: string,
  namespace: string,
  revision: number | undefined,
): Promise<WaitingRun> {
  const { waiting, started } = await cluster.runNotes(app, namespace)
  return { app, namespace, started, ...(waiting?.revision === revision ? { waiting } : {}) }
}
