import type { Approval } from '../cluster/cluster.js'
import { describeStage } from '../model/describe-stage.js'
import { durationText } from '../model/durations.js'
import { CanaryError } from '../model/errors.js'
import type { RunApp } from '../model/run-events.js'
import type { AppRequest } from '../operations/context.js'
import { observe } from '../operations/observe.js'
import { pause } from '../operations/pause.js'
import type { AppSurroundings } from './app-surroundings.js'
import type { ApproveStep } from './runbook.js'
import { nameOf } from './step-text.js'

/** How often it is looked whether somebody else approved, while a person is asked here. */
const LOOK_EVERY_MS = 2000

/**
 * Waits for somebody's yes: by what is kept in the cluster for this run, this step and the revision that is there, by the
 * command line, or by asking on a terminal; the last two only within the step's time. Throws CanaryError `waiting` where nobody is there to ask or they say no, and
 * `failed` once the step's time is over, counted from the release's last change.
 */
export async function waitForApproval(
  world: AppSurroundings,
  where: RunApp,
  step: ApproveStep,
  request: AppRequest,
): Promise<void> {
  const { context, emit, approved, run, now } = world
  const { namespace, deployed, stage } = await observe(context, request)
  if (!namespace || !deployed) return
  const { app } = request
  const { revision } = deployed
  const look = async () => {
    const given = await context.cluster.approvals(app, namespace)
    return given.find((one) => one.run === run.id && one.step === step.id && one.revision === revision)
  }
  const goOn = ({ who, why }: Approval) => emit({ ...where, type: 'approved', step: nameOf(step), who, why })
  const found = await look()
  if (found) return goOn(found)

  const why = approved.get(step.id)
  const end = step.timeoutMs === undefined ? undefined : Date.parse(deployed.updated) + step.timeoutMs
  if (end !== undefined && now() >= end) throw tooLate(step, app, revision, run.command)
  const state = `${app}: revision ${revision} is deployed, and stays so: ${describeStage(stage)}.`
  if (why === undefined) {
    if (world.askToApprove) {
      const until = end === undefined ? {} : { until: new Date(end).toISOString() }
      emit({ ...where, type: 'waiting', step: nameOf(step), for: 'an approval', ...until })
    }
    const answer = await ask(world, `${app}: ${step.message} (${describeStage(stage)})`, end, look)
    if (typeof answer === 'object') return goOn(answer)
    if (answer === 'too late') throw tooLate(step, app, revision, run.command)
    if (answer !== 'yes') {
      const message =
        answer === 'no'
          ? `Step ${step.id} of ${app} was not approved.`
          : `Step ${step.id} of ${app} waits for an approval: ${step.message}`
      throw new CanaryError('waiting', message, {
        state,
        nextSteps: [
          `${run.command} --approve ${step.id}    (approves it, and goes on)`,
          `canary abort ${app}    (goes back)`,
        ],
        evidence: { approve: step.id, revision },
      })
    }
  }
  const approval: Approval = {
    run: run.id,
    step: step.id,
    revision,
    who: context.operator,
    why: why ?? '',
    at: new Date(now()).toISOString(),
  }
  await context.cluster.approve(app, namespace, approval)
  goOn(approval)
}

/** The person's answer, or what somebody else said meanwhile. */
async function ask(
  { askToApprove, context, now, stopping }: AppSurroundings,
  question: string,
  end: number | undefined,
  look: () => Promise<Approval | undefined>,
): Promise<'yes' | 'no' | 'nobody' | 'too late' | Approval> {
  if (!askToApprove) return 'nobody'
  const settled = new AbortController()
  const signal = AbortSignal.any([context.signal, settled.signal, ...(stopping ? [stopping] : [])])
  const elsewhere = async () => {
    while (!signal.aborted) {
      await pause(LOOK_EVERY_MS, [signal])
      const found = signal.aborted ? undefined : await look().catch(() => undefined)
      if (found) return found
      if (end !== undefined && now() >= end) return 'too late' as const
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

function tooLate(step: ApproveStep, app: string, revision: number, command: string): CanaryError {
  const within = durationText(step.timeoutMs ?? 0)
  return new CanaryError('failed', `Nobody approved step ${step.id} of ${app} within ${within}.`, {
    state: `${app}: revision ${revision} is deployed.`,
    nextSteps: [`canary abort ${app}    (goes back)`, `${command}    (once the runbook gives more time)`],
  })
}
