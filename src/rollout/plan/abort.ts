import { canaryCommand, commented } from '../../model/command-line.js'
import type { Plan, Step } from '../../model/plan.js'
import type { StageValues } from '../../model/values.js'
import { expectationsOf } from '../stage/expectations.js'
import { withStage } from '../stage/stage-in-values.js'
import { hasCanary, stageOfValues } from '../stage/stage.js'
import { conflict, planOf, read } from './plan.js'
import { type Found, removeStep } from './steps.js'

/**
 * deployed … shifted → stable on the primary: route back, then remove the canary. On a stable app there is nothing to
 * abort; `finished` is the rollout that ended there, if one did.
 */
export function planAbort(found: Found, finished?: { from: string; to: string }): Plan {
  const { stage, values } = read(found)
  const { app } = found
  if (stage.name === 'stable') {
    if (!finished) return planOf(found, stage, [])
    throw conflict(found, stage, `The rollout of ${finished.to} is finished: nothing to abort`, [
      commented(
        canaryCommand(['undo', app, finished.from], found),
        `brings ${finished.from} back as a canary`,
      ),
    ])
  }
  const steps: Step[] = []
  const headers = hasCanary(stage) ? stage.headers : {}
  const removed = 'canary' in stage ? stage.canary : undefined
  if (removed === undefined) throw new Error(`nothing to abort in stage ${stage.name}`)
  const back: StageValues = { ...values, canary: undefined, shadow: undefined }
  if (hasCanary(stage) || values.shadow) {
    const to = stageOfValues(back)
    steps.push({
      name: 'route-back',
      title: hasCanary(stage)
        ? `send all requests back to ${values.primary}`
        : `stop shadowing requests to ${removed}`,
      to,
      values: withStage(found.config, back),
      readyBefore: [values.primary],
      readyAfter: [],
      goneAfter: [],
      expectations: expectationsOf(app, to, headers),
    })
  }
  steps.push(
    removeStep(
      found,
      back,
      values.primary,
      removed,
      { name: 'remove-canary', title: `remove ${removed}` },
      headers,
    ),
  )
  return planOf(found, stage, steps)
}
