import { afterEach, describe, expect, test } from 'vitest'
import { type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { startUsers, type Traffic } from '../support/traffic.js'
import { realGateways } from './real-gateway.js'

/** Requests that users send at least during the whole story. */
const LEAST = 10_000
const PER_SECOND = 60

let cli: SandboxCli | undefined
let users: Record<string, Traffic> = {}
afterEach(async () => {
  await Promise.all(Object.values(users).map((one) => one.stop()))
  users = {}
  await cli?.close()
  cli = undefined
})

const json = (...args: string[]): Promise<any> => cli!.document(0, args, { env: { CANARY_PROBE_RATE: '0' } })
const sent = () => Object.values(users).reduce((sum, { report }) => sum + report.sent, 0)

for (const { gateway, missing, options } of await realGateways()) {
  const lack = missing.length > 0 ? ` (not run: no ${missing.join(', ')})` : ''
  describe.skipIf(missing.length > 0)(`the real ${gateway}${lack}`, () => {
    test('no request fails from install to finish, in an undo and in an abort', async () => {
      cli = await startSandboxCli(4, { ...(await options()), drainMs: 2000, ownProcesses: true })
      await json('doctor')
      await json('install', 'echo', 'v1', '--gateway', 'gateways/public')
      users = startUsers(`${cli.sandbox.gatewayUrl}/echo`, PER_SECOND)
      await json('start', 'echo', 'v2')
      await json('shift', 'echo', '10')
      await json('shift', 'echo', '50')
      await json('shift', 'echo', '100')
      expect((await json('finish', 'echo', 'v2')).stage).toEqual({ name: 'stable', primary: 'v2' })
      expect((await json('undo', 'echo', 'v1')).stage).toEqual({ name: 'stable', primary: 'v1' })
      await json('start', 'echo', 'v3')
      await json('shift', 'echo', '50')
      expect((await json('abort', 'echo')).stage).toEqual({ name: 'stable', primary: 'v1' })
      await expect.poll(sent, { timeout: 120_000 }).toBeGreaterThan(LEAST)
      const reports = await Promise.all(
        Object.entries(users).map(async ([name, one]) => [name, await one.stop()] as const),
      )
      const count = sent()
      users = {}
      expect(Object.fromEntries(reports.map(([name, { failures }]) => [name, failures]))).toEqual({
        'kept connections': {},
        'kept connections, with the header': {},
        'fresh connections': {},
        'fresh connections, with the header': {},
      })
      process.stdout.write(`${gateway}: 0 of ${count} requests failed\n`)
    })
  })
}
