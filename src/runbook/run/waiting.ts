import { commented } from '../../model/command-line.js'
import { CanaryError } from '../../model/errors.js'
import type { CanaryEvent } from '../../model/events/events.js'
import type { Outcome } from '../../model/exit-codes.js'
import type { RunApp } from '../../model/events/run-events.js'
import type { AppRequest } from '../../operations/context.js'
import { withFailurePolicy } from '../../operations/change/failure-policy.js'
import { observe } from '../../operations/observe/observe.js'
import { verify } from '../../operations/verify.js'
import { hasCanary } from '../../rollout/stage/stage.js'
import type { FalseAlarmBudget } from '../steps/false-alarm-budget.js'
import type { AppContext } from './app-context.js'
import type { PauseStep, RunbookStep, Window } from '../runbook.js'
import { nameOf } from '../steps/step-text.js'
import { whileNoted } from './wait-note.js'
import { byItsClocks, isOpen, nextOpening } from '../steps/windows.js'

/** Probes per second of each kind while a stage is watched. */
const WATCH_RATE = 10
/** Between two verifications of a watched stage, milliseconds. */
const WATCH_PAUSE_MS = 1000
/** After a verification without a result, say because the cluster did not answer. */
const WATCH_AGAIN_MS = 10_000
/** Outcomes of a verification that say nothing about the stage. */
const NO_RESULT: Outcome[] = ['inconclusive', 'external', 'interrupted', 'terminated']
/** Timers take no more than 24.8 days. */
const LONGEST_SLEEP_MS = 3_600_000

/**
 * Waits until the window of a step is open; watches a canary that gets requests meanwhile. Throws CanaryError `waiting` with
 * `noWait`.
 */
export async function waitForWindow(
  world: AppContext,
  where: RunApp,
  step: RunbookStep,
  window: Window,
  request: AppRequest,
  alpha: FalseAlarmBudget['watch'],
): Promise<void> {
  const instant = new Date(world.context.clock.now())
  if (isOpen(window, instant)) return
  const opens = nextOpening(window, instant)
  const when = byItsClocks(window, opens)
  const { stage, namespace, deployed } = await observe(world.context, request)
  const what = `the window ${window.name} (${when})`
  const wait = async () => {
    if (world.noWait) {
      const message = `Step ${step.id} of ${where.app} waits for the window ${window.name}, which opens at ${when}.`
      throw new CanaryError('waiting', message, {
        state: `${where.app} is unchanged: the step was not started.`,
        nextSteps: [commented(world.run.command, `at ${when} or later`)],
        evidence: { window: window.name, opens: opens.toISOString() },
      })
    }
    const end = opens.getTime()
    await hold(world, where, request, { step, for: what, end, watch: hasCanary(stage), alpha })
  }
  if (!namespace || !deployed) return wait()
  const { revision } = deployed
  const noted = { kind: 'window' as const, message: what, until: opens }
  await whileNoted(world, { app: where.app, namespace, revision }, step, noted, wait)
}

/**
 * Waits until the pause is over, counted from the release's last change: a repeated run does not wait again. Meanwhile the
 * stage is verified at a low rate; a failure ends the pause at once, an inconclusive result does not.
 */
export async function waitForPause(
  world: AppContext,
  where: RunApp,
  step: PauseStep,
  request: AppRequest,
  alpha: FalseAlarmBudget['watch'],
): Promise<void> {
  const { namespace, deployed } = await observe(world.context, request)
  if (!namespace || !deployed) return
  const end = Date.parse(deployed.updated) + step.durationMs
  if (world.context.clock.now() >= end) return
  const { revision } = deployed
  const pausing = { kind: 'pause' as const, message: 'the pause', until: new Date(end) }
  await whileNoted(world, { app: where.app, namespace, revision }, step, pausing, () =>
    hold(world, where, request, { step, for: 'the pause', end, watch: step.watch, alpha }),
  )
}

interface Waiting {
  step: RunbookStep
  for: string
  /** Milliseconds since the epoch. */
  end: number
  watch: boolean
  alpha: FalseAlarmBudget['watch']
}

/** Holds no lock meanwhile. */
async function hold(
  world: AppContext,
  where: RunApp,
  request: AppRequest,
  { step, for: what, end, watch, alpha }: Waiting,
): Promise<void> {
  const { context, emit, stopping } = world
  const { clock } = context
  const named = { ...where, step: nameOf(step) }
  const until = new Date(end).toISOString()
  emit({ ...named, type: 'waiting', for: what, until, ...(watch ? { watches: true } : {}) })
  const watched = { proofs: 0, probes: 0 }
  let begun = 0
  const over = stopping ? [context.signal, stopping] : [context.signal]
  while (clock.now() < end && !stopping?.aborted) {
    context.signal.throwIfAborted()
    begun += 1
    const bounded = { ...world, context: { ...context, alpha: alpha(begun) } }
    const next = watch ? await verifyOnce(bounded, request, end, watched) : LONGEST_SLEEP_MS
    await clock.sleep(Math.max(1, Math.min(next, end - clock.now())), ...over)
  }
  if (watched.proofs > 0) emit({ ...named, type: 'watched', ...watched })
}

/** Verifies the stage once at a low rate, cut off at the end. Resolves with the milliseconds until the next time. */
async function verifyOnce(
  { context, stopping }: AppContext,
  request: AppRequest,
  end: number,
  watched: { proofs: number; probes: number },
): Promise<number> {
  const { clock } = context
  const atTheEnd = new AbortController()
  const done = new AbortController()
  const left = Math.max(1, Math.min(end - clock.now(), LONGEST_SLEEP_MS))
  void clock.sleep(left, done.signal).then(() => {
    if (!done.signal.aborted) atTheEnd.abort()
  })
  const over = stopping ? AbortSignal.any([atTheEnd.signal, stopping]) : atTheEnd.signal
  const signal = AbortSignal.any([context.signal, over])
  const { rate } = context.probes
  const probes = {
    ...context.probes,
    rate: rate === 0 ? WATCH_RATE : Math.min(rate, WATCH_RATE),
    // At this rate a verification takes long.
    timeoutMs: LONGEST_SLEEP_MS,
  }
  const proof = await withFailurePolicy(context, request, async (held) => {
    // Passing checks would bury the lines of the steps.
    const emit = (event: CanaryEvent) => {
      if (event.type === 'check' && event.check.verdict !== 'pass') held.emit(event)
    }
    try {
      return (await verify({ ...held, probes, signal, emit }, request)).proof
    } catch (error) {
      // Only traffic that contradicts the stage is a failure: a cluster that does not answer for a while is not.
      if (error instanceof CanaryError && !NO_RESULT.includes(error.outcome)) throw error
      if (over.aborted && !context.signal.aborted) return undefined
      if (!(error instanceof CanaryError) || context.signal.aborted) throw error
      context.emit({ type: 'warning', message: `while waiting: ${error.message}` })
      return undefined
    }
  }).finally(() => done.abort())
  if (!proof) return over.aborted ? 0 : WATCH_AGAIN_MS
  watched.proofs += 1
  watched.probes += proof.checks.reduce((sum, { sent }) => sum + sent, 0)
  return WATCH_PAUSE_MS
}
