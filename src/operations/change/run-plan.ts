import { stepCommand } from './step-command.js'
import type { VerifiedStage, OperationResult } from '../../model/results/change.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import type { AppWorkloads } from '../../cluster/ports/workloads.js'
import type { ChartSource, UpgradeRequest } from '../../cluster/ports/releases.js'
import { describeStage } from '../../model/describe-stage.js'
import { ExternalError } from '../../model/errors.js'
import type { Analysis } from '../../model/results/analysis.js'
import type { Plan, Step } from '../../model/plan.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { JsonObject } from '../../model/values.js'
import { describeStep } from '../../rollout/history/description.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import { nextCommands, undoCommand } from '../../rollout/stage/next-steps.js'
import { assertSafe } from '../../rollout/plan/safety/safety.js'
import { providerOfPlan } from '../observe/provider.js'
import { applyStep } from './apply-step.js'
import { analyzeStage, requireSound } from '../verification/analyze-stage.js'
import { requireReferences } from './require-references.js'
import { requireNoOverlaps } from '../overlaps/require-no-overlaps.js'
import type { OperationContext } from '../context.js'
import { leavePodsAlone } from './keep-pods.js'
import { keepProof } from '../verification/keep-proof.js'
import { StageVerifier } from '../verification/verify-stage.js'
import { requirePass } from '../verification/require-pass.js'
import { requireRecordsFit } from './record-size.js'
import { causesOf } from '../verification/diagnosis.js'
import { rehearsed, requireNothingThere } from './rehearsal.js'
import { requireSame } from './revision-watch.js'
import { RunState } from './run-state.js'
import { trafficEffect } from '../observe/state-after-failure.js'
import {
  compareObjects,
  type GuardedStep,
  requireCount,
  requireOwnResult,
  requireReady,
  requireUnchanged,
} from './step-guards.js'

export interface PlanToRun {
  plan: Plan
  /** The command as typed, for Helm's --description: `start echo v2`. */
  command: string
  /** The revision that the plan starts from; undefined for an install. */
  revision?: Revision
  /** The chart to apply; by default the release's own. */
  chart?: ChartSource
  /**
   * Called with the request before the first step of an install: creates a revision that must precede it, and resolves
   * with it.
   */
  prepare?: (request: UpgradeRequest, lock?: AppLock) => Promise<Revision>
  /** The attachment to a gateway that an install creates after its upgrade. */
  creates?: JsonObject
  /** Called after each upgrade, before its verification (install creates the attachment here). */
  afterUpgrade?: (step: Step) => Promise<void>
  /** Continue without a pass; the command records why (`abort --unverified`). */
  unverified?: boolean
  /** Overwrite drift. */
  takeOver?: boolean
  /**
   * Verify the current stage before the first step (some plans always do): it was just recovered, or all of it is about
   * to change.
   */
  verifyFirst?: boolean
  /** Analyze the canary that long before the first step, and continue only on a pass. */
  analyzeMs?: number
  /** The command that reverts the plan after its first upgrade, if the stage has none. */
  revertCommand?: string
  /** The previous primary, if the current stage came from a finished rollout. */
  versionBefore?: string
}

/**
 * Runs a plan step by step: revision check, pods the step relies on, upgrade, pods it adds, verification. Stops at the
 * first failure with an error that names the app's state. Steps need the `lock`.
 */
export async function runPlan(
  context: OperationContext,
  run: PlanToRun,
  lock?: AppLock,
): Promise<OperationResult> {
  assertSafe(run.plan)
  const { app, namespace, from } = run.plan
  const planned = run.plan.steps.flatMap(({ expectations }) => expectations)
  const stageVerifier = new StageVerifier(
    context,
    [...run.plan.expectations, ...planned],
    providerOfPlan(context, run),
  )
  try {
    context.emit({ type: 'observed', app, namespace, stage: from, revision: run.revision?.revision })
    const proven = provable(run, stageVerifier)
    if (proven.steps[0]?.name !== 'route-back')
      await requireReferences(context, proven, (run.chart ? undefined : run.revision?.chart.values) ?? {})
    await requireNothingThere(context, { ...run, plan: proven })
    await requireNoOverlaps(context, { ...run, plan: proven })
    await requireRecordsFit(context, { ...run, plan: proven })
    const plan = context.dryRun ? await rehearsed(context, { ...run, plan: proven }) : proven
    context.emit({ type: 'planned', plan })
    const runner = new PlanRunner(context, { ...run, plan }, stageVerifier, lock)
    if (!context.dryRun) await runner.run()
    return runner.result()
  } finally {
    await stageVerifier.close()
  }
}

/**
 * The plan with the paths to probe. Throws UsageError before anything is changed for settings that no traffic could
 * meet, except when routing back to the primary: nothing prevents that.
 */
