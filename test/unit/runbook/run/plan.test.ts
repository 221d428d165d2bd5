import { expect, test } from 'vitest'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import { renderRunPlan, runHeadLines } from '../../../../src/report/text/run-text.js'
import { planRun } from '../../../../src/runbook/run/plan.js'
import { SEED } from '../../rollout/seed-values.js'
import { modelRun, RUN, runbookOf } from './run-model.js'

const STEPS = '  - start: v2\n  - shift: 50\n  - pause: 10m\n  - shift: 100\n  - pause: 20m\n  - finish\n'
const plain = createPalette(false)

/** The plan of a run of these steps for echo, which is at the header stage. */
async function planned(until?: string) {
  const { surroundings, cluster } = modelRun(SEED[3], { world: { until } })
  const of = () => surroundings
  const plans = await planRun(runbookOf(STEPS), { of, inFull: true })
  expect(cluster.revisions).toHaveLength(1)
  return {
    plans,
    text: renderRunPlan(plans, plain),
    head: runHeadLines({ run: 'n', runId: RUN.id, plans }, plain),
  }
}

test('the steps that are met, the next one with its change, and how long pauses take at most', async () => {
  const { text, head } = await planned()
  expect(text).toMatch(/echo in wave 1: header: [^\n]+\n {2}✔ start v2\n {2}→ shift 50\n {4}pause 10m\n/)
  expect(text).toContain('pauses of 30m at most')
  expect(text).toContain('send 50 % of the regular requests to v2')
  expect(head.at(-1)).toMatch(/echo: 1 of 6 steps met, next shift 50$/)
})

test('steps after the last one asked for are told to be none of this run, and so are their pauses', async () => {
  const { text } = await planned('shift-100')
  expect(text).toMatch(/ {4}shift 100\n {4}pause 20m \(not in this run: --until\)\n/)
  expect(text).toContain('pauses of 10m at most')
})

test('at that step already, there is nothing ahead', async () => {
  const { plans, text, head } = await planned('start')
  expect(text).not.toContain('→')
  expect(plans[0]!.ahead).toBeUndefined()
  expect(head.at(-1)).toMatch(/echo: 1 of 6 steps met, the others are not part of this run$/)
})
