import { expect, test } from 'vitest'
import { falseAlarmBudget } from '../../../../src/runbook/steps/false-alarm-budget.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'
import { stepsOf } from '../../../../src/runbook/steps/app-steps.js'

const RUNBOOK = `apiVersion: canary/v1
kind: Runbook
windows: {office: {days: [mon], from: '09:00', to: '16:00', tz: Europe/Berlin}}
clusters: {eu: {context: e}, us: {context: u}}
apps: {echo: {}, foxtrot: {}}
steps:
  - start: v2
  - shift: 25
  - pause: 24h
  - shift: 50
    when: {window: office}
  - verify
  - pause: 24h
  - approve: go
  - finish
`

test('all proofs of a run together fail what is right in at most 0.1 % of all runs, however long they wait', () => {
  const runbook = parseRunbook(RUNBOOK, { file: 'r.yaml' })
  let sum = 0
  for (const cluster of runbook.clusters) {
    for (const app of ['echo', 'foxtrot']) {
      const { proof, watch } = falseAlarmBudget(runbook, stepsOf(runbook, app, cluster))
      sum += 6 * proof // what is found, start, two shifts, verify, finish
      for (let number = 1; number <= 10_000; number += 1) sum += 3 * watch(number)
    }
  }
  expect(sum).toBeLessThanOrEqual(0.001)
  expect(sum).toBeGreaterThan(0.00099)
})
