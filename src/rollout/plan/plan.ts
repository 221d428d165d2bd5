import { canaryCommand } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { Stage } from '../../model/stage.js'
import type { StageValues } from '../../model/values.js'
import { expectationsOf } from '../stage/expectations.js'
import { stageOf } from '../stage/stage.js'
import type { Found } from './steps.js'
import { readStageValues } from '../stage/stage-in-values.js'

/** The stage of a released app and its stage values. Throws ConflictError where the values cannot be read. */
export function read(found: Found): { stage: Stage; values: StageValues } {
  const stage = stageOf(found.config)
  const { values } = readStageValues(found.config)
  if (!values || stage.name === 'unknown' || stage.name === 'absent') {
    throw new ConflictError(
      `Cannot read the stage of ${found.app} from its values: ${describeStage(stage)}.`,
      {
        state: 'Nothing was changed.',
        nextSteps: [canaryCommand(['values', found.app], found)],
      },
    )
  }
  return { stage, values }
}

/** The plan of these steps; `announced` are the canary headers of a route to come. */
export function planOf(
  found: Found,
  from: Stage,
  steps: Step[],
  announced: Record<string, string> = {},
): Plan {
  const { app, namespace, config } = found
  return {
    app,
    namespace,
    from,
    to: steps.at(-1)?.to ?? from,
    before: config,
    steps,
    expectations: expectationsOf(app, from, announced),
  }
}

/** A command that does not fit the stage; `nextSteps` are those that do. */
export function conflict(found: Found, stage: Stage, what: string, nextSteps: string[]): ConflictError {
  return new ConflictError(`${what}.`, {
    state: `Nothing was changed: ${found.app} is ${describeStage(stage)}.`,
    nextSteps,
  })
}
