import { UsageError } from '../model/errors.js'
import type { Runbook, RunbookStep } from './runbook.js'

/** An automated rollout of one app, as `canary rollout` describes it. */
export interface SingleRollout {
  app: string
  version: string
  /** Percent, rising. */
  weights: number[]
  /** Milliseconds after each share, counted from its change; 0: none. */
  pauseMs: number
  /** Compare the canary's health with the primary's before each rise. */
  analyze: boolean
  image?: string
  versionValues?: string
}

/** The runbook of one app without a file: start, each share with a pause after it, finish. */
export function singleRollout(request: SingleRollout): Runbook {
  const { app, version, weights, pauseMs, analyze, image, versionValues } = request
  const position = { line: 1, column: 1 }
  const base = { when: { variablesMatch: true }, verify: {}, position }
  const pauseAfter = (weight: number): RunbookStep[] =>
    pauseMs === 0
      ? []
      : [{ ...base, id: `pause-after-${weight}`, type: 'pause', durationMs: pauseMs, watch: true }]
  const steps: RunbookStep[] = [
    { ...base, id: 'start', type: 'start', version, image, versionValues, deployOnly: false },
    ...weights.flatMap((weight): RunbookStep[] => [
      { ...base, id: `shift-${weight}`, type: 'shift', weight, ...(analyze ? { analyze: {} } : {}) },
      ...pauseAfter(weight),
    ]),
    { ...base, id: 'finish', type: 'finish', jump: false },
  ]
  return {
    file: 'rollout',
    vars: {},
    exported: [],
    clusters: [{ after: [], position }],
    waves: [
      {
        name: app,
        apps: [{ name: app, settings: {}, position }],
        parallel: 1,
        failFast: true,
        position,
      },
    ],
    steps,
  }
}

/** Shares as `5,25,50,100`. Throws UsageError unless they are whole numbers from 1 to 100 that rise. */
export function parseWeights(text: string): number[] {
  const weights = text.split(',').map((part) => part.trim())
  const wrong = weights.find((part) => !/^([1-9]\d?|100)$/.test(part))
  if (wrong !== undefined) {
    throw new UsageError(`Invalid --weights ${text}: "${wrong}" is not a whole number from 1 to 100.`, {
      state: 'Nothing was changed.',
      nextSteps: ['--weights 5,25,50,100'],
    })
  }
  const numbers = weights.map(Number)
  const falling = numbers.findIndex((weight, index) => index > 0 && weight <= numbers[index - 1]!)
  if (falling === -1) return numbers
  throw new UsageError(
    `Invalid --weights ${text}: ${numbers[falling]} comes after ${numbers[falling - 1]}; shares must rise.`,
    { state: 'Nothing was changed.', nextSteps: ['--weights 5,25,50,100'] },
  )
}
