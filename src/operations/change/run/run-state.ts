import { untilAborted } from '../../../lib/until-aborted.js'
import { canaryAgain, canaryCommand, commented } from '../../../model/command-line.js'
import type { AppLock } from '../../../cluster/ports/locks.js'
import { CanaryError, ExternalError } from '../../../model/errors.js'
import type { Revision } from '../../../model/release.js'
import type { Stage } from '../../../model/stage.js'
import { UnfinishedError } from './apply-step.js'
import type { OperationContext } from '../../context.js'
import type { PlanToRun } from './plan-to-run.js'
import { stateAfterFailure } from '../../observe/state-after-failure.js'

/** A plan's progress: the stage and revision reached, and the error texts for a stop there. */
export class RunState {
  stage: Stage
  revision?: Revision

  constructor(
    private readonly context: OperationContext,
    private readonly toRun: PlanToRun,
    private readonly lock?: AppLock,
  ) {
    this.stage = toRun.plan.from
    this.revision = toRun.revision
  }

  /** Runs a part of a step, at most until the lock is lost; errors get the app's state. */
  async explained<T>(part: () => Promise<T>): Promise<T> {
    try {
      return await untilAborted(this.lock?.lost, part())
    } catch (error) {
      this.stopIfAsked()
      throw this.withFailedState(error)
    }
  }

  /** The error with the app's state, unless it has one. */
  withFailedState(error: unknown): unknown {
    if (!(error instanceof ExternalError) || error.state) return error
    const { state, nextSteps } = this.failedState()
    const { message, command, code, stderr, details, evidence } = error
    const unfinished = error instanceof UnfinishedError
    const Kind = unfinished ? UnfinishedError : ExternalError
    return new Kind(message, {
      outcome: error.outcome === 'usage' ? 'usage' : undefined,
      command,
      code,
      stderr,
      details,
      evidence,
      state,
      nextSteps: [...error.nextSteps, ...(unfinished ? this.waysOut() : nextSteps)],
      cause: error,
    })
  }

  /** Throws if the command was interrupted or another operator took the app; `cause` is what failed because of that. */
  stopIfAsked(cause?: unknown): void {
    const { signal } = this.context
    const { state, nextSteps } = this.failedState()
    if (signal.aborted) {
      const unfinished = cause instanceof UnfinishedError
      throw new CanaryError(signal.reason === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
        state: unfinished ? `${state} ${cause.details.join('; ')}.` : state,
        nextSteps: unfinished
          ? this.waysOut()
          : [commented(this.context.again, 'continues from here'), ...nextSteps],
        cause,
      })
    }
    const lost = this.lock?.lost
    if (!lost?.aborted) return
    const reason: unknown = lost.reason
    if (!(reason instanceof CanaryError)) throw reason
    const { app, namespace } = this.toRun.plan
    throw new CanaryError(reason.outcome, reason.message, {
      state: `${state} Nothing more was done.`,
      details: reason.details,
      nextSteps: [
        canaryCommand(['status', app], { app, namespace }),
        canaryCommand(['history', app], { app, namespace }),
      ],
      evidence: reason.evidence,
      cause: reason,
    })
  }

  /** The app's state and the next commands. */
  failedState(): { state: string; nextSteps: string[] } {
    const { plan } = this.toRun
    const { app, namespace } = plan
    const { state, nextSteps } = stateAfterFailure({
      app,
      namespace,
      stage: this.stage,
      revision: this.revision?.revision,
      versionBefore: this.versionBefore(),
    })
    const revertCommand = this.revertCommand()
    if (revertCommand) nextSteps.push(commented(revertCommand, 'roll back'))
    if (plan.from.name === 'absent' && this.revision)
      nextSteps.push(commented(canaryCommand(['uninstall', app], { app, namespace }), 'removes it again'))
    const aborting = plan.steps.some(({ name }) => name === 'remove-canary')
    return {
      state,
      nextSteps: aborting
        ? [
            ...nextSteps,
            commented(
              canaryCommand(['abort', app, '--unverified', 'REASON'], { app, namespace }),
              'removes it without the proof',
            ),
          ]
        : nextSteps,
    }
  }

  /** The command that reverts the plan, once it has changed something. */
  revertCommand(): string | undefined {
    const { revertCommand, revision } = this.toRun
    return this.revision?.revision === revision?.revision ? undefined : revertCommand
  }

  /** The previous primary: this plan's own if it has just finished a rollout. */
  versionBefore(): string | undefined {
    const { plan, versionBefore } = this.toRun
    const before = 'primary' in plan.from ? plan.from.primary : undefined
    const now = this.stage.name === 'stable' ? this.stage.primary : before
    return before === now ? versionBefore : before
  }

  /** Commands for an unfinished revision. */
  private waysOut(): string[] {
    const { plan, command } = this.toRun
    const { app, namespace } = plan
    const remedy = this.revision ? `back to revision ${this.revision.revision}` : 'removes the remains'
    return [
      commented(canaryAgain(command, { app, namespace }, '--recover'), `${remedy}, then goes on`),
      this.revision
        ? commented(canaryCommand(['abort', app], { app, namespace }), 'back to the stable version')
        : commented(canaryCommand(['uninstall', app], { app, namespace }), 'only removes the remains'),
    ]
  }
}
