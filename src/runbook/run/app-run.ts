import { canaryCommand, commented } from '../../model/command-line.js'
import type { AppEnd } from '../../model/results/run.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import type { RunApp } from '../../model/events/run-events.js'
import type { Stage } from '../../model/stage.js'
import type { AppRequest } from '../../operations/context.js'
import { withFailurePolicy } from '../../operations/change/failure-policy.js'
import { observe, type Observation, unfinishedRevision } from '../../operations/observe/observe.js'
import { lookPastOthers, waitForOthers } from '../../operations/change/take-lock.js'
import { analyze, verify } from '../../operations/verify.js'
import { finishedRollout } from '../../rollout/history/history.js'
import { undoCommand } from '../../rollout/stage/next-steps.js'
import { falseAlarmBudget, type FalseAlarmBudget } from '../steps/false-alarm-budget.js'
import { type AppContext, lockCommand } from './app-context.js'
import { countUntil, notedStep, stepsOf } from '../steps/app-steps.js'
import { waitForApproval } from './approval.js'
import { contextOf, runStepOperation } from './step-operation.js'
import type { AppOutcome } from './run-result.js'
import { isMoving, positionOf } from '../steps/position.js'
import { runCommand } from './command-step.js'
import type { Runbook, RunbookCluster, RunbookStep } from '../runbook.js'
import { nameOf } from '../steps/step-text.js'
import { noteStart } from './wait-note.js'
import { waitForPause, waitForWindow } from './waiting.js'

/**
 * Takes one app through the steps of a runbook, from where the cluster says it is; verifies that stage first. Throws what the
 * operations throw; CanaryError `waiting` (exit 8) if it needs a person or a window.
 */
export class AppRun {
  private readonly where: RunApp
  private readonly request: AppRequest
  private readonly steps: RunbookStep[]
  private readonly world: AppContext
  private readonly alpha: FalseAlarmBudget
  private readonly counts = { done: 0, met: 0 }
  /** Index after the last step known to be done: an app found before that was rolled back by somebody else. */
  private reached = 0
  /** Whether the next change recovers a revision that a killed run left behind. */
  private recovers = false
  /** Index of the step that is under way. */
  private current?: number
  /** Where the app is, as far as is known. */
  private at?: { stage: Stage; revision?: number }
  /** Where its release is. */
  private namespace?: string

  constructor(
    private readonly runbook: Runbook,
    cluster: RunbookCluster,
    app: string,
    world: AppContext,
  ) {
    this.where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
    this.request = { app, namespace: world.namespace }
    this.steps = stepsOf(runbook, app, cluster)
    this.alpha = falseAlarmBudget(runbook, this.steps)
    this.world = { ...world, context: { ...world.context, alpha: this.alpha.proof } }
  }

  async run(): Promise<AppEnd> {
    const { world, where, steps } = this
    const { found, next, isUnfinished } = await this.takeUp()
    const of = steps.length
    world.emit({
      ...where,
      type: 'app-started',
      stage: found.stage,
      met: steps.slice(0, next).map(nameOf),
      of,
    })
    this.counts.met = next
    this.reached = next
    await this.warnOfUnapproved(found, next)
    const end = countUntil(this.runbook, steps, world.until)
    if (isUnderWay(found, next) && found.deployed && !isUnfinished) await this.verify()
    for (let index = next; index < end; index += 1) {
      if (world.stopping?.aborted) throw stopped(where.app, steps[index]!.id)
      world.context.signal.throwIfAborted()
      await this.step(index)
    }
    const { stage, namespace, deployed, history } = await this.look()
    const before = finishedRollout(history?.revisions ?? [])?.from
    const undo = namespace === undefined ? undefined : undoCommand(where.app, namespace, stage, before)
    const revision = deployed?.revision
    return {
      isWhole: Math.max(end, next) >= of,
      steps: { ...this.counts, of },
      stage,
      revision,
      ...(undo ? { undo } : {}),
    }
  }

