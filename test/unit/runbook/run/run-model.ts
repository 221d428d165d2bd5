import type { RunEvent } from '../../../../src/model/events/run-events.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { AppRun } from '../../../../src/runbook/run/app-run.js'
import type { AppContext } from '../../../../src/runbook/run/app-context.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'
import type { Runbook } from '../../../../src/runbook/runbook.js'
import type { ModelCluster } from '../../../support/model-cluster/cluster.js'
import { modelled, type Modelled } from '../../../support/model-cluster/context.js'

export const RUN = {
  name: 'nightly',
  id: '0123456789ab',
  command: 'canary run nightly.yaml',
  onward: 'canary run nightly.yaml',
}

/** A runbook for echo with these steps, written as YAML. */
export function runbookOf(steps: string, more = ''): Runbook {
  const text = `apiVersion: canary/v1\nkind: Runbook\napps: {echo: {}}\n${more}steps:\n${steps}`
  return parseRunbook(text, { file: 'nightly.yaml' })
}

export interface ModelRun extends Modelled {
  told: RunEvent[]
  surroundings: AppContext
  /** Takes echo through the steps. */
  run: (runbook: Runbook) => ReturnType<AppRun['run']>
}

/** A run on the model, in which nobody can be asked and every command ends with 0. */
export function modelRun(
  config?: JsonObject,
  options: {
    context?: Partial<OperationContext>
    world?: Partial<AppContext>
    cluster?: ModelCluster
  } = {},
): ModelRun {
  const model = modelled(config, options)
  const told: RunEvent[] = []
  const { context } = model
  const surroundings: AppContext = {
    context,
    emit: (event) => told.push(event),
    cluster: {},
    run: RUN,
    pathOf: (file) => file,
    runCommand: () => Promise.resolve(0),
    approved: new Map(),
    analysisMs: 1000,
    noWait: false,
    ...options.world,
  }
  const run = (runbook: Runbook) => new AppRun(runbook, runbook.clusters[0]!, 'echo', surroundings).run()
  return { ...model, told, surroundings, run }
}
