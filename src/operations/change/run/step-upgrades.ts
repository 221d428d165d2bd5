import { stepCommand } from './step-command.js'
import type { AppLock } from '../../../cluster/ports/locks.js'
import type { ChartSource, UpgradeRequest } from '../../../cluster/ports/releases.js'
import type { Step } from '../../../model/plan.js'
import type { Revision } from '../../../model/release.js'
import { describeStep } from '../../../rollout/history/description.js'
import type { OperationContext } from '../../context.js'
import { applyStep } from './apply-step.js'
import { leavePodsAlone } from './keep-pods.js'
import type { PlanToRun } from './plan-to-run.js'
import type { RunState } from './run-state.js'
import type { GuardedStep } from './step-guards.js'

/** The upgrades of a plan's steps, each from the revision that the plan has reached. */
export class StepUpgrades {
  constructor(
    private readonly context: OperationContext,
    private readonly toRun: PlanToRun,
    private readonly state: RunState,
    private readonly lock?: AppLock,
  ) {}

  /** Upgrades to the stage of a step, whose rendered manifest is known. Throws with the state of the app. */
  async upgrade(step: Step, manifest: string): Promise<Revision> {
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

  request(step: Step): UpgradeRequest {
    const { app, namespace } = this.toRun.plan
    const { takeOver } = this.toRun
    return {
      app,
      namespace,
      chart: this.chart(),
      values: step.values,
      description: this.description(step),
      takeOver,
    }
  }

  guarded(step: Step): GuardedStep {
    const { app, namespace } = this.toRun.plan
    const { stage, revision } = this.state
    return { app, namespace, step, stage, revision, chart: this.chart() }
  }

  /** The helm command of a step, for dry runs and results. */
  commandLine(step: Step): string {
    const { app, namespace } = this.toRun.plan
    const { chart } = this.toRun
    return stepCommand({
      verb: step.name === 'install' ? 'install' : 'upgrade',
      app,
      namespace,
      chart: chart && 'path' in chart ? chart.path : undefined,
      description: this.description(step),
    })
  }

  private chart(): ChartSource {
    const { chart } = this.toRun
    if (chart) return chart
    if (!this.state.revision) throw new Error('an install needs a chart')
    return { record: this.state.revision.chart }
  }

  private description(step: Step): string {
    return describeStep(this.toRun.command, step, {
      who: this.context.operator,
      run: this.context.run,
    })
  }
}
