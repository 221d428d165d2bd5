import { CanaryError, ConflictError, ExternalError } from '../model/errors.js'
import type { EmitRun, RunApp } from '../model/run-events.js'
import { abort } from '../operations/abort.js'
import type { AppRequest, OperationContext, OperationResult } from '../operations/context.js'
import { withFailurePolicy } from '../operations/failure-policy.js'
import { finish } from '../operations/finish.js'
import { install } from '../operations/install.js'
import { observe } from '../operations/observe.js'
import { shift } from '../operations/shift.js'
import { start } from '../operations/start.js'
import { compare, verify } from '../operations/verify.js'
import { nameOf } from './describe-step.js'
import { isMoving, type MovingStep, positionOf } from './position.js'
import { waitForApproval, waitForPause, waitForWindow } from './waiting.js'
import { type Analysis, concerns, type Runbook, type RunbookCluster, type RunbookStep } from './runbook.js'

/** What a run needs of the world, for one app. */
export interface AppSurroundings {
  /** The context of the app's operations, in its cluster; the engine sets what its steps say over it. */
  context: OperationContext
  emit: EmitRun
  /** Of the app's release, where it is said. */
  namespace?: string
  /** What the runbook is called, and what stands for all that it says: what approvals are bound to. */
  runbook: { name: string; id: string }
  /** A path of the runbook, which is relative to its folder. */
  pathOf: (file: string) => string
  /** Runs a command with these variables of the environment; resolves with its exit code. */
  runCommand: (
    command: string,
    options: {
      env: Record<string, string>
      timeoutMs?: number
      signal: AbortSignal
      line: (text: string) => void
    },
  ) => Promise<number>
  /** Ids of approvals given on the command line, with who and why. */
  approved: ReadonlySet<string>
  /** How long a comparison goes on where the step does not say, milliseconds. */
  comparisonMs: number
  /** End with exit 8 in place of waiting for a window. */
  noWait: boolean
  /** The first step that is not to be done any more; undefined: all are. */
  until?: string
  /** Whether to end before the next step, as another app failed. */
  isStopping?: () => boolean
  /** Milliseconds since the epoch. */
  now: () => number
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** How an app's steps ended well: all done, or as far as they were to go. */
export interface AppEnd {
  done: boolean
  /** How many steps were done by this run, not counting those that were met. */
  steps: number
}

/**
 * Takes one app through the steps of a runbook, from where the cluster says it is. The stage that is there is proven before
 * anything goes on from it. Throws what the operations throw; CanaryError `waiting` (exit 8) where a person or a window is
 * missing.
 */
export class AppRun {
  private readonly where: RunApp
  private readonly request: AppRequest

  constructor(
    private readonly runbook: Runbook,
    private readonly cluster: RunbookCluster,
    private readonly app: string,
    private readonly world: AppSurroundings,
  ) {
    this.where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
    this.request = { app, namespace: world.namespace }
  }

  async run(): Promise<AppEnd> {
    const { runbook, world, where } = this
    const steps = runbook.steps.filter((step) => concerns(step, this.app, this.cluster.name))
    const { stage } = await observe(world.context, this.request)
    const position = positionOf(steps, stage)
    if ('conflict' in position) {
      throw new ConflictError(
        `${this.app} can't be taken up by ${world.runbook.name}: ${position.conflict}.`,
        {
          state: 'Nothing was changed.',
          nextSteps: [
            `canary status ${this.app}`,
            `canary abort ${this.app}    (ends the rollout under way)`,
          ],
        },
      )
    }
    const { next } = position
    const of = steps.length
    world.emit({ ...where, type: 'app-started', stage, next, of })
    for (const [index, step] of steps.slice(0, next).entries())
      world.emit({ ...where, type: 'step-met', step: nameOf(step), index, of })
    if (next > 0 && stage.name !== 'absent') await verify(world.context, this.request)
    let done = 0
    for (let index = next; index < steps.length; index += 1) {
      const step = steps[index]!
      if (step.id === world.until) return { done: false, steps: done }
      if (world.isStopping?.()) throw stopped(this.app, step.id)
      world.context.signal.throwIfAborted()
      world.emit({ ...where, type: 'run-step', step: nameOf(step), index, of })
      await this.wait(step)
      await this.step(step)
      done += 1
    }
    return { done: true, steps: done }
  }

