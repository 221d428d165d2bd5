import { expect, test } from 'vitest'
import { QUICK, startSandboxCli } from '../support/sandbox-cli.js'
import { startTraffic } from '../support/traffic.js'

test('a share that the canary has too few pods for is refused, or scaled for first; no request fails', async () => {
  const cli = await startSandboxCli(4, QUICK)
  try {
    const canary = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)
    const podsOf = async (version: string) => {
      const { stdout } = await cli.kubectl(
        `get deployment echo-${version} -n echo -o jsonpath={.status.readyReplicas}`.split(' '),
      )
      return Number(stdout)
    }
    await canary(0, 'install', 'echo', 'v1', '--with-virtual-service', '--set', 'deployment.v1.replicas=3')
    const users = startTraffic(`${cli.sandbox.proxyUrl}/echo`, 50)
    await canary(0, 'start', 'echo', 'v2', '--set-version', 'replicas=1')

    const { error } = await canary(6, 'shift', 'echo', '50')
    expect(error.message).toContain('v2 has 1 pod: 50 % of the load that the 3 of v1 carry needs 2.')
    expect(await podsOf('v2')).toBe(1)

    const { plan, stage } = await canary(0, 'shift', 'echo', '50', '--scale', 'auto')
    expect(plan.steps.map(({ name }: any) => name)).toEqual(['scale', 'weight'])
    expect(stage).toMatchObject({ name: 'weighted', weight: 50 })
    expect([await podsOf('v1'), await podsOf('v2')]).toEqual([3, 2])
    expect((await users.stop()).failures).toEqual({})
  } finally {
    await cli.close()
  }
})
