import { canaryCommand, commented } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { CanaryError } from '../../model/errors.js'
import type { RunApp } from '../../model/events/run-events.js'
import type { AppRequest } from '../../operations/context.js'
import { observe } from '../../operations/observe/observe.js'
import type { AppContext } from './app-context.js'
import type { RunStep } from '../runbook.js'

/** Lines of a command that are shown as they come; of later ones only the last. */
const FIRST_LINES = 500
const LAST_LINES = 50

/**
 * Runs the command of a step with the stage in its environment. Throws CanaryError `failed` for an exit code other than 0, and
 * ExternalError if it could not be run to its end.
 */
export async function runCommand(
  step: RunStep,
  where: RunApp,
  request: AppRequest,
  world: AppContext,
  vars: Record<string, string>,
): Promise<void> {
  const { app, cluster = '' } = where
  const { stage, namespace, deployed } = await observe(world.context, request)
  const env = {
    ...vars,
    CANARY_APP: app,
    CANARY_NAMESPACE: namespace ?? '',
    CANARY_CLUSTER: cluster,
    CANARY_STAGE: stage.name,
    CANARY_PRIMARY: 'primary' in stage ? stage.primary : '',
    CANARY_CANARY: 'canary' in stage ? stage.canary : '',
    CANARY_WEIGHT: stage.name === 'weighted' ? String(stage.weight) : stage.name === 'shifted' ? '100' : '0',
    CANARY_REVISION: deployed ? String(deployed.revision) : '',
    CANARY_RUN: world.run.id,
    CANARY_STEP: step.id,
  }
  const state = `${app} is unchanged by canary: ${describeStage(stage)}.`
  const printed = new Printed((text) => world.emit({ ...where, type: 'command-line', text }))
  const exitCode = await world
    .runCommand(step.command, {
      env,
      timeoutMs: step.timeoutMs,
      signal: world.context.signal,
      line: (text) => printed.add(text),
    })
    .finally(() => printed.end())
  if (exitCode === 0) return
  throw new CanaryError('failed', `The command of step ${step.id} failed with exit code ${exitCode}.`, {
    state,
    nextSteps: [commented(canaryCommand(['abort', app], { app, namespace }), 'rolls back')],
    evidence: { command: step.command, commandCode: exitCode },
  })
}

/** The output of a command as it comes; only the beginning and the end of a flood. */
class Printed {
  private count = 0
  private last: string[] = []

  constructor(private readonly report: (text: string) => void) {}

  add(text: string): void {
    this.count += 1
    if (this.count <= FIRST_LINES) return this.report(text)
    this.last.push(text)
    if (this.last.length > 2 * LAST_LINES) this.last = this.last.slice(-LAST_LINES)
  }

  end(): void {
    const last = this.last.slice(-LAST_LINES)
    const left = this.count - FIRST_LINES - last.length
    if (left > 0) this.report(`… ${left} lines omitted`)
    for (const text of last) this.report(text)
  }
}