  /** Where the app is in the steps, once no other operator is changing it. */
  private async takeUp(): Promise<{ found: Observation; next: number; isUnfinished: boolean }> {
    const { context, run } = this.world
    const look = async () => {
      const found = await this.look()
      const next = this.positionIn(found)
      return { found, next, isUnfinished: await this.comesBack(found, next) }
    }
    const taken = await lookPastOthers(context, () => this.held, lockCommand(run), look)
    // The stage is verified first: not one that somebody is just about to change.
    const waited =
      isUnderWay(taken.found, taken.next) && (await waitForOthers(context, this.held, lockCommand(run)))
    return waited ? look() : taken
  }

  /** The app, and the namespace of its release as far as known. */
  private get held(): Required<AppRequest> {
    return { app: this.where.app, namespace: this.namespace ?? this.request.namespace ?? this.where.app }
  }

  /** Where the app was when last observed, a sentence; undefined if it never was. */
  get standing(): string | undefined {
    if (!this.at) return undefined
    const { stage, revision } = this.at
    return `${this.where.app} when last observed: revision ${revision ?? 'none'}, ${describeStage(stage)}.`
  }

  /** What is known of an app that did not reach its end; observed once more, unless the run was interrupted. */
  async whereabouts(): Promise<Pick<AppOutcome, 'step' | 'steps' | 'stage' | 'revision'>> {
    if (!this.world.context.signal.aborted) await this.look().catch(() => undefined)
    const { counts, current, steps, at } = this
    const step = current === undefined ? {} : { step: { ...nameOf(steps[current]!), number: current + 1 } }
    return { ...step, ...(at ? { ...at, steps: { ...counts, of: steps.length } } : {}) }
  }

  private async look(): Promise<Observation> {
    const found = await observe(this.world.context, this.request)
    this.at = { stage: found.stage, revision: found.deployed?.revision }
    this.namespace = found.namespace
    return found
  }

  /** Throws ConflictError if the app is in no state that the steps lead through. */
  private positionIn(found: Observation): number {
    const { app, namespace } = found
    const position = positionOf(this.steps, found.stage, notedStep(found, this.world.run.id))
    if ('next' in position && position.next >= this.reached) return position.next
    const why =
      'next' in position ? `it was rolled back meanwhile (${describeStage(found.stage)})` : position.conflict
    throw new ConflictError(`Cannot continue ${this.world.run.name} for ${app}: ${why}.`, {
      state: this.counts.done === 0 ? 'Nothing was changed.' : `${app} was left as found.`,
      nextSteps: [
        canaryCommand(['status', app], { app, namespace }),
        commented(canaryCommand(['abort', app], { app, namespace }), 'rolls back the rollout under way'),
      ],
    })
  }

  /**
   * Whether a revision is pending or failed, so that the next change has to recover it first; without asking, if a killed run
   * of this runbook left it. Throws ConflictError if no change follows.
   */
  private async comesBack(found: Observation, next: number): Promise<boolean> {
    const { app, namespace, history } = found
    const unfinished = unfinishedRevision(history ?? {})
    if (!unfinished) return false
    if (!this.steps.slice(next).some(isMoving)) {
      throw new ConflictError(
        `No remaining step changes ${app}, but its revision ${unfinished.revision} is ${unfinished.status}.`,
        {
          state: `Last deployed revision: ${found.deployed?.revision ?? 'none'} (${describeStage(found.stage)}).`,
          nextSteps: [
            canaryCommand(['history', app], { app, namespace }),
            canaryCommand(['doctor', app], { app, namespace }),
          ],
        },
      )
    }
    const holder = namespace ? await this.world.context.cluster.lockHolder(app, namespace) : undefined
    if (holder?.runId === this.world.run.id) this.recovers = true
    return true
  }

