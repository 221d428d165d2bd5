import { canaryCommand, commented } from '../../model/command-line.js'
import type { Plan, Step } from '../../model/plan.js'
import { hasCanary } from '../stage/stage.js'
import { conflict, planOf, read } from './plan.js'
import { type Found, removeStep, weightStep } from './steps.js'

/** weighted, shifted (from header only with `jump`) → stable on the canary: weight 100, then decommission. */
export function planFinish(found: Found, request: { version?: string; jump: boolean }): Plan {
  const { stage, values } = read(found)
  const { app } = found
  const { version, jump } = request
  if (stage.name === 'stable') {
    if (version === undefined || version === stage.primary) return planOf(found, stage, [])
    throw conflict(found, stage, `${app} is stable on ${stage.primary}, not on ${version}`, [
      canaryCommand(['start', app, version], found),
    ])
  }
  const { canary } = values
  if (!hasCanary(stage) || !canary) {
    const version = stage.name === 'deployed' ? stage.canary : 'VERSION'
    throw conflict(found, stage, `${app} has no canary route yet`, [
      canaryCommand(['start', app, version], found),
    ])
  }
  if (version !== undefined && version !== canary.version) {
    throw conflict(found, stage, `The canary of ${app} is ${canary.version}, not ${version}`, [
      canaryCommand(['finish', app, canary.version], found),
      canaryCommand(['abort', app], found),
    ])
  }
  if (stage.name === 'header' && !jump) {
    throw conflict(found, stage, `${canary.version} has served no regular request yet`, [
      canaryCommand(['shift', app, '10'], found),
      commented(canaryCommand(['finish', app, canary.version, '--jump'], found), 'straight to 100 %'),
    ])
  }
  const steps: Step[] = []
  if (stage.name !== 'shifted') steps.push(weightStep(found, values, 100, [canary.version]))
  steps.push(
    removeStep(found, values, canary.version, values.primary, {
      name: 'decommission',
      title: `make ${canary.version} the primary and remove ${values.primary}`,
    }),
  )
  return planOf(found, stage, steps)
}
