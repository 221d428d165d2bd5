import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, briefProofs: false, seed: 9, proxies: 3 })
  for (const command of ['install echo v1 --with-virtual-service', 'start echo v2'])
    expect(await canary(...command.split(' '))).toMatchObject({ exitCode: 0 })
})
afterAll(() => cli.close())
afterEach(() => cli.sandbox.faults.clear())

function canary(...args: string[]): Promise<CommandOutcome> {
  return cli.canary(args, { env: { CANARY_PROBE_RATE: '0' } })
}

const proofOf = ({ stdout }: CommandOutcome) => JSON.parse(stdout).proof

test('each is asked by itself', async () => {
  const proof = proofOf(await canary('verify', 'echo', '--json'))
  expect(proof).toMatchObject({ verdict: 'pass', url: cli.sandbox.proxyUrl })
  expect(proof.proxies).toHaveLength(3)
  expect(Object.keys(proof.checks[0].perProxy).sort()).toEqual(proof.proxies)
  for (const { sent } of Object.values<{ sent: number }>(proof.checks[0].perProxy)) expect(sent).toBe(153)
})

test('all by the address they share, where each is not wanted or may not be reached', async () => {
  const shared = proofOf(await canary('verify', 'echo', '--json', '--no-each-proxy'))
  expect([shared.verdict, shared.proxies]).toEqual(['pass', undefined])

  cli.sandbox.faults.add({ kind: 'forbid', verb: 'create', resource: 'pods/portforward' })
  const { exitCode, stderr } = await canary('verify', 'echo')
  expect(exitCode).toBe(0)
  expect(stderr).toContain('The proxies cannot be probed one by one, only at their shared address')
  expect(await canary('verify', 'echo', '--each-proxy')).toMatchObject({ exitCode: 5 })
})

test('one that is stuck fails the step and is named; when it has caught up the same command is done', async () => {
  cli.sandbox.faults.add({ kind: 'proxy-stuck' })
  const outcome = await canary('shift', 'echo', '50', '--json', '--verify-timeout', '5s')
  const { error } = JSON.parse(outcome.stdout)
  expect(outcome.exitCode).toBe(4)
  expect(error.message).toMatch(/2 of 3 proxies serve the wanted routes, gateway-proxy-\S+ did not/)
  expect(error.evidence.causes[0]).toMatchObject({ id: 'proxy-behind', certainty: 'certain' })

  cli.sandbox.faults.clear()
  expect(await canary('shift', 'echo', '50')).toMatchObject({ exitCode: 0 })
})
