import type { OperationResult } from '../../model/results/change.js'
import { canaryCommand } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError } from '../../model/errors.js'
import type { CanaryEvent } from '../../model/events/events.js'
import { undoCommand } from '../../rollout/stage/next-steps.js'
import { abort } from '../abort.js'
import type { AppRequest, OperationContext } from '../context.js'

/** A change, and what follows its failure. */
interface Followed {
  /** The context to run it in. */
  context: OperationContext
  /**
   * Aborts the rollout if a step failed and the policy, or a person asked, says so. Resolves with the error to report:
   * CanaryError `rolledBack` (exit 7) once the abort is verified, `stuck` (exit 9) if it failed too; without an abort, the
   * failure itself.
   */
  failed: (error: unknown) => Promise<unknown>
}

/**
 * Follows a change for `--on-failure`. Failures before any step (unless it had `begun`, as a gate before one), and stops
 * by another operator or a signal, cause no abort.
 */
export function followFailure(
  context: OperationContext,
  { app, namespace }: AppRequest,
  { begun = false } = {},
): Followed {
  let found: string | undefined
  let hasBegun = begun
  const emit = (event: CanaryEvent) => {
    if (event.type === 'observed') found = event.namespace
    hasBegun ||= event.type === 'step-started' || event.type === 'check'
    context.emit(event)
  }
  const failed = async (error: unknown) => {
    const place = { app, namespace: namespace ?? found ?? app }
    if (!hasBegun || !isFailure(error) || !(await goesBack(context, place, error))) return error
    return goBack(context, place, error)
  }
  return { context: { ...context, emit }, failed }
}

/** Runs a change, and after a failure what the policy says. Throws the error to report. */
export async function withFailurePolicy<T>(
  context: OperationContext,
  request: AppRequest,
  run: (context: OperationContext) => Promise<T>,
  options?: { begun?: boolean },
): Promise<T> {
  const followed = followFailure(context, request, options)
  try {
    return await run(followed.context)
  } catch (error) {
    throw await followed.failed(error)
  }
}

function isFailure(error: unknown): error is CanaryError {
  return error instanceof CanaryError && ['failed', 'inconclusive', 'external'].includes(error.outcome)
}

async function goesBack(
  { onFailure, decide }: OperationContext,
  place: Required<AppRequest>,
  { message, state = '' }: CanaryError,
): Promise<boolean> {
  if (onFailure !== 'ask') return onFailure === 'abort'
  return (await decide?.(`${message} ${state} Roll back now (${abortCommand(place)})?`)) ?? false
}

/** Aborts; resolves with the error to report. */
async function goBack(
  context: OperationContext,
  request: Required<AppRequest>,
  failure: CanaryError,
): Promise<unknown> {
  const { app, namespace } = request
  context.emit({ type: 'warning', message: failure.message })
  context.emit({ type: 'note', message: `rolling back: ${abortCommand(request)}` })
  let result: OperationResult
  try {
    result = await abort(context, request)
  } catch (error) {
    if (!(error instanceof CanaryError)) return error
    // Nothing to abort (a finished rollout), or another operator has the app: report the failure itself.
    if (error.outcome === 'conflict' || error.outcome === 'busy') {
      return withNextSteps(failure, error.nextSteps)
    }
    if (error.outcome === 'interrupted' || error.outcome === 'terminated') return error
    return new CanaryError('stuck', `${failure.message} The rollback failed too: ${error.message}`, {
      state: error.state,
      details: [...failure.details, ...error.details],
      nextSteps: error.nextSteps,
      evidence: { failure: failure.evidence ?? null, goingBack: error.evidence ?? null },
      cause: error,
    })
  }
  const undo = undoCommand(app, namespace, result.stage)
  return new CanaryError('rolledBack', `${failure.message} Rolled back and verified.`, {
    state: `${app}: revision ${result.revision ?? 'none'}, ${describeStage(result.stage)}.`,
    details: failure.details,
    nextSteps: [...result.next, ...(undo ? [undo] : [])],
    evidence: failure.evidence,
    cause: failure,
  })
}

function abortCommand(place: Required<AppRequest>): string {
  return canaryCommand(['abort', place.app], place)
}

function withNextSteps(failure: CanaryError, nextSteps: string[]): CanaryError {
  return new CanaryError(failure.outcome, failure.message, {
    state: failure.state,
    details: failure.details,
    nextSteps: [...new Set([...nextSteps, ...failure.nextSteps])],
    evidence: failure.evidence,
    cause: failure,
  })
}
