import type { AppLock } from '../../../cluster/ports/locks.js'
import type { Plan, Step } from '../../../model/plan.js'
import type { OperationResult } from '../../../model/results/change.js'
import type { JsonObject } from '../../../model/values.js'
import { assertSafe } from '../../../rollout/plan/safety/safety.js'
import { nextCommands, undoCommand } from '../../../rollout/stage/next-steps.js'
import { effectiveValues } from '../../../rollout/values/merge.js'
import type { OperationContext } from '../../context.js'
import { providerOfPlan } from '../../observe/provider.js'
import { requireNoOverlaps } from '../../overlaps/require-no-overlaps.js'
import { StageVerifier } from '../../verification/verify-stage.js'
import { PlanChecks } from './plan-checks.js'
import type { PlanToRun } from './plan-to-run.js'
import { requireRecordsFit } from '../record-size.js'
import { rehearsed, requireNothingThere } from '../rehearsal.js'
import { requireReferences } from '../require-references.js'
import { RunState } from './run-state.js'
import {
  compareObjects,
  requireCount,
  requireOwnResult,
  requireReady,
  requireUnchanged,
} from './step-guards.js'
import { StepUpgrades } from './step-upgrades.js'

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
    await requireVersions(run, proven, stageVerifier)
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
    expectations: stageVerifier.check(app, valuesOf(run, step.values), step.expectations),
  }))
  if (!revision) return { ...plan, steps }
  const expectations = stageVerifier.check(app, valuesOf(run, revision.config), plan.expectations, {
    metrics: run.analyzeMs !== undefined,
  })
  return { ...plan, steps, expectations }
}

/** Throws UsageError if nothing tells the versions of a step apart, but for routing back. */
async function requireVersions(run: PlanToRun, plan: Plan, stageVerifier: StageVerifier): Promise<void> {
  const { app: name, namespace, steps } = plan
  if (run.unverified || steps[0]?.name === 'route-back') return
  for (const { values, expectations } of steps)
    await stageVerifier.requireVersions({ name, namespace }, valuesOf(run, values), expectations)
}

/** A step's effective values; the defaults of a chart that is not read yet are unknown. */
function valuesOf({ chart, revision }: PlanToRun, values: JsonObject): JsonObject {
  return effectiveValues(chart || !revision ? {} : revision.chart.values, values)
}

class PlanRunner {
  private readonly state: RunState
  private readonly upgrades: StepUpgrades
  private readonly checks: PlanChecks

  constructor(
    private readonly context: OperationContext,
    private readonly toRun: PlanToRun,
    stageVerifier: StageVerifier,
    private readonly lock?: AppLock,
  ) {
    this.state = new RunState(context, toRun, lock)
    this.upgrades = new StepUpgrades(context, toRun, this.state, lock)
    this.checks = new PlanChecks(context, toRun, this.state, stageVerifier, lock)
  }

  result(): OperationResult {
    const { plan } = this.toRun
    const { app, namespace } = plan
    return {
      app,
      namespace,
      dryRun: this.context.dryRun,
      changed: plan.steps.length > 0,
      stage: this.state.stage,
      revision: this.state.revision?.revision,
      plan,
      commands: plan.steps.map((step) => this.upgrades.commandLine(step)),
      proofs: this.checks.proofs,
      ...(this.checks.analysis ? { analysis: this.checks.analysis } : {}),
      next: nextCommands(app, namespace, this.state.stage),
      undo:
        this.state.revertCommand() ??
        undoCommand(app, namespace, this.state.stage, this.state.versionBefore()),
    }
  }

  async run(): Promise<void> {
    const { plan, verifyFirst } = this.toRun
    const { steps, expectations, from } = plan
    const first = steps[0]
    const goesBack = first?.name === 'route-back'
    await this.checks.findProxy(goesBack)
    // A removal needs its stage verified in this run; without steps the verification is all there is to do. Routing
    // back to the primary does not wait for a verdict.
    const nothingThere = from.name === 'absent' && !first
    const owed =
      !first || first.goneAfter.length > 0 || (verifyFirst === true && this.state.revision !== undefined)
    if (owed && !goesBack && !nothingThere) await this.checks.verify(expectations)
    if (first) await this.checks.analyze()
    const { prepare } = this.toRun
    if (first && prepare)
      this.state.revision = await this.state.explained(() => prepare(this.upgrades.request(first), this.lock))
    for (const [index, step] of steps.entries()) await this.runStep(step, index, steps.length)
  }

  private async runStep(step: Step, index: number, of: number): Promise<void> {
    const { context, lock } = this
    const { emit, clock, cluster, podTimeoutMs } = context
    const { app, namespace } = this.toRun.plan
    this.state.stopIfAsked()
    const started = clock.now()
    emit({ type: 'step-started', step, index, of })

    const guarded = this.upgrades.guarded(step)
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
    requireOwnResult(guarded, manifest, await this.upgrades.upgrade(step, manifest))
    await this.toRun.afterUpgrade?.(step)

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
    await this.checks.verify(step.expectations, { step, stageBefore, workloadsBefore })
    emit({ type: 'step-done', step, index, of, elapsedMs: clock.now() - started })
  }
}
