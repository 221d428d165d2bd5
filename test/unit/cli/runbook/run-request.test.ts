import { expect, test } from 'vitest'
import { requestFor } from '../../../../src/cli/runbook/run-request.js'
import { runbookOf } from '../../runbook/run/run-model.js'

const identityOf = (...argv: string[]) =>
  requestFor(runbookOf('  - start: v2\n'), 'nightly', ['run', 'nightly.yaml', ...argv], {
    flags: {},
    metadata: { flags: {} },
  }).identity

test('the command that goes on has all that was asked for, but for what was meant for this once', () => {
  const argv = ['--only', 'echo', '--no-wait', '--on-failure=abort', '-n', 'shop', '--var', 'to=a b']
  const once = ['--yes', '--approve', 'qa=fine', '--approve=ops', '--dry-run', '-o', 'json', '--output=yaml']
  const { command, onward } = identityOf(...argv, '--until', 'qa', ...once)
  expect(onward).toBe(
    "canary run nightly.yaml --only echo --no-wait --on-failure=abort -n shop --var 'to=a b'",
  )
  expect(command).toBe(`${onward} --until qa`)
})
