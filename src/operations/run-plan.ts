import type { ChartSource } from '../cluster/cluster.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError, ConflictError, ExternalError } from '../model/errors.js'
import type { Plan, Step } from '../model/plan.js'
import type { Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { describeStep } from '../rollout/description.js'
import { nextCommands, undoCommand } from '../rollout/next-steps.js'
import { assertSafe, changedPodTemplates } from '../rollout/safety.js'
import type { OperationContext, OperationResult, ProvenStage } from './context.js'
import { parseManifest } from './manifest.js'
import { Prover, requirePass } from './proof.js'

export interface PlanToRun {
  plan: Plan
  /** The command as typed, for Helm's --description: `start echo v2`. */
  command: string
  /** The revision the plan was made from; undefined for an install. */
  revision?: Revision
  /** The chart to apply; the release's own by default. */
  chart?: ChartSource
  /** Called after each upgrade, before its proof (install makes its VirtualService there). */
  afterUpgrade?: (step: Step) => Promise<void>
  /** Go on without a pass: somebody took that upon themselves, and the command says why (`abort --unverified`). */
  unverified?: boolean
}

/**
 * Runs a plan step by step: revision check, pods the step relies on, upgrade, pods it adds, proof by traffic. Stops at
 * the first thing that is not as it should be, with an error that says where the app stands then.
 */
export async function runPlan(context: OperationContext, run: PlanToRun): Promise<OperationResult> {
  const { plan } = run
  assertSafe(plan)
  const { app, namespace, from } = plan
  context.emit({ type: 'observed', app, namespace, stage: from, revision: run.revision?.revision })
  context.emit({ type: 'planned', plan })
  const prover = new Prover(context)
  const runner = new PlanRunner(context, run, prover)
  try {
    if (!context.dryRun) {
      // The address is needed for the proof anyway: found missing only after an upgrade, it would leave a stage unproven.
      if (!run.unverified) await prover.origin()
      await runner.run()
    }
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
      undo: undoCommand(app, namespace, this.stage),
    }
  }

  async run(): Promise<void> {
    const { steps, expectations } = this.runRequest.plan
    const first = steps[0]
    // A stage is proven in this run before anything is removed on the strength of it; without steps it is all there is to do.
    if (!first || first.goneAfter.length > 0) await this.prove(expectations)
    for (const [index, step] of steps.entries()) await this.runStep(step, index, steps.length)
  }

  private async runStep(step: Step, index: number, of: number): Promise<void> {
    const { context } = this
    const { emit, cluster, podTimeoutMs } = context
    const { app, namespace } = this.runRequest.plan
    this.stopIfInterrupted()
    const started = Date.now()
    emit({ type: 'step-started', step, index, of })

    const [podsBefore] = await Promise.all([
      this.revision ? cluster.versionPods(app, namespace) : undefined,
      this.compareTemplates(step),
      this.requireReady(step),
    ])
    await this.requireUnchanged()
    this.stopIfInterrupted()
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

  /** Safety rule 6: a version whose share rises has its pods ready before. */
  private async requireReady(step: Step): Promise<void> {
    const { app, namespace } = this.runRequest.plan
    if (step.readyBefore.length === 0) return
    if (step.name === 'route-back') return this.requireOnePod(step)
    await this.explained(() =>
      this.context.cluster.waitForPods(
        app,
        namespace,
        step.readyBefore,
        this.context.podTimeoutMs,
        (progress) => this.context.emit({ type: 'pods', progress }),
      ),
    )
  }

  /** Going back must not wait for the last of the primary's pods: one ready pod is enough. */
  private async requireOnePod(step: Step): Promise<void> {
    const { app, namespace } = this.runRequest.plan
    const pods = await this.context.cluster.versionPods(app, namespace)
    for (const version of step.readyBefore) {
      const found = pods.find((entry) => entry.version === version)
      if (found && found.ready > 0) continue
      throw new ExternalError(`No pod of ${version} is ready: requests can't go back to it.`, {
        ...this.standing(),
        evidence: { pods },
      })
    }
  }

  /** Safety rule 5: the pod templates of the versions that serve stay as they are, as rendered. */
  private async compareTemplates(step: Step): Promise<void> {
    const { revision } = this
    if (!revision) return
    const { app, namespace } = this.runRequest.plan
    const rendered = await this.context.cluster.render({
      app,
      namespace,
      chart: this.chart(),
      values: step.values,
    })
    const changed = changedPodTemplates(
      parseManifest(revision.manifest),
      parseManifest(rendered),
      step.goneAfter,
    )
    if (changed.length === 0) return
    throw new ConflictError(
      `Step "${step.title}" would change the pods of ${changed.join(' and ')}, which serve requests.`,
      {
        state: `Nothing was changed: ${describeStage(this.stage)}.`,
        nextSteps: [`helm get manifest ${app} -n ${namespace}    (what is deployed now)`],
      },
    )
  }

  /** Safety rule 8, before the upgrade: the release's newest revision is still the one this plan was made from. */
  private async requireUnchanged(): Promise<void> {
    const { app, namespace } = this.runRequest.plan
    const [history] = await this.context.cluster.findReleases(app, namespace)
    const found = history?.newest
    if (found?.revision === this.revision?.revision) return
    throw new ConflictError(
      `Release ${app} was changed by somebody else: expected revision ${this.revision?.revision ?? 'none'}, ` +
        `found ${found ? `${found.revision} (${found.status}: ${found.description})` : 'none'}.`,
      {
        state: 'This step was not made.',
        nextSteps: [`canary status ${app} -n ${namespace}`, `helm history ${app} -n ${namespace}`],
        evidence: { expected: this.revision?.config ?? null, found: found?.config ?? null },
      },
    )
  }

  private async upgrade(step: Step): Promise<void> {
    const { cluster, emit } = this.context
    const { app, namespace } = this.runRequest.plan
    const request = {
      app,
      namespace,
      chart: this.chart(),
      values: step.values,
      description: this.description(step),
    }
    const started = Date.now()
    const made = await this.explained(() =>
      this.revision ? cluster.upgrade(request) : cluster.install(request),
    )
    const elapsedMs = Date.now() - started
    const [history] = await cluster.findReleases(app, namespace)
    const { deployed, newest } = history ?? {}
    if (!deployed || deployed.revision !== made || newest?.revision !== made) {
      throw new ConflictError(
        `Helm made revision ${made} of ${app}, but the newest is now ${newest ? `${newest.revision} (${newest.status}: ${newest.description})` : 'none'}: somebody else changes it at the same time.`,
        {
          state: `Step "${step.title}" was made, and may have been undone since.`,
          nextSteps: [`canary status ${app} -n ${namespace}`],
        },
      )
    }
    this.revision = deployed
    this.stage = step.to
    emit({ type: 'upgraded', step, revision: made, elapsedMs })
  }

  private async prove(
    expectations: Plan['expectations'],
    step?: Step,
    podsBefore?: Awaited<ReturnType<OperationContext['cluster']['versionPods']>>,
  ): Promise<void> {
    const { revision, stage } = this
    if (!revision) throw new Error('there is no revision to prove')
    const { app, namespace } = this.runRequest.plan
    this.stopIfInterrupted()
    if (this.runRequest.unverified) {
      this.context.emit({ type: 'warning', message: `not proven, as asked: ${describeStage(stage)}` })
      return
    }
    const proof = await this.prover
      .prove({
        app,
        namespace,
        stage,
        expectations,
        revision,
        settling: step !== undefined,
        podsBefore: step && step.readyAfter.length === 0 ? podsBefore : undefined,
      })
      .finally(() => this.stopIfInterrupted())
    requirePass(proof, stage, this.standing())
    this.proofs.push({ step: step?.name, stage, proof })
  }

  /** Runs a part of a step; what goes wrong is told with the state the app is in then. */
  private async explained<T>(part: () => Promise<T>): Promise<T> {
    try {
      return await part()
    } catch (error) {
      if (this.context.signal.aborted) this.stopIfInterrupted()
      if (!(error instanceof ExternalError) || error.state) throw error
      const standing = this.standing()
      throw new ExternalError(error.message, {
        command: error.command,
        code: error.code,
        stderr: error.stderr,
        evidence: error.evidence,
        state: standing.state,
        nextSteps: [...error.nextSteps, ...standing.nextSteps],
        cause: error,
      })
    }
  }

  private stopIfInterrupted(): void {
    const { signal } = this.context
    if (!signal.aborted) return
    const { state, nextSteps } = this.standing()
    throw new CanaryError(signal.reason === 'SIGTERM' ? 'terminated' : 'interrupted', 'Interrupted.', {
      state,
      nextSteps: ['the same command again    (goes on from here)', ...nextSteps],
    })
  }

  private standing(): { state: string; nextSteps: string[] } {
    const { app, namespace } = this.runRequest.plan
    const undo = undoCommand(app, namespace, this.stage)
    const revision = this.revision ? `revision ${this.revision.revision}, ` : ''
    const at = namespace === app ? '' : ` -n ${namespace}`
    return {
      state: `${app}: ${revision}${describeStage(this.stage)}.`,
      nextSteps: [
        ...(this.revision ? [`canary verify ${app}${at}    (prove it again)`] : []),
        ...(undo ? [`${undo}    (go back)`] : []),
      ],
    }
  }

  private chart(): ChartSource {
    const { chart } = this.runRequest
    if (chart) return chart
    if (!this.revision) throw new Error('an install needs a chart')
    return { record: this.revision.chart }
  }

  private description(step: Step): string {
    return describeStep(this.runRequest.command, step)
  }

  private commandLine(step: Step): string {
    const { app, namespace } = this.runRequest.plan
    const verb = step.name === 'install' ? 'install --create-namespace' : 'upgrade'
    const chart = this.runRequest.chart
    const chartName = chart && 'path' in chart ? chart.path : `<chart of ${app}'s own record>`
    return `helm ${verb} ${app} ${chartName} --namespace ${namespace} --values - --description '${this.description(step)}'`
  }
}