  /** Warns of approvals that the app passed without this run. */
  private async warnOfUnapproved({ namespace }: Observation, next: number): Promise<void> {
    const { world, where } = this
    const passed = this.steps.slice(0, next).filter(({ type }) => type === 'approve')
    if (passed.length === 0 || namespace === undefined) return
    const given = await world.context.cluster.approvals(where.app, namespace)
    for (const { id } of passed) {
      if (given.some(({ run, step }) => run === world.run.id && step === id)) continue
      const message = `${where.app} is past step ${id}, which nobody approved for this run.`
      world.emit({ ...where, type: 'operation', event: { type: 'warning', message } })
    }
  }

  /** Records who starts the rollout, if a step must be approved by somebody else. */
  private async noteStart(): Promise<void> {
    const { where, world, namespace, at } = this
    const isWanted = this.steps.some((step) => step.type === 'approve' && step.by === 'other')
    // A rollout under way was started by somebody before.
    if (isWanted && namespace !== undefined && at?.stage.name === 'stable') {
      await noteStart(world, { app: where.app, namespace })
    }
  }

  private met(index: number): void {
    this.counts.met += 1
    const step = nameOf(this.steps[index]!)
    this.world.emit({ ...this.where, type: 'step-met', step, index, of: this.steps.length })
  }

  /** Verifies the current stage; a failure is handled as the runbook says. */
  private async verify(context = this.world.context): Promise<void> {
    await withFailurePolicy(context, this.request, (held) => verify(held, { ...this.request, keep: true }))
  }

  private async step(index: number): Promise<void> {
    const { world, where } = this
    const step = this.steps[index]!
    this.current = index
    world.emit({ ...where, type: 'run-step', step: nameOf(step), index, of: this.steps.length })
    const { window } = step.when
    if (window) await waitForWindow(world, where, step, window, this.request, this.alpha.watch)
    // Somebody else may have changed the app while this run was busy.
    const isFresh = this.counts.done === 0 && !window
    if (isMoving(step) && !isFresh && (await this.lookAgain()) > index) return this.met(index)
    await this.do(step)
    this.counts.done += 1
    this.reached = isMoving(step) ? index + 1 : this.reached
    world.emit({ ...where, type: 'run-step-done', step: nameOf(step), index, of: this.steps.length })
  }

  private lookAgain(): Promise<number> {
    const { context, run } = this.world
    return lookPastOthers(
      context,
      () => this.held,
      lockCommand(run),
      async () => {
        const found = await this.look()
        return unfinishedRevision(found.history ?? {}) ? 0 : this.positionIn(found)
      },
    )
  }

  private async do(step: RunbookStep): Promise<void> {
    const { world, where, request, runbook } = this
    const context = contextOf(step, world, this.recovers)
    if (step.type === 'start') await this.noteStart()
    if (isMoving(step)) {
      this.at = await withFailurePolicy(context, request, (held) =>
        runStepOperation(held, request, step, world),
      )
      this.recovers = false
      return
    }
    switch (step.type) {
      case 'verify':
        await this.verify(context)
        if (step.analyze) {
          const durationMs = step.analyze.durationMs ?? world.analysisMs
          await withFailurePolicy(context, request, (held) => analyze(held, { ...request, durationMs }), {
            begun: true,
          })
        }
        return
      case 'pause':
        return waitForPause({ ...world, context }, where, step, request, this.alpha.watch)
      case 'approve':
        return withFailurePolicy(context, request, () => waitForApproval(world, where, step, request), {
          begun: true,
        })
      case 'run':
        return withFailurePolicy(
          context,
          request,
          () => runCommand(step, where, request, world, runbook.vars),
          { begun: true },
        )
    }
  }
}

function isUnderWay({ stage }: Observation, next: number): boolean {
  return next > 0 || stage.name !== 'stable'
}

function stopped(app: string, step: string): CanaryError {
  return new CanaryError('waiting', `${app} stopped before step ${step}: another app of its wave failed.`, {
    state: `${app} stays in its current stage, which is verified.`,
    nextSteps: ['repeat the run once the other app is fixed: this one continues where it is'],
  })
}