function provable(run: PlanToRun, stageVerifier: StageVerifier): Plan {
  const { plan, revision } = run
  const { app } = plan
  if (run.unverified || plan.steps[0]?.name === 'route-back') return plan
  const steps = plan.steps.map((step) => ({
    ...step,
    expectations: stageVerifier.check(app, valuesOf(run, step.values), step.expectations, {
      versions: true,
    }),
  }))
  if (!revision) return { ...plan, steps }
  const expectations = stageVerifier.check(app, valuesOf(run, revision.config), plan.expectations, {
    metrics: run.analyzeMs !== undefined,
  })
  return { ...plan, steps, expectations }
}

/** A step's effective values; the defaults of a chart that is not read yet are unknown. */
function valuesOf({ chart, revision }: PlanToRun, values: JsonObject): JsonObject {
  return effectiveValues(chart || !revision ? {} : revision.chart.values, values)
}

class PlanRunner {
  private readonly state: RunState
  private readonly proofs: VerifiedStage[] = []
  private analysis?: Analysis

  constructor(
    private readonly context: OperationContext,
    private readonly runRequest: PlanToRun,
    private readonly stageVerifier: StageVerifier,
    private readonly lock?: AppLock,
  ) {
    this.state = new RunState(context, runRequest, lock)
  }

  result(): OperationResult {
    const { plan } = this.runRequest
    const { app, namespace } = plan
    return {
      app,
      namespace,
      dryRun: this.context.dryRun,
      changed: plan.steps.length > 0,
      stage: this.state.stage,
      revision: this.state.revision?.revision,
      plan,
      commands: plan.steps.map((step) => this.commandLine(step)),
      proofs: this.proofs,
      ...(this.analysis ? { analysis: this.analysis } : {}),
      next: nextCommands(app, namespace, this.state.stage),
      undo:
        this.state.revertCommand() ??
        undoCommand(app, namespace, this.state.stage, this.state.versionBefore()),
    }
  }

  async run(): Promise<void> {
    const { plan, verifyFirst } = this.runRequest
    const { steps, expectations, from } = plan
    const first = steps[0]
    const goesBack = first?.name === 'route-back'
    await this.findProxy(goesBack)
    // A removal needs its stage verified in this run; without steps the verification is all there is to do. Routing
    // back to the primary does not wait for a verdict.
    const nothingThere = from.name === 'absent' && !first
    const owed =
      !first || first.goneAfter.length > 0 || (verifyFirst === true && this.state.revision !== undefined)
    if (owed && !goesBack && !nothingThere) await this.prove(expectations)
    if (first) await this.analyze()
    const { prepare } = this.runRequest
    if (first && prepare)
      this.state.revision = await this.state.explained(() => prepare(this.request(first), this.lock))
    for (const [index, step] of steps.entries()) await this.runStep(step, index, steps.length)
  }

  /** Discovers the proxy before the first upgrade: a failure after it would leave the stage unverified. */
  private async findProxy(goesBack: boolean): Promise<void> {
    if (this.runRequest.unverified) return
    try {
      await this.stageVerifier.origin()
    } catch (error) {
      if (!goesBack || !(error instanceof ExternalError)) throw error
      this.context.emit({ type: 'warning', message: `${error.message} Routing back continues anyway.` })
    }
  }