  private async wait(step: RunbookStep): Promise<void> {
    const { window } = step.when
    if (window) await waitForWindow(this.world, this.where, step, window)
  }

  private async step(step: RunbookStep): Promise<void> {
    const { world, where, request } = this
    const context = this.contextOf(step)
    if (isMoving(step)) {
      await withFailurePolicy(context, request, (held) => this.move(held, step))
      return
    }
    switch (step.type) {
      case 'verify':
        await withFailurePolicy(context, request, (held) => verify(held, request))
        if (step.compare) await compare(context, { ...request, durationMs: this.comparisonMs(step.compare) })
        return
      case 'pause':
        return waitForPause(world, where, step, request)
      case 'approve':
        return waitForApproval(world, where, step, request, world.runbook.id)
      case 'run':
        return this.runCommand(step)
    }
  }

  private move(context: OperationContext, step: MovingStep): Promise<OperationResult> {
    const { request, world } = this
    switch (step.type) {
      case 'install': {
        const { version, image, chart, values } = step
        const valuesFiles = values.map((file) => world.pathOf(file))
        const path = chart === undefined ? undefined : world.pathOf(chart)
        return install(context, { ...request, version, image, chart: path, valuesFiles })
      }
      case 'start': {
        const { version, image, headers, deployOnly, shadow } = step
        const versionValues = step.versionValues === undefined ? undefined : world.pathOf(step.versionValues)
        return start(context, { ...request, version, image, headers, deployOnly, shadow, versionValues })
      }
      case 'shift': {
        const { weight, analyze } = step
        return shift(context, {
          ...request,
          weight,
          ...(analyze ? { analyzeMs: this.comparisonMs(analyze) } : {}),
        })
      }
      case 'finish':
        return finish(context, { ...request, jump: step.jump })
      case 'abort':
        return abort(context, request)
    }
  }

  private comparisonMs({ durationMs }: Analysis): number {
    return durationMs ?? this.world.comparisonMs
  }

  private contextOf({
    timeoutMs,
    verify: { tolerance, rate, timeoutMs: proofMs, paths },
  }: RunbookStep): OperationContext {
    const { context } = this.world
    const { probes } = context
    return {
      ...context,
      podTimeoutMs: timeoutMs ?? context.podTimeoutMs,
      probes: {
        ...probes,
        tolerance: tolerance ?? probes.tolerance,
        rate: rate ?? probes.rate,
        timeoutMs: proofMs ?? probes.timeoutMs,
        setVerify: [...probes.setVerify, ...(paths ?? []).map((path, index) => `paths[${index}]=${path}`)],
      },
    }
  }

  private async runCommand(step: Extract<RunbookStep, { type: 'run' }>): Promise<void> {
    const { world, where, request, cluster, runbook } = this
    const { stage, namespace, deployed } = await observe(world.context, request)
    const env = {
      CANARY_APP: this.app,
      CANARY_NAMESPACE: namespace ?? '',
      CANARY_CLUSTER: cluster.name ?? '',
      ...runbook.vars,
      CANARY_STAGE: stage.name,
      CANARY_PRIMARY: 'primary' in stage ? stage.primary : '',
      CANARY_CANARY: 'canary' in stage ? stage.canary : '',
      CANARY_WEIGHT:
        stage.name === 'weighted' ? String(stage.weight) : stage.name === 'shifted' ? '100' : '0',
      CANARY_REVISION: deployed ? String(deployed.revision) : '',
      CANARY_STEP: step.id,
    }
    const exitCode = await world.runCommand(step.command, {
      env,
      timeoutMs: step.timeoutMs,
      signal: world.context.signal,
      line: (text) => world.emit({ ...where, type: 'command-line', text }),
    })
    if (exitCode === 0) return
    throw new ExternalError(`The command of step ${step.id} ended with exit code ${exitCode}.`, {
      command: step.command,
      code: exitCode,
      state: `${this.app} is as it was before the command.`,
      nextSteps: ['run the runbook again: it goes on with this step'],
    })
  }
}

function stopped(app: string, step: string): CanaryError {
  return new CanaryError(
    'waiting',
    `${app} was stopped before step ${step}, as another app of its wave failed.`,
    {
      state: `${app} stays in the stage that it was brought to, which is proven.`,
      nextSteps: ['run the runbook again once the other app is well: this one goes on where it is'],
    },
  )
}
