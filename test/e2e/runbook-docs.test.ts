import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { QUICK, startSandboxCli } from '../support/sandbox-cli.js'

const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

test('the script and the runbook of the docs come to the same, and go on after an approval', async () => {
  const cli = await startSandboxCli(4, QUICK)
  try {
    const env = { ...cli.env, CANARY: `${process.execPath} ${file('bin/run.js')}` }
    const canary = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await cli.canary(args, { env: { PAUSE: '100ms' } })
      return { exitCode, stderr, document: args.includes('--json') ? JSON.parse(stdout) : undefined }
    }
    const script = async (version: string, more: Record<string, string> = {}, app = 'echo') => {
      const options = { env: { ...env, PAUSE: '0', ...more }, extendEnv: false, cwd: cli.home, reject: false }
      return execa('sh', [file('docs/examples/rollout.sh'), app, version], options)
    }
    const stage = async () => (await canary('status', 'echo', '--json')).document.stage as object

    expect((await canary('install', 'echo', 'v1', '--with-virtual-service')).exitCode).toBe(0)
    const misspelt = await script('v2', {}, 'ecoh')
    expect(misspelt.exitCode).toBe(6)
    expect(misspelt.stderr).toContain('the nearest: echo (namespace echo)')
    expect(misspelt.stderr).not.toContain('under way')
    expect((await script('v2')).exitCode).toBe(8)
    expect(await stage()).toMatchObject({ name: 'header', canary: 'v2' })
    const approved = await script('v2', { APPROVED: 'yes' })
    expect({ code: approved.exitCode, stderr: approved.stderr }).toMatchObject({ code: 0 })
    expect(await stage()).toEqual({ name: 'stable', primary: 'v2' })
    expect((await script('v2')).exitCode).toBe(0)

    await copyFile(file('docs/examples/rollout.yaml'), path.join(cli.home, 'rollout.yaml'))
    const run = (...more: string[]) => canary('run', 'rollout.yaml', '--var', 'to=v3', ...more, '--json')
    expect((await run()).exitCode).toBe(8)
    expect(await stage()).toMatchObject({ name: 'header', canary: 'v3' })
    expect(await run('--approve', 'qa')).toMatchObject({ exitCode: 0 })
    expect(await stage()).toEqual({ name: 'stable', primary: 'v3' })
  } finally {
    await cli.close()
  }
})
