import type { WrittenRollout, WrittenRunbook } from '../form/runbook.js'
import type { WrittenStep } from '../form/step.js'
import type { Path } from './problems.js'

/** A step as written, or as the short form stands for it, with the place that messages about it name. */
export interface PlacedStep {
  step: WrittenStep
  /** Of the step. */
  path: Path
  /** Of the values of its keys, where that is not below the step's. */
  pathOf: (key: string) => Path
}

/** The steps as written, words alone as maps; or those that `rollout` is short for. */
export function placedSteps({ steps, rollout }: WrittenRunbook): PlacedStep[] {
  if (rollout) return expand(rollout)
  return (steps ?? []).map((step, index) => {
    const path: Path = ['steps', index]
    if (typeof step !== 'string') return { step, path, pathOf: (key) => [...path, key] }
    return { step: WORD_ALONE[step], path, pathOf: () => path }
  })
}

const WORD_ALONE = { finish: { finish: {} }, abort: { abort: {} }, verify: { verify: {} } }

/** start; each share, and a pause after it; finish. */
function expand({ to, image, headers, weights, pause, analyze, verify }: WrittenRollout): PlacedStep[] {
  const placed = (step: WrittenStep, ...path: Path): PlacedStep => ({
    step,
    path: ['rollout', ...path],
    pathOf: (key) => ['rollout', ...(key === 'verify' || key === 'analyze' ? [key] : path)],
  })
  return [
    placed({ start: { version: to, image, headers }, verify }, 'to'),
    ...weights.flatMap((weight, index) => [
      placed({ shift: weight, analyze, verify }, 'weights', index),
      ...(pause === undefined ? [] : [placed({ pause }, 'pause')]),
    ]),
    placed({ finish: {}, verify }),
  ]
}
