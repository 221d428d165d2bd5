import type { OperationResult } from '../../model/results/change.js'
import { existsSync } from 'node:fs'
import { isPublishedChart } from '../../cluster/helm/chart-packages.js'
import { abort } from '../../operations/abort.js'
import type { AppRequest, OperationContext } from '../../operations/context.js'
import { finish } from '../../operations/finish.js'
import { install } from '../../operations/install.js'
import { shift } from '../../operations/shift.js'
import { start } from '../../operations/start.js'
import type { AppContext } from './app-context.js'
import { isMoving, type MovingStep } from '../steps/position.js'
import type { RunbookStep } from '../runbook.js'

/** The context of a step's operations: the step's settings override the app's. */
export function contextOf(
  step: RunbookStep,
  { context, run }: AppContext,
  recovers: boolean,
): OperationContext {
  const { timeoutMs, verify: own } = step
  const { probes } = context
  return {
    ...context,
    run: { id: run.id, step: step.id },
    podTimeoutMs: (isMoving(step) ? timeoutMs : undefined) ?? context.podTimeoutMs,
    recover: context.recover || recovers,
    // Finishing was confirmed with the plan.
    confirm: step.type === 'install' ? context.confirm : () => Promise.resolve(true),
    probes: {
      ...probes,
      tolerance: own.tolerance ?? probes.tolerance,
      rate: own.rate ?? probes.rate,
      timeoutMs: own.timeoutMs ?? probes.timeoutMs,
      setVerify: [...probes.setVerify, ...(own.paths ?? []).map((path, index) => `paths[${index}]=${path}`)],
    },
  }
}

/** A chart in the runbook's folder goes before one of a repository: `charts/echo` may be either. */
function chartOf(chart: string, pathOf: (file: string) => string): string {
  const isElsewhere = chart === 'bundled' || isPublishedChart(chart)
  return isElsewhere && !existsSync(pathOf(chart)) ? chart : pathOf(chart)
}

/** Runs a step that changes the stage, by the operation of its name. */
export function runStepOperation(
  context: OperationContext,
  request: AppRequest,
  step: MovingStep,
  { pathOf, canaryHeaders, analysisMs }: AppContext,
): Promise<OperationResult> {
  const analyzeMs = step.analyze && (step.analyze.durationMs ?? analysisMs)
  switch (step.type) {
    case 'install': {
      const { version, image, chartVersion } = step
      const chart = step.chart === undefined ? undefined : chartOf(step.chart, pathOf)
      const valuesFiles = step.values.map(pathOf)
      return install(context, { ...request, version, image, chart, chartVersion, valuesFiles })
    }
    case 'start': {
      const { version, image, headers = canaryHeaders, deployOnly, shadow } = step
      const versionValues = step.versionValues === undefined ? undefined : pathOf(step.versionValues)
      return start(context, { ...request, version, image, headers, deployOnly, shadow, versionValues })
    }
    case 'shift':
      return shift(context, { ...request, weight: step.weight, analyzeMs })
    case 'finish':
      return finish(context, { ...request, jump: step.jump, analyzeMs })
    case 'abort':
      return abort(context, request)
  }
}
