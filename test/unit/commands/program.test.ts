import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test, vi } from 'vitest'

const program = fileURLToPath(new URL('../../../bin/run.js', import.meta.url))
const fromSources = fileURLToPath(new URL('../../../bin/dev.js', import.meta.url))

/** The whole program, as a process of its own. */
async function canary(args: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
    reject: false,
    input: '',
    env: { ...env, NODE_OPTIONS: '' },
  })
  return { exitCode, stdout, stderr }
}

describe('the program', () => {
  test('its version', async () => {
    const { exitCode, stdout } = await canary(['--version'])
    expect(stdout).toMatch(/^canary-rollout\/\d+\.\d+\.\d+ /)
    expect(exitCode).toBe(0)
    expect((await canary(['version'])).stdout).toBe(stdout)
    expect((await canary(['-v'])).stdout).toBe(stdout)
    const dev = await execa(process.execPath, ['--import', 'tsx', fromSources, '--version'])
    expect(dev.stdout).toBe(stdout)
  })

  test('its help has the commands and the exit codes', async () => {
    const { exitCode, stdout } = await canary(['--help'])
    expect(exitCode).toBe(0)
    for (const command of ['install', 'start', 'shift', 'finish', 'abort', 'status', 'verify', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(stdout).toMatch(/EXIT CODES\n\s+0 +done, or nothing to do\n/)
  })

  test('help of a command, asked for either way', async () => {
    const { stdout } = await canary(['shift', '-h'])
    expect(stdout).toContain('$ canary shift APP WEIGHT [FLAGS]')
    expect(stdout).toMatch(/CLUSTER FLAGS[^]*PROBE FLAGS[^]*OUTPUT FLAGS[^]*EXAMPLES[^]*EXIT CODES/)
    expect((await canary(['help', 'shift'])).stdout).toBe(stdout)
  })

  test('a command that does not exist exits 2 and names the nearest', async () => {
    const text = await canary(['shfit', 'echo', '5'])
    expect(text).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        '✖ Unknown command "shfit".\n  now     Nothing was changed.\n' +
        '  next    canary shift    (did you mean this?)\n          canary --help    (all commands)',
    })
    const json = await canary(['shfit', '--json'])
    expect(json.exitCode).toBe(2)
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: 2, name: 'usage' })
  })

  test.each([
    [['help', 'shft'], 'Unknown command "shft".', 'canary shift '],
    [['help', 'runbook', 'lnt'], 'Unknown command "runbook lnt".', 'canary runbook lint '],
    [['promote', '--help'], 'Unknown command "promote".', 'canary finish APP'],
    [[''], 'Unknown command "".', 'canary --help'],
    [['--namespace', 'echo', 'sttus'], 'Unknown command "sttus".', 'canary status '],
    [['--namespace', 'echo', 'shift', 'echo'], 'WEIGHT is missing.', 'canary shift echo WEIGHT'],
  ])('%j exits 2 with a hint', async (argv, message, hint) => {
    const { exitCode, stderr } = await canary(argv)
    expect(exitCode, stderr).toBe(2)
    expect(stderr).toContain(`✖ ${message}\n`)
    expect(stderr).toContain(hint)
  })

  test('a sandbox started in the background, twice at once, is one, and ends when told', async () => {
    const state = await mkdtemp(path.join(tmpdir(), 'canary-program-'))
    const sandbox = (...args: string[]) => canary(['sandbox', ...args], { XDG_STATE_HOME: state })
    const start = () => sandbox('start', '--json', '--while-pid', String(process.pid))
    try {
      const starts = await Promise.all([start(), start()])
      expect(starts.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual([
        { exitCode: 0, stderr: '' },
        { exitCode: 0, stderr: '' },
      ])
      const [first, second] = starts.map(({ stdout }) => JSON.parse(stdout))
      expect(second).toEqual(first)
      expect((await fetch(`${first.apiUrl}/version`)).status).toBeLessThan(500)
      const { stdout } = await sandbox('env')
      expect(stdout).toContain(`export KUBECONFIG=${first.kubeconfig}`)
    } finally {
      const { stdout } = await sandbox('stop', '--json')
      await rm(state, { recursive: true })
      expect(JSON.parse(stdout).stopped).toBe(true)
    }
  })

  test('a sandbox that is there for a process ends with it, however that ends', async () => {
    const state = await mkdtemp(path.join(tmpdir(), 'canary-program-'))
    const owner = execa(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { reject: false })
    const env = { XDG_STATE_HOME: state, CANARY_SANDBOX_WHILE_PID: String(owner.pid) }
    try {
      const { stdout } = await canary(['sandbox', 'start', '--json'], env)
      const { apiUrl, kubeconfig } = JSON.parse(stdout) as { apiUrl: string; kubeconfig: string }
      expect((await fetch(`${apiUrl}/version`)).status).toBe(200)
      owner.kill('SIGKILL')
      await vi.waitUntil(() => !existsSync(kubeconfig), { timeout: 60_000 })
      await expect.poll(() => fetch(apiUrl).catch(() => 'gone'), { timeout: 60_000 }).toBe('gone')
      const late = await canary(['sandbox', 'start'], env)
      expect([late.exitCode, late.stderr]).toEqual([2, expect.stringContaining(`No process ${owner.pid}`)])
    } finally {
      await canary(['sandbox', 'stop'], env)
      await rm(state, { recursive: true })
    }
  }, 180_000)

  test('colour on demand only', async () => {
    expect((await canary(['status', 'V_2'])).stderr).not.toContain('\u001b[')
    expect((await canary(['status', 'V_2', '--color=always'])).stderr).toContain('\u001b[31m✖\u001b[39m')
  })
})
