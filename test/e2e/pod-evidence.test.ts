import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
  expect(await canary('install', 'echo', 'v1', '--with-virtual-service')).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await cli.close()
})

function canary(...args: string[]): Promise<CommandOutcome> {
  return cli.canary(args)
}

test('pods that crash: state, exit code, log and events, as a document', async () => {
  cli.sandbox.faults.add({ kind: 'crash', app: 'echo', version: 'v2' })

  const { exitCode, stdout } = await canary('start', 'echo', 'v2', '--json', '--timeout', '5s')

  expect(exitCode).toBe(5)
  const { error } = JSON.parse(stdout)
  expect(error).toMatchObject({
    message: expect.stringContaining('v2 has 0 of 1 pods ready (CrashLoopBackOff'),
    state: expect.stringContaining('deployed: v2 stands beside v1, every request goes to v1'),
    evidence: {
      unready: {
        pods: [{ version: 'v2', container: { name: 'echo-v2', state: 'waiting', exitCode: 1 } }],
        events: [{ object: expect.stringMatching(/^Pod echo-v2-/), reason: 'BackOff' }],
        notSeen: [],
      },
    },
  })
  expect(error.evidence.unready.pods[0].container.log).not.toEqual([])
  expect(error.details[0]).toMatch(
    /^pod echo-v2-\S+: Running, container echo-v2 waiting \(CrashLoopBackOff\), exit code 1, \d+ restarts?,/,
  )
})

test('pods that run and never get ready: for people; events that may not be read are named', async () => {
  cli.sandbox.faults.clear()
  cli.sandbox.faults.add({ kind: 'never-ready', app: 'echo', version: 'v3' })
  cli.sandbox.faults.add({ kind: 'forbid', verb: 'list', resource: 'events' })
  expect(await canary('abort', 'echo')).toMatchObject({ exitCode: 0 })

  const { exitCode, stderr } = await canary('start', 'echo', 'v3', '--timeout', '5s')

  expect(exitCode).toBe(5)
  expect(stderr).toMatch(/pod echo-v3-\S+: Running, container echo-v3 running\n\s+\| .*listening on :8080\n/)
  expect(stderr).toContain('not read: events: forbidden')
  expect(stderr).toMatch(/now .*deployed: v3 stands beside v1, every request goes to v1/)
  expect(stderr).toContain('canary abort echo    (roll back)')
})
