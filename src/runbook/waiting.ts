import { CanaryError } from '../model/errors.js'
import type { CanaryEvent } from '../model/events.js'
import type { RunApp } from '../model/run-events.js'
import type { AppRequest } from '../operations/context.js'
import { withFailurePolicy } from '../operations/failure-policy.js'
import { observe } from '../operations/observe.js'
import { verify } from '../operations/verify.js'
import type { AppSurroundings } from './app-run.js'
import { nameOf } from './describe-step.js'
import type { ApproveStep, PauseStep, RunbookStep, Window } from './runbook.js'
import { isOpen, nextOpening } from './windows.js'

/** Probes per second of each kind while a pause is watched. */
const WATCH_RATE = 5
/** A watched stage is proven so often, and at least once. */
const WATCH_EVERY_MS = 30_000
/** How often windows and approvals are looked at. */
const LOOK_EVERY_MS = 2000

/** Waits until the window of a step is open. Throws CanaryError `waiting` where nobody is to wait. */
export async function waitForWindow(
  world: AppSurroundings,
  where: RunApp,
  step: RunbookStep,
  window: Window,
): Promise<void> {
  const { now, sleep, noWait, emit, context } = world
  if (isOpen(window, new Date(now()))) return
  const opens = nextOpening(window, new Date(now()))
  const { name } = window
  const until = opens.toISOString()
  if (noWait) {
    throw new CanaryError('waiting', `Window ${name} of step ${step.id} is closed.`, {
      state: `${where.app} is as it was: the step was not begun.`,
      nextSteps: [
        until ? `run the runbook again at ${until}` : `give window ${name} days on which it is open`,
      ],
    })
  }
  emit({ ...where, type: 'waiting', step: nameOf(step), for: `window ${name}`, until })
  while (!isOpen(window, new Date(now())))
    await sleep(Math.max(1, Math.min(LOOK_EVERY_MS, opens.getTime() - now())), context.signal)
}

/**
 * Waits until the release's last change is so long ago: a run that begins anew does not wait again. Meanwhile the stage goes on
 * being proven at a low rate, and a failure is acted on at once; what could not be told leaves the pause as it is.
 */
export async function waitForPause(
  world: AppSurroundings,
  where: RunApp,
  step: PauseStep,
  request: AppRequest,
): Promise<void> {
  const { context, emit, now, sleep } = world
  const { deployed } = await observe(context, request)
  if (!deployed) return
  const end = Date.parse(deployed.updated) + step.durationMs
  if (now() >= end) return
  emit({
    ...where,
    type: 'waiting',
    step: nameOf(step),
    for: 'the pause',
    until: new Date(end).toISOString(),
  })
  while (now() < end) {
    const begun = now()
    if (step.watch) await watch(world, request, end)
    const rest = Math.min(end, step.watch ? begun + WATCH_EVERY_MS : end) - now()
    if (rest > 0) await sleep(rest, context.signal)
  }
}

async function watch(world: AppSurroundings, request: AppRequest, end: number): Promise<void> {
  const { context, now } = world
  const over = AbortSignal.timeout(Math.max(1, end - now()))
  const signal = AbortSignal.any([context.signal, over])
  const probes = { ...context.probes, rate: WATCH_RATE }
  try {
    await withFailurePolicy(context, request, (held) => {
      // What passes would bury the lines of the steps.
      const emit = (event: CanaryEvent) => {
        if (event.type === 'check' && event.check.verdict !== 'pass') held.emit(event)
      }
      return verify({ ...held, probes, signal, emit }, request)
    })
  } catch (error) {
    if (over.aborted && !context.signal.aborted) return
    if (error instanceof CanaryError && ['inconclusive', 'external'].includes(error.outcome)) {
      context.emit({ type: 'warning', message: `while waiting: ${error.message}` })
      return
    }
    throw error
  }
}

/**
 * Waits for somebody's yes: on a terminal by asking, else by what is kept in the cluster for this runbook, this step and
 * the revision that is there. Throws CanaryError `waiting` where nobody is there to ask.
 */
export async function waitForApproval(
  world: AppSurroundings,
  where: RunApp,
  step: ApproveStep,
  request: AppRequest,
  run: string,
): Promise<void> {
  const { context, emit, approved } = world
  const { namespace, deployed } = await observe(context, request)
  if (!namespace || !deployed) return
  const { app } = request
  const { revision } = deployed
  const isGiven = (given: { run: string; step: string; revision: number }) =>
    given.run === run && given.step === step.id && given.revision === revision
  const found = (await context.cluster.approvals(app, namespace)).find(isGiven)
  if (found) return emit({ ...where, type: 'approved', step: nameOf(step), who: found.who, why: found.why })
  const question = `${step.message || `Go on with ${app} after ${step.id}?`}`
  const isAgreed = approved.has(step.id) || ((await context.decide?.(question)) ?? false)
  if (!isAgreed) {
    throw new CanaryError('waiting', `Step ${step.id} of ${app} waits for an approval: ${question}`, {
      state: `${app}: revision ${revision} is deployed, and stays so.`,
      nextSteps: [`canary run … --approve ${step.id}    (approves it, and goes on)`],
    })
  }
  const approval = { run, step: step.id, revision, who: context.operator, why: step.message }
  await context.cluster.approve(app, namespace, { ...approval, at: new Date(world.now()).toISOString() })
  emit({ ...where, type: 'approved', step: nameOf(step), who: context.operator, why: step.message })
}
