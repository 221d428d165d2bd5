import { afterEach, describe, expect, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
afterEach(async () => {
  await cli.close()
})

describe("Gloo's strict admission", () => {
  test('install goes in two upgrades, and ends as it always does', async () => {
    cli = await startSandboxCli(3, QUICK)
    cli.sandbox.faults.add({ kind: 'strict-admission' })

    const installed = await cli.canary(['install', 'echo', 'v1', '--with-virtual-service', '--json'])

    expect(installed).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(installed.stdout)).toMatchObject({
      revision: 2,
      stage: { name: 'stable', primary: 'v1' },
      proofs: [{ proof: { verdict: 'pass' } }],
    })
    expect(installed.stderr).toMatch(/two upgrades.*first try is uninstalled/)
    const history = await cli.helm(['history', 'echo', '-n', 'echo', '-o', 'json'])
    const revisions: { status: string; description: string }[] = JSON.parse(history.stdout)
    expect(revisions.map(({ status }) => status)).toEqual(['superseded', 'deployed'])
    expect(revisions[0]?.description).toContain('install v1 without routes')
    const values = await cli.helm(['get', 'values', 'echo', '-n', 'echo', '-o', 'json'])
    expect(JSON.parse(values.stdout)).toEqual({
      deployment: { v1: {} },
      routes: { apiGroup: 'example', primary: { version: 'v1' } },
    })
    expect(await cli.canary(['start', 'echo', 'v2'])).toMatchObject({ exitCode: 0 })
  })
})
