import type { AppLock, ChartSource, UpgradeRequest, VersionPods } from '../cluster/cluster.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError, ExternalError } from '../model/errors.js'
import type { Plan, Step } from '../model/plan.js'
import type { Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { describeStep } from '../rollout/description.js'
import { nextCommands, undoCommand } from '../rollout/next-steps.js'
import { assertSafe } from '../rollout/safety.js'
import { applyStep, UnfinishedError } from './apply-step.js'
import type { OperationContext, OperationResult, ProvenStage } from './context.js'
import { Prover, requirePass } from './proof.js'
import { standing, trafficEffect } from './standing.js'
import {
  compareTemplates,
  type GuardedStep,
  requireNewest,
  requireReady,
  requireUnchanged,
} from './step-guards.js'

export interface PlanToRun {
  plan: Plan
  /** The command as typed, for Helm's --description: `start echo v2`. */
  command: string
  /** The revision the plan was made from; undefined for an install. */
  revision?: Revision
  /** The chart to apply; the release's own by default. */
  chart?: ChartSource
  /**
   * Called before the first step of an install, with what that is going to apply: makes a revision that has to be there
   * before it, and resolves with it.
   */
  prepare?: (request: UpgradeRequest, lock?: AppLock) => Promise<Revision>
  /** Called after each upgrade, before its proof (install makes its VirtualService there). */
  afterUpgrade?: (step: Step) => Promise<void>
  /** Go on without a pass: somebody took that upon themselves, and the command says why (`abort --unverified`). */
  unverified?: boolean
  /** Overwrite what others changed by hand in the release's objects. */
  takeOver?: boolean
  /**
   * Prove the stage that was found before the first step, which some plans do anyway: it has just been recovered, or all
   * of it is going to change.
   */
  proveFirst?: boolean
  /** The command that goes back once the plan's first upgrade is made, where the stage itself names none. */
  wayBack?: string
  /** The primary before, where the stage found came from a rollout that was finished. */
  versionBefore?: string
}

/**
 * Runs a plan step by step: revision check, pods the step relies on, upgrade, pods it adds, proof by traffic. Stops at
 * the first thing that is not as it should be, with an error that says where the app stands then. Steps need the `lock`.
 */
export async function runPlan(
  context: OperationContext,
  run: PlanToRun,
  lock?: AppLock,
): Promise<OperationResult> {
  const { plan } = run
  assertSafe(plan)
  const { app, namespace, from } = plan
  context.emit({ type: 'observed', app, namespace, stage: from, revision: run.revision?.revision })
  context.emit({ type: 'planned', plan })
  const prover = new Prover(context)
  const runner = new PlanRunner(context, run, prover, lock)
  try {
    if (!context.dryRun) await runner.run()
    return runner.result()
  } finally {
    await prover.close()
  }
}

class PlanRunner {
  private stage: Stage
  private revision?: Revision
  private readonly proofs: ProvenStage[] = []

  constructor(
    private readonly context: OperationContext,
    private readonly runRequest: PlanToRun,
    private readonly prover: Prover,
    private readonly lock?: AppLock,
  ) {
    this.stage = runRequest.plan.from
    this.revision = runRequest.revision
  }

  result(): OperationResult {
    const { plan } = this.runRequest
    const { app, namespace } = plan
    return {
      app,
      namespace,
      dryRun: this.context.dryRun,
      changed: plan.steps.length > 0,
      stage: this.stage,
      revision: this.revision?.revision,
      plan,
      commands: plan.steps.map((step) => this.commandLine(step)),
      proofs: this.proofs,
      next: nextCommands(app, namespace, this.stage),
      undo: this.wayBack() ?? undoCommand(app, namespace, this.stage, this.versionBefore()),
    }
  }

  async run(): Promise<void> {
    const { plan, proveFirst } = this.runRequest
    const { steps, expectations, from } = plan
    const first = steps[0]
    const goesBack = first?.name === 'route-back'
    await this.findProxy(goesBack)
    // A stage is proven in this run before anything is removed on the strength of it; without steps it is all there is to
    // do. Requests go back to the primary whatever the traffic shows now.
    const nothingThere = from.name === 'absent' && !first
    const owed = !first || first.goneAfter.length > 0 || (proveFirst === true && this.revision !== undefined)
    if (owed && !goesBack && !nothingThere) await this.prove(expectations)
    const { prepare } = this.runRequest
    if (first && prepare) this.revision = await this.explained(() => prepare(this.request(first), this.lock))
    for (const [index, step] of steps.entries()) await this.runStep(step, index, steps.length)
  }

  /** The address is needed for the proof anyway: found missing only after an upgrade, it would leave a stage unproven. */
  private async findProxy(goesBack: boolean): Promise<void> {
    if (this.runRequest.unverified) return
    try {
      await this.prover.origin()
    } catch (error) {
      if (!goesBack || !(error instanceof ExternalError)) throw error
      this.context.emit({ type: 'warning', message: `${error.message} The routes go back all the same.` })
    }
  }

  private async runStep(step: Step, index: number, of: number): Promise<void> {
    const { context, lock } = this
    const { emit, cluster, podTimeoutMs } = context
    const { app, namespace } = this.runRequest.plan
    this.stopIfAsked()
    const started = Date.now()
    emit({ type: 'step-started', step, index, of })

    const guarded = this.guarded(step)
    const stop = [context.signal, ...(lock ? [lock.lost] : [])]
    const [podsBefore] = await this.explained(() =>
      Promise.all([
        this.revision ? cluster.versionPods(app, namespace) : undefined,
        compareTemplates(context, guarded),
        requireReady(context, guarded, stop),
      ]),
    )
    this.stopIfAsked()
    await this.explained(() => requireUnchanged(context, guarded))
    this.stopIfAsked()
    await this.upgrade(step)
    await this.runRequest.afterUpgrade?.(step)

    if (step.readyAfter.length > 0) {
      const waited = Date.now()
      await this.explained(() =>
        cluster.waitForPods(app, namespace, step.readyAfter, podTimeoutMs, (progress) =>
          emit({ type: 'pods', progress }),
        ),
      )
      emit({ type: 'pods-ready', versions: step.readyAfter, elapsedMs: Date.now() - waited })
    }
    if (step.goneAfter.length > 0) {
      const waited = Date.now()
      await this.explained(() => cluster.waitForPodsGone(app, namespace, step.goneAfter, podTimeoutMs))
      emit({ type: 'pods-gone', versions: step.goneAfter, elapsedMs: Date.now() - waited })
    }
    await this.prove(step.expectations, step, podsBefore)
    emit({ type: 'step-done', step, index, of, elapsedMs: Date.now() - started })
  }

  private request(step: Step): UpgradeRequest {
    const { app, namespace } = this.runRequest.plan
    const { takeOver } = this.runRequest
    return {
      app,
      namespace,
      chart: this.chart(),
      values: step.values,
      description: this.description(step),
      takeOver,
    }
  }

  private async upgrade(step: Step): Promise<void> {
    const request = this.request(step)
    const started = Date.now()
    try {
      this.revision = await applyStep(this.context, this.lock, request, this.revision)
    } catch (error) {
      this.stopIfAsked(error)
      throw this.withStanding(error)
    }
    this.stage = step.to
    const elapsedMs = Date.now() - started
    this.context.emit({ type: 'upgraded', step, revision: this.revision.revision, elapsedMs })
  }

  private async prove(
    expectations: Plan['expectations'],
    step?: Step,
    podsBefore?: VersionPods[],
  ): Promise<void> {
    const { revision, stage, context, lock } = this
    if (!revision) throw new Error('there is no revision to prove')
    const { app, namespace } = this.runRequest.plan
    this.stopIfAsked()
    if (this.runRequest.unverified) {
      context.emit({ type: 'warning', message: `not proven, as asked: ${describeStage(stage)}` })
      return
    }
    const proof = await this.explained(() =>
      this.prover.prove({
        app,
        namespace,
        stage,
        expectations,
        revision,
        settling: step !== undefined || this.runRequest.proveFirst === true,
        podsBefore: step && step.readyAfter.length === 0 ? podsBefore : undefined,
        signal: lock ? AbortSignal.any([context.signal, lock.lost]) : context.signal,
      }),
    )
    this.stopIfAsked()
    lock?.record({
      revision: revision.revision,
      verdict: proof.verdict,
      at: new Date().toISOString(),
      who: context.operator,
    })
    if (proof.verdict !== 'pass') await this.requireOurs(revision)
    const { state, nextSteps } = this.standing()
    requirePass(proof, stage, { state: `${state} ${trafficEffect(proof)}`, nextSteps })
    this.proofs.push({ step: step?.name, stage, proof })
  }

  /** What contradicts a stage may be another stage, which somebody has brought about meanwhile: no verdict then. */
  private async requireOurs(revision: Revision): Promise<void> {
    const { app, namespace } = this.runRequest.plan
    const state = 'What they made is what is there now.'
    try {
      await requireNewest(this.context, { app, namespace, revision, wanted: revision.config, state })
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error // the release can't be read: the verdict stands
    }
  }

  /**
   * Runs a part of a step, at most until the app is no longer ours; what goes wrong is told with the state the app is in
   * then.
   */
  private async explained<T>(part: () => Promise<T>): Promise<T> {
    try {
      return await unless(this.lock?.lost, part())
    } catch (error) {
      this.stopIfAsked()
      throw this.withStanding(error)
    }
  }

  private withStanding(error: unknown): unknown {
    if (!(error instanceof ExternalError) || error.state) return error
    const { state, nextSteps } = this.standing()
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

  /** How to go on from an unfinished revision. */
  private waysOut(): string[] {
    const { plan, command } = this.runRequest
    const { app, namespace } = plan
    const at = namespace === app ? '' : ` -n ${namespace}`
    return [
      `canary ${command}${at} --recover    (${this.revision ? `back to revision ${this.revision.revision}` : 'removes the remains'}, then goes on)`,
      ...(this.revision ? [`canary abort ${app}${at}    (all the way back)`] : []),
    ]
  }

  /** Throws where somebody interrupted, or another operator took the app; `cause` is what failed because of that. */
  private stopIfAsked(cause?: unknown): void {
    const { signal } = this.context
    const { state, nextSteps } = this.standing()
    if (signal.aborted) {
      const unfinished = cause instanceof UnfinishedError
      throw new CanaryError(signal.reason === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
        state: unfinished ? `${state} ${cause.details.join('; ')}.` : state,
        nextSteps: unfinished
          ? this.waysOut()
          : ['the same command again    (goes on from here)', ...nextSteps],
        cause,
      })
    }
    const lost = this.lock?.lost
    if (!lost?.aborted) return
    const reason: unknown = lost.reason
    if (!(reason instanceof CanaryError)) throw reason
    const { app, namespace } = this.runRequest.plan
    throw new CanaryError(reason.outcome, reason.message, {
      state: `${state} Nothing more was done.`,
      details: reason.details,
      nextSteps: [`canary status ${app} -n ${namespace}`, `canary history ${app} -n ${namespace}`],
      evidence: reason.evidence,
      cause: reason,
    })
  }

  private standing(): { state: string; nextSteps: string[] } {
    const { plan } = this.runRequest
    const { app, namespace } = plan
    const { state, nextSteps } = standing({
      app,
      namespace,
      stage: this.stage,
      revision: this.revision?.revision,
      versionBefore: this.versionBefore(),
    })
    const wayBack = this.wayBack()
    if (wayBack) nextSteps.push(`${wayBack}    (go back)`)
    const aborting = plan.steps.some(({ name }) => name === 'remove-canary')
    const at = namespace === app ? '' : ` -n ${namespace}`
    return {
      state,
      nextSteps: aborting
        ? [...nextSteps, `canary abort ${app}${at} --unverified REASON    (removes it without the proof)`]
        : nextSteps,
    }
  }

  private wayBack(): string | undefined {
    const { wayBack, revision } = this.runRequest
    return this.revision?.revision === revision?.revision ? undefined : wayBack
  }

  /** The primary before the one that is stable now: this plan's own, where it has just finished a rollout. */
  private versionBefore(): string | undefined {
    const { plan, versionBefore } = this.runRequest
    const before = 'primary' in plan.from ? plan.from.primary : undefined
    const now = this.stage.name === 'stable' ? this.stage.primary : before
    return before === now ? versionBefore : before
  }

  private guarded(step: Step): GuardedStep {
    const { app, namespace } = this.runRequest.plan
    const { stage, revision } = this
    return { app, namespace, step, stage, revision, chart: this.chart() }
  }

  private chart(): ChartSource {
    const { chart } = this.runRequest
    if (chart) return chart
    if (!this.revision) throw new Error('an install needs a chart')
    return { record: this.revision.chart }
  }

  private description(step: Step): string {
    return describeStep(this.runRequest.command, step, this.context.operator)
  }

  private commandLine(step: Step): string {
    const { app, namespace } = this.runRequest.plan
    const verb = step.name === 'install' ? 'install --create-namespace' : 'upgrade'
    const chart = this.runRequest.chart
    const chartName = chart && 'path' in chart ? chart.path : `<chart of ${app}'s own record>`
    return `helm ${verb} ${app} ${chartName} --namespace ${namespace} --values - --description '${this.description(step)}'`
  }
}

/** What comes first: the part's end, or the signal. The part then goes on by itself, its end unheard. */
async function unless<T>(lost: AbortSignal | undefined, part: Promise<T>): Promise<T> {
  if (!lost) return part
  part.catch(() => undefined)
  let stop: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(lost.reason as Error)
    if (lost.aborted) stop()
    else lost.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([part, aborted])
  } finally {
    lost.removeEventListener('abort', stop)
  }
}
