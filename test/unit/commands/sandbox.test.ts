import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import SandboxEnv from '../../../src/commands/sandbox/env.js'
import SandboxFault from '../../../src/commands/sandbox/fault.js'
import SandboxStart from '../../../src/commands/sandbox/start.js'
import SandboxStatus from '../../../src/commands/sandbox/status.js'
import SandboxStop from '../../../src/commands/sandbox/stop.js'
import { exportLine } from '../../../src/cli/sandbox/sandbox-texts.js'
import { type ControlServer, startControl } from '../../../src/sandbox/control.js'
import { stateFolder, writeState } from '../../../src/sandbox/daemon.js'
import { FaultRegistry } from '../../../src/sandbox/faults.js'
import { documentOf, runCommand } from './run-command.js'

let home: string
let control: ControlServer | undefined
let faults: FaultRegistry

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'canary-sandbox-command-'))
  vi.stubEnv('XDG_STATE_HOME', home)
  faults = new FaultRegistry()
})
afterEach(async () => {
  await control?.close()
  control = undefined
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

/** A sandbox as other processes see it: its state, and the door for faults. */
async function running(): Promise<string> {
  control = await startControl(faults, 'secret')
  const state = {
    pid: process.pid,
    apiUrl: 'http://127.0.0.1:1',
    proxyUrl: 'http://127.0.0.1:2',
    gatewayUrl: 'http://127.0.0.1:3',
    controlUrl: control.url,
    token: 'secret',
    startedAt: '2026-03-01T12:00:00Z',
  }
  return (await writeState(stateFolder(), state, 'apiVersion: v1\n')).kubeconfig
}

describe('without a sandbox', () => {
  test('status and stop say so, env and fault name the way to start one', async () => {
    expect(documentOf(await runCommand(SandboxStatus, ['--json']))).toEqual({ running: false })
    expect((await runCommand(SandboxStatus, [])).stdout).toBe('No sandbox is running: canary sandbox start\n')
    expect(documentOf(await runCommand(SandboxStop, ['--json']))).toEqual({ stopped: false })
    for (const command of [SandboxEnv, SandboxFault]) {
      const run = await runCommand(command, [])
      expect(run.exitCode).toBe(6)
      expect(run.stderr).toBe('✖ No sandbox is running.\n  next    canary sandbox start\n')
    }
  })
})

describe('with a sandbox', () => {
  test('status and a second start show it, without its token', async () => {
    const kubeconfig = await running()
    const status = await runCommand(SandboxStatus, ['--json'])
    expect(documentOf(status)).toEqual({
      running: true,
      pid: process.pid,
      kubeconfig,
      apiUrl: 'http://127.0.0.1:1',
      proxyUrl: 'http://127.0.0.1:2',
      gatewayUrl: 'http://127.0.0.1:3',
      startedAt: '2026-03-01T12:00:00Z',
    })
    const start = await runCommand(SandboxStart, [])
    expect(start.stdout).toMatch(/^✔ the sandbox is already running \(pid \d+\)/)
    expect(start.stdout).toContain(`export KUBECONFIG=${kubeconfig}\n`)
    expect(start.stdout).toContain('gateway http://127.0.0.1:3 (Gateway public in namespace gateways)\n')
    expect(start.stdout).not.toContain('secret')
  })

  test('an implementation that is not known is refused', async () => {
    const run = await runCommand(SandboxStart, ['--like', 'nginx'])
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain(
      'invalid value "nginx" for --like (expected envoy-gateway, contour, traefik)',
    )
  })

  test('env is lines for the shell', async () => {
    const kubeconfig = await running()
    expect((await runCommand(SandboxEnv, [])).stdout).toBe(
      `export KUBECONFIG=${kubeconfig}\nexport CANARY_SANDBOX_GATEWAY=http://127.0.0.1:3\n`,
    )
    expect(documentOf(await runCommand(SandboxEnv, ['--json']))).toEqual({
      KUBECONFIG: kubeconfig,
      CANARY_SANDBOX_GATEWAY: 'http://127.0.0.1:3',
    })
    expect(exportLine("/home/o'neil x/k")).toBe(`export KUBECONFIG='/home/o'\\''neil x/k'`)
  })

  test('faults are ordered, listed and taken back', async () => {
    await running()
    await runCommand(SandboxFault, ['never-ready', 'echo', 'v2'])
    await runCommand(SandboxFault, ['error-rate', 'echo', '5', 'v2', '500'])
    await runCommand(SandboxFault, ['latency', 'echo', '250'])
    const list = await runCommand(SandboxFault, ['propagation', '1.5s'])
    expect(list).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `1  never-ready app=echo version=v2
2  error-rate app=echo percent=5 version=v2 status=500
3  latency app=echo ms=250
4  propagation ms=1500
`,
    })
    expect(documentOf(await runCommand(SandboxFault, ['--remove', '2', '--json'])).faults).toHaveLength(3)
    expect((await runCommand(SandboxFault, ['--clear'])).stdout).toBe('no faults\n')
    expect(faults.list()).toEqual([])
  })

  test('faults of the API may be kept to some requests, and each to a time', async () => {
    await running()
    const narrowed = ['api-lost', '50', '--only', 'writes', '--resource', 'secrets', '--for', '20s']
    expect((await runCommand(SandboxFault, narrowed)).stdout).toBe(
      '1  api-lost percent=50 forMs=20000 only=writes resource=secrets\n',
    )
  })

  test.each([
    ['an unknown fault', ['earthquake'], /Unknown fault "earthquake"/, /never-ready APP VERSION/],
    ['a missing parameter', ['never-ready', 'echo'], /needs VERSION/, /never-ready APP VERSION/],
    ['a parameter too many', ['proxy-down', 'now'], /Unexpected "now"/, /fault proxy-down/],
    ['a number that is none', ['error-rate', 'echo', 'many'], /PERCENT "many"/, /APP PERCENT \[VERSION\]/],
    [
      'a choice that is none',
      ['api-lost', '5', '--only', 'some'],
      /only some is not one of reads, writes/,
      /api-lost/,
    ],
    [
      'a status that is no trouble',
      ['api-errors', '5', '200'],
      /not one of 429, 500, 503, 504/,
      /api-errors/,
    ],
    [
      'a choice where there is none',
      ['proxy-down', '--only', 'reads'],
      /proxy-down has no only/,
      /proxy-down/,
    ],
    ['a time that is none', ['proxy-down', '--for', 'long'], /--for "long"/, /like 20s/],
    ['a time for nothing', ['--for', '20s'], /--for needs a fault/, /api-down/],
    ['a fault that is not there', ['--remove', '9'], /there is no fault 9/, /lists them/],
    ['a number of a fault that is none', ['--remove', 'x'], /--remove "x"/, /lists them/],
  ])('%s is refused', async (_, argv, says, remedy) => {
    await running()
    const run = await runCommand(SandboxFault, argv)
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toMatch(says)
    expect(run.stderr).toMatch(remedy)
    expect(faults.list()).toEqual([])
  })
})
