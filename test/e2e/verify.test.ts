import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

const runJs = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const chart = fileURLToPath(new URL('../../chart', import.meta.url))

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, briefProofs: false, seed: 5 })
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
  expect(stdout).toContain('GET /echo (canary) → http 200 in ')
  expect(stdout).toMatch(/sent +user-agent: canary\/\S+\n +stage: canary/)
  expect(stdout).toMatch(/body +version:echo-v2\n +read +the default image's body: v2\n/)
  expect(stdout).toContain('nothing was verified')
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
    canary('verify', 'echo', '--analyze', '--duration', duration, '--json')
  const healthy = await compare('5s')
  expect([healthy.exitCode, JSON.parse(healthy.stdout).analysis.verdict]).toEqual([0, 'pass'])

  cli.sandbox.faults.add({ kind: 'error-rate', app: 'echo', version: 'v2', percent: 20 })
  const { exitCode, stdout } = await compare('60s')
  const { error } = JSON.parse(stdout)
  expect([exitCode, error.evidence.analysis.verdict]).toEqual([3, 'fail'])
  const shift = await canary('shift', 'echo', '50', '--analyze', '--duration', '60s')
  cli.sandbox.faults.clear()
  expect([shift.exitCode, shift.stderr]).toEqual([
    3,
    expect.stringContaining('The canary failed the analysis'),
  ])
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

describe('values that ask for what the caller alone may decide', () => {
  const secret = 'AKIA-s3cret-0123456789'
  const asVictim = (args: string[]) =>
    cli.canary(args, {
      env: { CANARY_PROBE_RATE: '0', AWS_SECRET_ACCESS_KEY: secret, CANARY_PROBE_HEADER: `x-mine=${secret}` },
    })
  let requests: IncomingMessage[]
  let server: Server
  let origin: string
  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request)
      response.end('version:golf-v1')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await canary('install', 'golf', 'v1')).toMatchObject({ exitCode: 0 })
    expect(await canary('start', 'golf', 'v2')).toMatchObject({ exitCode: 0 })
  })
  afterAll(() => new Promise((closed) => server.close(closed)))
  beforeEach(() => {
    requests = []
  })

  /** As anybody may who can write the release: by helm alone. */
  async function withValues(verify: object): Promise<void> {
    const args = ['upgrade', 'golf', chart, '-n', 'golf', '--reset-values', '--values', '-']
    const routes = {
      apiGroup: 'example',
      primary: { version: 'v1' },
      canary: { version: 'v2', weight: 0, headers: { stage: 'canary' } },
    }
    const values = { deployment: { v1: {}, v2: {} }, routes, verify }
    expect(await cli.helm(args, JSON.stringify(values))).toMatchObject({ exitCode: 0 })
  }

  test.each([
    [
      'a variable',
      { request: { headers: { 'x-a': 'env:AWS_SECRET_ACCESS_KEY' } } },
      '--allow-env AWS_SECRET',
    ],
    ['a method', { request: { method: 'DELETE' } }, '--allow-request DELETE'],
    ["another's path", { paths: ['/echo/admin/delete?all=1'] }, "--allow-request '/echo/admin/delete?all=1'"],
  ])('%s: no request is sent, nothing of the environment shows', async (_, verify, remedy) => {
    await withValues(verify)
    for (const args of [
      ['verify', 'golf', '--json'],
      ['shift', 'golf', '50'],
    ]) {
      const { exitCode, stdout, stderr } = await asVictim([...args, '--proxy-url', origin])
      expect([args, exitCode, stderr]).toEqual([args, 2, expect.stringContaining(remedy)])
      expect(stdout + stderr).not.toContain(secret)
    }
    expect(requests).toEqual([])
    const outcome = await cli.canary(
      ['verify', 'golf', '--explain', '--proxy-url', origin, ...allowing(remedy)],
      { env: { AWS_SECRET_ACCESS_KEY: secret } },
    )
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(requests.length).toBeGreaterThan(0)
  })

  test('Prometheus: the analysis is refused, nothing is asked', async () => {
    const metrics = [{ name: 'errors', query: 'errors', max: 0 }]
    await withValues({ prometheus: origin, metrics })
    const compare = ['verify', 'golf', '--analyze', '--duration', '500ms']
    const refused = await asVictim(compare)
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`--allow-request ${origin}`),
    ])
    expect(requests).toEqual([])

    await asVictim([...compare, '--allow-request', origin])
    expect(requests.map(({ method, url }) => [method, url])).toContainEqual(['POST', '/api/v1/query'])
    expect(JSON.stringify(requests.map((request) => request.headers))).not.toContain(secret)
  })
})

/** The flag of a remedy, and its value without quotes. */
function allowing(remedy: string): string[] {
  const [flag = '', value = ''] = remedy.split(' ')
  return [flag, value === 'AWS_SECRET' ? 'AWS_SECRET_ACCESS_KEY' : value.replaceAll("'", '')]
}
