import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

const script = fileURLToPath(new URL('seed-procedure.sh', import.meta.url))
const chart = fileURLToPath(new URL('../../chart', import.meta.url))
const values = fileURLToPath(new URL('../chart/fixtures', import.meta.url))

let cli: SandboxCli | undefined
afterEach(async () => {
  await cli?.close()
  cli = undefined
})

test.each(HELM_MAJORS)('the procedure by hand passes on the sandbox with Helm %i', async (major) => {
  cli = await startSandboxCli(major)
  const { exitCode, stdout, stderr } = await execa(script, [chart, values], {
    env: cli.env,
    extendEnv: false,
    reject: false,
  })
  expect(stderr).toBe('')
  expect({ exitCode, lastLine: stdout.split('\n').at(-1) }).toEqual({
    exitCode: 0,
    lastLine: '-- done: 6 revisions of echo',
  })
})
