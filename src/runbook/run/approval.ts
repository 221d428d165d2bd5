import { canaryCommand, commented } from '../../model/command-line.js'
import type { Approval, RunStart } from '../../model/results/runs.js'
import { describeStage } from '../../model/describe-stage.js'
import { durationText } from '../../lib/durations.js'
import { CanaryError } from '../../model/errors.js'
import type { RunApp } from '../../model/events/run-events.js'
import type { Stage } from '../../model/stage.js'
import type { AppRequest } from '../../operations/context.js'
import { observe } from '../../operations/observe/observe.js'
import { whyNotAnother } from '../../operations/runs.js'
import type { AppContext } from './app-context.js'

import type { ApproveStep } from '../runbook.js'
import { nameOf } from '../steps/step-text.js'
import { clearNote, whileNoted } from './wait-note.js'

/** How often to look for an approval given elsewhere while a person is asked here. */
const LOOK_EVERY_MS = 2000

/**
 * Waits for an approval: one kept in the cluster for this run, step and revision, one from the command line, or an answer on
 * the terminal; the last two only within the step's time, counted from the release's last change. Throws CanaryError
 * `waiting` if nobody can be asked or they refuse, and `failed` once the time is over. If the step must be approved by
 * somebody other than who started the run, other approvals do not count.
 */
export async function waitForApproval(
  world: AppContext,
  where: RunApp,
  step: ApproveStep,
  request: AppRequest,
): Promise<void> {
  const { context, emit, run } = world
  const { namespace, deployed, stage } = await observe(context, request)
  if (!namespace || !deployed) return
  const { app } = request
  const { revision, updated } = deployed
  const started = step.by === 'other' ? (await context.cluster.runNotes(app, namespace)).started : undefined
  const look = async () => {
    const given = await context.cluster.approvals(app, namespace)
    return given.find(
      (one) =>
        one.run === run.id &&
        one.step === step.id &&
        one.revision === revision &&
        (step.by !== 'other' || whyNotAnother(run.id, started, one.identity) === undefined),
    )
  }
  const found = await look()
  const end = step.timeoutMs === undefined ? undefined : Date.parse(updated) + step.timeoutMs
  const until = end === undefined ? undefined : new Date(end)
  const asked = { kind: 'approval' as const, message: step.message, by: step.by, until }
  const waiting = { step, app, namespace, revision, stage, started, end, look }
  const { who, identity, why } =
    found ??
    (await whileNoted(world, { app, namespace, revision }, step, asked, () =>
      answered(world, where, waiting),
    ))
  if (found) await clearNote(world, { app, namespace })
  emit({ ...where, type: 'approved', step: nameOf(step), who, ...(identity ? { identity } : {}), why })
}

interface Waiting {
  step: ApproveStep
  app: string
  namespace: string
  revision: number
  stage: Stage
  started: RunStart | undefined
  /** Milliseconds since the epoch. */
  end: number | undefined
  look: () => Promise<Approval | undefined>
}

/** The approval from the command line, a person here or somebody elsewhere; kept in the cluster if given here. */
async function answered(world: AppContext, where: RunApp, waiting: Waiting): Promise<Approval> {
  const { context, emit, approved, run, askToApprove } = world
  const { clock } = context
  const { step, app, namespace, revision, stage, started, end, look } = waiting
  const why = approved.get(step.id)
  if (end !== undefined && clock.now() >= end) throw tooLate(waiting, run.command)
  const identity = why !== undefined || askToApprove ? await context.cluster.identity() : undefined
  const refusal = step.by === 'other' ? whyNotAnother(run.id, started, identity) : undefined
  if (why === undefined || refusal !== undefined) {
    const mayAsk = why === undefined && refusal === undefined
    if (mayAsk && askToApprove) {
      const until = end === undefined ? {} : { until: new Date(end).toISOString() }
      emit({ ...where, type: 'waiting', step: nameOf(step), for: 'an approval', ...until })
    }
    const question = `${app}: ${step.message} (${describeStage(stage)})`
    const answer = mayAsk ? await ask(world, question, end, look) : 'nobody'
    if (typeof answer === 'object') return answer
    if (answer === 'too late') throw tooLate(waiting, run.command)
    if (answer !== 'yes') throw unapproved(world, waiting, answer, why === undefined ? undefined : refusal)
  }
  const approval: Approval = {
    run: run.id,
    step: step.id,
    revision,
    who: context.operator,
    ...(identity === undefined ? {} : { identity }),
    why: why ?? '',
    at: new Date(clock.now()).toISOString(),
  }
  await context.cluster.approve(app, namespace, approval)
  return approval
}

function unapproved(
  { run }: AppContext,
  { step, app, namespace, revision, stage }: Waiting,
  answer: 'no' | 'nobody',
  refusal: string | undefined,
): CanaryError {
  const other = step.by === 'other' ? ' by somebody other than who started the run' : ''
  const message =
    answer === 'no'
      ? `Step ${step.id} of ${app} was not approved.`
      : refusal === undefined
        ? `Step ${step.id} of ${app} waits for an approval${other}: ${step.message}`
        : `You cannot approve step ${step.id} of ${app}, which needs somebody other than who started the run: ${refusal}.`
  return new CanaryError('waiting', message, {
    state: `${app} stays at revision ${revision}: ${describeStage(stage)}.`,
    nextSteps: [
      commented(
        `${run.command} --approve ${step.id}`,
        `approves it and continues${other ? '; for somebody else to run' : ''}`,
      ),
      commented(canaryCommand(['abort', app], { app, namespace }), 'rolls back'),
    ],
    evidence: { approve: step.id, revision, ...(step.by ? { by: step.by } : {}) },
  })
}

/** The person's answer, or an approval given elsewhere meanwhile. */
async function ask(
  { askToApprove, context, stopping }: AppContext,
  question: string,
  end: number | undefined,
  look: () => Promise<Approval | undefined>,
): Promise<'yes' | 'no' | 'nobody' | 'too late' | Approval> {
  if (!askToApprove) return 'nobody'
  const settled = new AbortController()
  const signal = AbortSignal.any([context.signal, settled.signal, ...(stopping ? [stopping] : [])])
  const elsewhere = async () => {
    while (!signal.aborted) {
      await context.clock.sleep(LOOK_EVERY_MS, signal)
      const found = signal.aborted ? undefined : await look().catch(() => undefined)
      if (found) return found
      if (end !== undefined && context.clock.now() >= end) return 'too late' as const
    }
    return 'no' as const
  }
  const here = async () => ((await askToApprove(question, signal)) ? ('yes' as const) : ('no' as const))
  try {
    const answer = await Promise.race([here(), elsewhere()])
    context.signal.throwIfAborted()
    return stopping?.aborted ? 'nobody' : answer
  } finally {
    settled.abort()
  }
}

function tooLate({ step, app, namespace, revision }: Waiting, command: string): CanaryError {
  const within = durationText(step.timeoutMs ?? 0)
  return new CanaryError('failed', `Nobody approved step ${step.id} of ${app} within ${within}.`, {
    state: `${app} stays at revision ${revision}.`,
    nextSteps: [
      commented(canaryCommand(['abort', app], { app, namespace }), 'rolls back'),
      commented(command, 'once the runbook allows more time'),
    ],
  })
}