  private async runStep(step: Step, index: number, of: number): Promise<void> {
    const { context, lock } = this
    const { emit, clock, cluster, podTimeoutMs } = context
    const { app, namespace } = this.runRequest.plan
    this.state.stopIfAsked()
    const started = clock.now()
    emit({ type: 'step-started', step, index, of })

    const guarded = this.guarded(step)
    const stop = [context.signal, ...(lock ? [lock.lost] : [])]
    const [workloadsBefore, manifest] = await this.state.explained(() =>
      Promise.all([
        this.state.revision ? cluster.workloads(app, namespace) : undefined,
        compareObjects(context, guarded),
        requireReady(context, guarded, stop),
      ]),
    )
    this.state.stopIfAsked()
    await this.state.explained(() => requireUnchanged(context, guarded))
    this.state.stopIfAsked()
    const stageBefore = this.state.stage
    requireOwnResult(guarded, manifest, await this.upgrade(step, manifest))
    await this.runRequest.afterUpgrade?.(step)

    if (step.readyAfter.length > 0) {
      const waited = clock.now()
      await this.state.explained(() =>
        cluster.waitForPods(app, namespace, step.readyAfter, podTimeoutMs, (progress) =>
          emit({ type: 'pods', progress }),
        ),
      )
      await this.state.explained(() => requireCount(context, guarded, stop))
      this.state.stopIfAsked()
      emit({ type: 'pods-ready', versions: step.readyAfter, elapsedMs: clock.now() - waited })
    }
    if (step.goneAfter.length > 0) {
      const waited = clock.now()
      await this.state.explained(() => cluster.waitForPodsGone(app, namespace, step.goneAfter, podTimeoutMs))
      emit({ type: 'pods-gone', versions: step.goneAfter, elapsedMs: clock.now() - waited })
    }
    await this.prove(step.expectations, { step, stageBefore, workloadsBefore })
    emit({ type: 'step-done', step, index, of, elapsedMs: clock.now() - started })
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

  private async upgrade(step: Step, manifest: string): Promise<Revision> {
    const request = this.request(step)
    const started = this.context.clock.now()
    try {
      if (this.state.revision) {
        await this.lock?.confirm()
        await leavePodsAlone(this.context, this.state.revision, manifest)
      }
      this.state.revision = await applyStep(this.context, this.lock, request, this.state.revision)
    } catch (error) {
      this.state.stopIfAsked(error)
      throw this.state.withFailedState(error)
    }
    this.state.stage = step.to
    const elapsedMs = this.context.clock.now() - started
    this.context.emit({ type: 'upgraded', step, revision: this.state.revision.revision, elapsedMs })
    return this.state.revision
  }

  /** Throws if the canary fails its analysis: its share must not rise. */
  private async analyze(): Promise<void> {
    const { plan, analyzeMs } = this.runRequest
    const { revision, stage } = this.state
    if (analyzeMs === undefined || !revision) return
    const { app, namespace } = plan
    const signal = this.lock ? AbortSignal.any([this.context.signal, this.lock.lost]) : this.context.signal
    const analysis = await this.state.explained(() =>
      analyzeStage(this.context, this.stageVerifier, {
        app,
        namespace,
        stage,
        revision,
        durationMs: analyzeMs,
        signal,
      }),
    )
    this.state.stopIfAsked()
    requireSound(analysis, stage, this.state.failedState())
    this.analysis = analysis
  }

  private async prove(
    expectations: Plan['expectations'],
    made: { step?: Step; stageBefore?: Stage; workloadsBefore?: AppWorkloads } = {},
  ): Promise<void> {
    const { step, stageBefore, workloadsBefore } = made
    const { state: run, context, lock } = this
    const { revision, stage } = run
    if (!revision) throw new Error('there is no revision to verify')
    const { app, namespace } = this.runRequest.plan
    this.state.stopIfAsked()
    if (this.runRequest.unverified) {
      context.emit({ type: 'warning', message: `not verified, as requested: ${describeStage(stage)}` })
      return
    }
    const proof = await this.state.explained(() =>
      this.stageVerifier.verify({
        app,
        namespace,
        stage,
        expectations,
        revision,
        stageBefore,
        settling: step !== undefined || this.runRequest.verifyFirst === true,
        workloadsBefore: step && step.readyAfter.length === 0 ? workloadsBefore : undefined,
        routesAreProof: this.runRequest.plan.steps.some(({ name }) => name === 'remove-canary'),
        signal: lock ? AbortSignal.any([context.signal, lock.lost]) : context.signal,
      }),
    )
    this.state.stopIfAsked()
    if (lock) {
      const at = new Date().toISOString()
      lock.record({ revision: revision.revision, verdict: proof.verdict, at, who: context.operator })
    } else {
      // A command whose target was already reached took no lock; its proof is kept all the same.
      await keepProof(context, revision, proof)
    }
    if (proof.verdict !== 'pass')
      await requireSame(context, { app, namespace, revision, newest: revision.revision })
    const causes = await causesOf(context, { app, namespace, revision, proof })
    this.state.stopIfAsked()
    const { state, nextSteps } = this.state.failedState()
    requirePass(proof, stage, { state: `${state} ${trafficEffect(proof)}`, nextSteps }, causes)
    this.proofs.push({ step: step?.name, stage, proof })
  }

  private guarded(step: Step): GuardedStep {
    const { app, namespace } = this.runRequest.plan
    const { stage, revision } = this.state
    return { app, namespace, step, stage, revision, chart: this.chart() }
  }

  private chart(): ChartSource {
    const { chart } = this.runRequest
    if (chart) return chart
    if (!this.state.revision) throw new Error('an install needs a chart')
    return { record: this.state.revision.chart }
  }

  private description(step: Step): string {
    return describeStep(this.runRequest.command, step, {
      who: this.context.operator,
      run: this.context.run,
    })
  }

  private commandLine(step: Step): string {
    const { app, namespace } = this.runRequest.plan
    const { chart } = this.runRequest
    return stepCommand({
      verb: step.name === 'install' ? 'install' : 'upgrade',
      app,
      namespace,
      chart: chart && 'path' in chart ? chart.path : undefined,
      description: this.description(step),
    })
  }
}
