import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type CommandOutcome, QUICK, type SandboxCli, startSandboxCli } from '../helpers/sandbox-cli.js'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

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
  expect(stderr).toContain('by hand')
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
