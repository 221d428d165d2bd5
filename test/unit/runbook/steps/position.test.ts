import { describe, expect, test } from 'vitest'
import type { Stage } from '../../../../src/model/stage.js'
import { positionOf } from '../../../../src/runbook/steps/position.js'
import type { RunbookStep } from '../../../../src/runbook/runbook.js'

const base = (line: number) => ({
  id: `step-${line}`,
  when: { variablesMatch: true },
  verify: {},
  position: { line, column: 1 },
})
const ROLLOUT: RunbookStep[] = [
  { ...base(0), type: 'install', version: 'v1', values: [] },
  { ...base(1), type: 'start', version: 'v2', deployOnly: true },
  { ...base(2), type: 'start', version: 'v2', deployOnly: false },
  { ...base(3), type: 'pause', durationMs: 1000, watch: true },
  { ...base(4), type: 'shift', weight: 25 },
  { ...base(5), type: 'approve', message: '' },
  { ...base(6), type: 'shift', weight: 50 },
  { ...base(7), type: 'shift', weight: 100 },
  { ...base(8), type: 'finish', jump: false },
  { ...base(9), type: 'verify' },
]
const headers = { stage: 'canary' }
const at = (canary: string) => ({ primary: 'v1', canary, headers })

describe('goes on after the furthest step that the cluster meets', () => {
  test.each<[string, Stage, number]>([
    ['nothing there', { name: 'absent' }, 0],
    ['installed', { name: 'stable', primary: 'v1' }, 1],
    ['another version than the one to be installed', { name: 'stable', primary: 'v0' }, 1],
    ['deployed', { name: 'deployed', primary: 'v1', canary: 'v2' }, 2],
    ['header: the pause after it counts from there', { name: 'header', ...at('v2') }, 3],
    [
      'a weight of a step: what it was to be approved for is still to be',
      { name: 'weighted', ...at('v2'), weight: 25 },
      5,
    ],
    ['a weight between two steps', { name: 'weighted', ...at('v2'), weight: 30 }, 5],
    ['a weight below the first', { name: 'weighted', ...at('v2'), weight: 10 }, 3],
    ['100 %', { name: 'shifted', ...at('v2') }, 8],
    ['finished', { name: 'stable', primary: 'v2' }, 9],
  ])('%s', (_title, stage, next) => {
    expect(positionOf(ROLLOUT, stage)).toEqual({ next })
  })
})

describe('is a conflict where the steps don’t lead through', () => {
  test.each<[string, Stage, RegExp]>([
    ['the canary is another', { name: 'header', ...at('v3') }, /a rollout of v3 is under way, not of v2/],
    ['another is deployed', { name: 'deployed', primary: 'v1', canary: 'v3' }, /of v3 is under way/],
    ['values that nobody explains', { name: 'unknown', problems: ['odd'] }, /unknown: odd/],
  ])('%s', (_title, stage, said) => {
    expect((positionOf(ROLLOUT, stage) as { conflict: string }).conflict).toMatch(said)
  })

  test('nothing is there, and nothing installs it', () => {
    const position = positionOf(ROLLOUT.slice(1), { name: 'absent' })
    expect(position).toEqual({ conflict: 'it is not installed, and no install step comes before start' })
  })

  test('steps that bring in no version, with a rollout under way', () => {
    const position = positionOf([ROLLOUT[9]!], { name: 'header', ...at('v2') })
    expect(position).toEqual({ conflict: expect.stringContaining('which no step starts') })
  })
})

test('a verification alone begins at the beginning', () => {
  expect(positionOf([ROLLOUT[9]!], { name: 'stable', primary: 'v1' })).toEqual({ next: 0 })
})
