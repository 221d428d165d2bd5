import type { FileData, RolloutData, StepData } from './written-runbook.js'
import type { Path } from './schema.js'

/** A step as written or as the short form stands for it, and the place that messages about it name. */
export interface WrittenStep {
  data: StepData
  /** Of the step. */
  path: Path
  /** Of the values of its keys, where that is not below the step's. */
  pathOf: (key: string) => Path
}

/** The steps as written, words alone as maps; or those that `rollout` is short for. */
export function writtenSteps({ steps, rollout }: FileData): WrittenStep[] {
  if (rollout) return expand(rollout)
  return (steps ?? []).map((step, index) => {
    const path: Path = ['steps', index]
    if (typeof step === 'string') return { data: { [step]: {} }, path, pathOf: () => path }
    return { data: step, path, pathOf: (key) => [...path, key] }
  })
}

/** start; each share, and a pause after it; finish. */
function expand({ to, image, headers, weights, pause, analyze, verify }: RolloutData): WrittenStep[] {
  const written = (data: StepData, ...path: Path): WrittenStep => ({
    data,
    path: ['rollout', ...path],
    pathOf: (key) => ['rollout', ...(key === 'verify' || key === 'analyze' ? [key] : path)],
  })
  return [
    written({ start: { version: to, image, headers }, verify }, 'to'),
    ...weights.flatMap((weight, index) => [
      written({ shift: weight, analyze, verify }, 'weights', index),
      ...(pause === undefined ? [] : [written({ pause }, 'pause')]),
    ]),
    written({ finish: {}, verify }),
  ]
}
