import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommandOutcome, QUICK, type SandboxCli, startSandboxCli } from '../helpers/sandbox-cli.js'

const runJs = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const chart = fileURLToPath(new URL('../../chart', import.meta.url))

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, seed: 5 })
  expect(await canary('install', 'echo', 'v1', '--with-virtual-service')).toMatchObject({ exitCode: 0 })
  expect(await canary('start', 'echo', 'v2')).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await cli.close()
})

function canary(...args: string[]): Promise<CommandOutcome> {
  return cli.canary(args, { env: { CANARY_PROBE_RATE: '0' } })
}

test('a revision that somebody makes while traffic is counted ends the check: exit 6', async () => {
  const args = ['verify', 'echo', '--probe-rate', '20']
  const verifying = execa(process.execPath, [runJs, ...args], {
    env: cli.env,
    extendEnv: false,
    reject: false,
  })
  await new Promise<void>((counting) => {
    verifying.stderr.on('data', (chunk) => String(chunk).includes('counting answers') && counting())
  })
  const upgrade = ['upgrade', 'echo', chart, '-n', 'echo', '--reuse-values', '--description', 'by hand']
  expect(await cli.helm(upgrade)).toMatchObject({ exitCode: 0 })

  const { exitCode, stderr } = await verifying

  expect(exitCode).toBe(6)
  expect(stderr).toContain('Release echo was changed by somebody else: expected revision 3, found 4 (')
})

test('raw answers are shown, and what is read from them', async () => {
  const { exitCode, stdout } = await canary('verify', 'echo', '--explain')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('GET /echo (marked) → http 200 in ')
  expect(stdout).toMatch(/sent +user-agent: canary\/\S+\n +stage: canary/)
  expect(stdout).toMatch(/body +version:echo-v2\n +read +the default image's body: v2\n/)
  expect(stdout).toContain('nothing was proven')
})

test('several paths are counted together and apart; what is asserted of answers is checked', async () => {
  const paths = ['--set-verify', 'paths={/echo,/echo/items}']
  const { proof } = JSON.parse((await canary('verify', 'echo', '--json', ...paths)).stdout)
  expect(proof.checks[0]).toMatchObject({ verdict: 'pass', latency: { p50: expect.any(Number) } })
  const { sent } = proof.checks[0]
  const ofEach = Object.values<{ sent: number }>(proof.checks[0].perPath).map((counts) => counts.sent)
  expect(ofEach.reduce((sum, count) => sum + count, 0)).toBe(sent)
  expect(Math.min(...ofEach)).toBeGreaterThan(200)

  const failed = await canary('verify', 'echo', '--set-verify', 'expect.body=v1')
  expect([failed.exitCode, failed.stderr]).toEqual([3, expect.stringContaining('unexpected body')])
})

test('a canary that is worse than the primary is kept back before anybody sees it', async () => {
  const compare = (duration: string) =>
    canary('verify', 'echo', '--compare', '--duration', duration, '--json')
  const healthy = await compare('5s')
  expect([healthy.exitCode, JSON.parse(healthy.stdout).comparison.verdict]).toEqual([0, 'pass'])

  cli.sandbox.faults.add({ kind: 'error-rate', app: 'echo', version: 'v2', percent: 20 })
  const { exitCode, stdout } = await compare('60s')
  const { error } = JSON.parse(stdout)
  expect([exitCode, error.evidence.comparison.verdict]).toEqual([3, 'fail'])
  const shift = await canary('shift', 'echo', '50', '--analyze', '--duration', '60s')
  cli.sandbox.faults.clear()
  expect([shift.exitCode, shift.stderr]).toEqual([3, expect.stringContaining('The canary is less healthy')])
  expect(shift.stderr).not.toContain('helm upgrade: revision')
})

test('settings that can not be used are refused before any probe, and before any upgrade', async () => {
  for (const [command, flags] of [
    ['verify echo', ['--set-verify', 'tolerence=2']],
    ['verify echo', ['--set-verify', 'version.body=v1']],
    ['verify echo', ['--probe-rate', '1e9']],
    ['shift echo 5', ['--tolerance', '10']],
    ['shift echo 50', ['--set-verify', 'version.body=(']],
  ] as const) {
    const { exitCode, stderr } = await canary(...command.split(' '), ...flags)
    expect([command, exitCode, stderr]).toEqual([command, 2, expect.stringMatching(/^✖ /m)])
    expect(stderr).not.toContain('revision 5')
  }
})
