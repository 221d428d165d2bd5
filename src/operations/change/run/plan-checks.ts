import type { AppLock } from '../../../cluster/ports/locks.js'
import type { AppWorkloads } from '../../../cluster/ports/workloads.js'
import { describeStage } from '../../../model/describe-stage.js'
import { ExternalError } from '../../../model/errors.js'
import type { Plan, Step } from '../../../model/plan.js'
import type { Analysis } from '../../../model/results/analysis.js'
import type { VerifiedStage } from '../../../model/results/change.js'
import type { Stage } from '../../../model/stage.js'
import type { OperationContext } from '../../context.js'
import { trafficEffect } from '../../observe/state-after-failure.js'
import { analyzeStage, requireSound } from '../../verification/analyze-stage.js'
import { causesOf } from '../../verification/diagnosis.js'
import { keepProof } from '../../verification/keep-proof.js'
import { requirePass } from '../../verification/require-pass.js'
import type { StageVerifier } from '../../verification/verify-stage.js'
import type { PlanToRun } from './plan-to-run.js'
import { requireSame } from './revision-watch.js'
import type { RunState } from './run-state.js'

/** The checks of a plan by traffic: the stage it starts from, the analysis of the canary, the stage of each step. */
export class PlanChecks {
  readonly proofs: VerifiedStage[] = []
  analysis?: Analysis
  /** Aborted by an interrupt or when the lock is lost. */
  private readonly signal: AbortSignal

  constructor(
    private readonly context: OperationContext,
    private readonly toRun: PlanToRun,
    private readonly state: RunState,
    private readonly stageVerifier: StageVerifier,
    private readonly lock?: AppLock,
  ) {
    this.signal = lock ? AbortSignal.any([context.signal, lock.lost]) : context.signal
  }

  /** Discovers the proxy before the first upgrade: a failure after it would leave the stage unverified. */
  async findProxy(goesBack: boolean): Promise<void> {
    if (this.toRun.unverified) return
    try {
      await this.stageVerifier.origin()
    } catch (error) {
      if (!goesBack || !(error instanceof ExternalError)) throw error
      this.context.emit({ type: 'warning', message: `${error.message} Routing back continues anyway.` })
    }
  }

  /** Throws if the canary fails its analysis: its share must not rise. */
  async analyze(): Promise<void> {
    const { plan, analyzeMs } = this.toRun
    const { revision, stage } = this.state
    if (analyzeMs === undefined || !revision) return
    const { app, namespace } = plan
    const analysis = await this.state.explained(() =>
      analyzeStage(this.context, this.stageVerifier, {
        app,
        namespace,
        stage,
        revision,
        durationMs: analyzeMs,
        signal: this.signal,
      }),
    )
    this.state.stopIfAsked()
    requireSound(analysis, stage, this.state.failedState())
    this.analysis = analysis
  }

  /** Verifies the stage reached, after an upgrade that a step `made`. Throws unless it passes. */
  async verify(
    expectations: Plan['expectations'],
    made: { step?: Step; stageBefore?: Stage; workloadsBefore?: AppWorkloads } = {},
  ): Promise<void> {
    const { step, stageBefore, workloadsBefore } = made
    const { context, lock } = this
    const { revision, stage } = this.state
    if (!revision) throw new Error('there is no revision to verify')
    const { app, namespace } = this.toRun.plan
    this.state.stopIfAsked()
    if (this.toRun.unverified) {
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
        settling: step !== undefined || this.toRun.verifyFirst === true,
        workloadsBefore: step && step.readyAfter.length === 0 ? workloadsBefore : undefined,
        routesAreProof: this.toRun.plan.steps.some(({ name }) => name === 'remove-canary'),
        signal: this.signal,
      }),
    )
    this.state.stopIfAsked()
    if (lock) {
      const at = new Date(context.clock.now()).toISOString()
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
}
