import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let cli: SandboxCli
const RIVAL = 'routes: {matches: [{prefix: /foxtrot}]}\n'

function canary(args: string[], { input, env }: { input?: string; env?: Record<string, string> } = {}) {
  return cli.canary(args, { input, env })
}

beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, seed: 11 })
  expect(await canary(['install', 'foxtrot', 'v1', '--with-virtual-service'])).toMatchObject({ exitCode: 0 })
})
afterAll(() => cli.close())

/** Findings of doctor that have such a text, as `status detail`. */
async function findings(args: string[], text: RegExp): Promise<string[]> {
  const { stdout } = await canary(['doctor', ...args, '--json'])
  const document = JSON.parse(stdout) as { findings: { status: string; detail: string }[] }
  return document.findings
    .map(({ status, detail }) => `${status} ${detail}`)
    .filter((line) => text.test(line))
}

describe("an app with another app's path", () => {
  const install = ['install', 'arival', 'v1', '-f', '-']

  test.each([[[]], [['--dry-run']]])('is not installed unasked %j', async (more) => {
    const { exitCode, stdout } = await canary([...install, ...more, '--json'], { input: RIVAL })

    expect(exitCode).toBe(6)
    const { error } = JSON.parse(stdout)
    expect(error.message).toBe('arival would take requests of foxtrot: their routes overlap.')
    expect(error.evidence.overlaps).toMatchObject([
      {
        own: 'winner',
        winner: { name: 'arival-routes', matcher: 'prefix /foxtrot' },
        loser: { name: 'foxtrot-routes', release: { name: 'foxtrot', namespace: 'foxtrot' } },
      },
    ])
    expect((await cli.helm(['list', '-A', '-q'])).stdout.trim()).toBe('foxtrot')
    expect((await cli.kubectl(['get', 'namespace', 'arival'])).exitCode).not.toBe(0)
  })

  test('is installed where it is allowed, and doctor has it from both sides', async () => {
    const { exitCode, stderr } = await canary(install, {
      input: RIVAL,
      env: { CANARY_ALLOW_OVERLAP: 'true' },
    })
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(
        'takes all requests of prefix /foxtrot of RouteTable foxtrot/foxtrot-routes',
      ),
    })

    const line = /arival-routes .* takes all requests of .*foxtrot-routes/
    expect(await findings(['arival'], line)).toEqual([expect.stringMatching(/^warning /)])
    expect(await findings(['foxtrot'], line)).toEqual([expect.stringMatching(/^problem /)])
    expect(await findings([], line)).toEqual([expect.stringMatching(/^warning /)])

    // The one it takes them from learns who does.
    const { stdout } = await canary(['verify', 'foxtrot', '--verify-timeout', '5s', '--json'])
    expect(JSON.parse(stdout).error.evidence.causes[0]).toMatchObject({ id: 'rival-table' })

    // Its own steps are not held up by what is there already.
    expect(await canary(['start', 'arival', 'v2'])).toMatchObject({ exitCode: 0 })
    expect(await canary(['abort', 'arival'])).toMatchObject({ exitCode: 0 })
    await cli.helm(['uninstall', 'arival', '-n', 'arival'])
  })
})

test('of two overlapping paths, one of one method only, the table that takes it is named', async () => {
  const zz = 'routes: {matches: [{prefix: /zz}, {exact: /same, methods: [GET]}]}\n'
  const bb = 'routes: {matches: [{prefix: /bb}, {prefix: /same}]}\n'
  expect(await canary(['install', 'zz', 'v1', '-f', '-'], { input: zz })).toMatchObject({ exitCode: 0 })
  const install = ['install', 'bb', 'v1', '-f', '-', '--verify-timeout', '5s', '--json']
  expect(await canary(install, { input: bb })).toMatchObject({ exitCode: 6 })

  const { exitCode, stdout } = await canary([...install, '--allow-overlap'], { input: bb })

  expect(exitCode).toBeGreaterThan(2)
  const [cause] = JSON.parse(stdout).error.evidence.causes
  expect(cause).toMatchObject({ id: 'rival-table', certainty: 'certain' })
  expect(cause.title).toBe(
    'RouteTable zz-routes in namespace zz takes requests of bb: its exact /same, GET comes before prefix /same of bb-routes',
  )
  expect(await findings(['bb'], /zz-routes .* takes some requests of .*bb-routes/)).toHaveLength(1)
  await cli.helm(['uninstall', 'bb', '-n', 'bb'])
  await cli.helm(['uninstall', 'zz', '-n', 'zz'])
})

describe('a second VirtualService for all domains', () => {
  test('is not made', async () => {
    const args = ['install', 'other', 'v1', '--api-group', 'other', '--with-virtual-service', '--json']
    const { exitCode, stdout } = await canary(args)
    expect(exitCode).toBe(6)
    const { error } = JSON.parse(stdout)
    expect(error.message).toContain('gloo-system/app')
    expect(error.details).toEqual([
      'VirtualService gloo-system/app exists, and delegates to RouteTables with apiGroup: example',
    ])
    expect((await cli.helm(['list', '-A', '-q'])).stdout.trim()).toBe('foxtrot')
  })

  test('that somebody made is named, with the other, by doctor and where routes do not come', async () => {
    await cli.kubectl(['create', 'namespace', 'web'])
    const twin = {
      apiVersion: 'gateway.solo.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'twin', namespace: 'web' },
      spec: { virtualHost: { domains: ['*'], routes: [] } },
    }
    await cli.kubectl(['apply', '-f', '-'], JSON.stringify(twin))
    const state = async (name: string, namespace: string) => {
      const path = "jsonpath={.status.statuses['gloo-system'].state}"
      return (await cli.kubectl(['get', 'virtualservice', name, '-n', namespace, '-o', path])).stdout
    }
    await vi.waitFor(
      async () =>
        expect([await state('twin', 'web'), await state('app', 'gloo-system')]).toEqual([
          'Rejected',
          'Rejected',
        ]),
      { timeout: 60_000, interval: 200 },
    )

    const both = /VirtualServices gloo-system\/app and web\/twin have domain \*/
    expect(await findings([], both)).toEqual([expect.stringMatching(/^problem /)])
    expect(await findings(['foxtrot'], both)).toEqual([expect.stringMatching(/^problem /)])
    const { exitCode, stdout } = await canary(['start', 'foxtrot', 'v2', '--verify-timeout', '5s', '--json'])
    expect(exitCode).toBeGreaterThan(2)
    const [cause] = JSON.parse(stdout).error.evidence.causes
    expect(cause).toMatchObject({ id: 'domain-conflict', certainty: 'certain' })
    expect(cause.title).toMatch(both)
  })
})
