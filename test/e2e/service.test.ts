import { expect, test } from 'vitest'
import type { HelmMajor } from '../../scripts/tools.js'
import type { SandboxOptions } from '../../src/sandbox/sandbox.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { startTraffic } from '../support/traffic.js'

/** A service of one's own: 3 s until its pods are ready, 2 s until they have drained, three routes. */
const VALUES = `
app:
  image: {repository: sandbox.canary/service}
  port: 9000
  replicas: 2
  env:
    START_MS: "3000"
    DRAIN_MS: "2000"
    PASSWORD: {secretKeyRef: {name: shop-db, key: password}}
  config:
    files: {app.yaml: "greeting: hello\\n"}
    env: {GREETING: "hello {{ world }}"}
  resources: {requests: {cpu: 10m, memory: 16Mi}}
  probes:
    readiness: {path: /healthz, periodSeconds: 1}
    liveness: {path: /healthz, initialDelaySeconds: 10}
  drainSeconds: 1
  podDisruptionBudget: {maxUnavailable: 1}
routes:
  matches:
    - {prefix: /shop}
    - {exact: /status, methods: [GET]}
    - {regex: "/items/[0-9]+"}
  options: {timeout: 5s}
verify:
  version: {json: $.version}
  paths: [/shop, /status, /items/42]
test: {enabled: true}
`
const PATHS = ['/shop/cart', '/status', '/items/7']

const json = (cli: SandboxCli, ...args: string[]): Promise<any> => cli.document(0, args)

async function withSandbox(
  major: HelmMajor,
  options: SandboxOptions,
  work: (cli: SandboxCli) => Promise<void>,
): Promise<void> {
  const cli = await startSandboxCli(major, { ...options, briefProofs: false })
  cli.env.CANARY_PROBE_RATE = '0'
  try {
    await work(cli)
  } finally {
    await cli.close()
  }
}

// Most of their time is pods' time: side by side.
test.concurrent(
  'a service of one’s own goes from 1.9 to 1.10, and back from 1.10.1_b, and no request fails',
  () =>
    withSandbox(3, { ...QUICK, podStartMs: 100 }, async (cli) => {
      await cli.kubectl(['create', 'namespace', 'shop'])
      await cli.kubectl(['create', 'secret', 'generic', 'shop-db', '-n', 'shop', '--from-literal=password=x'])

      const args = ['install', 'shop', '1.9', '-f', '-', '--with-virtual-service']
      const installed = await cli.document(0, args, { input: VALUES })
      expect(Object.keys(installed.proofs[0].proof.checks[0].perPath)).toEqual([
        '/shop',
        '/status',
        '/items/42',
      ])
      const versionOf = (body: string) => JSON.parse(body).version as string | undefined
      const users = PATHS.map((asked) => startTraffic(`${cli.sandbox.proxyUrl}${asked}`, 34, versionOf))

      await json(cli, 'start', 'shop', '1.10')
      await json(cli, 'shift', 'shop', '50')
      const finished = await json(cli, 'finish', 'shop', '1.10')
      expect(finished.stage).toEqual({ name: 'stable', primary: '1.10' })

      await json(cli, 'start', 'shop', '1.10.1_b')
      await json(cli, 'shift', 'shop', '25')
      const aborted = await json(cli, 'abort', 'shop')
      expect(aborted.stage).toEqual({ name: 'stable', primary: '1.10' })

      for (const { failures, bodies } of await Promise.all(users.map((one) => one.stop()))) {
        expect(failures).toEqual({})
        expect(Object.keys(bodies).sort()).toEqual(['1.10', '1.10.1_b', '1.9'])
      }
      const tested = await cli.helm(['test', 'shop', '-n', 'shop'])
      expect({ exitCode: tested.exitCode, said: tested.exitCode === 0 ? '' : tested.stderr }).toEqual({
        exitCode: 0,
        said: '',
      })
    }),
)

test.concurrent('a version is shadowed before anybody sees it: copies are counted, and abort ends them', () =>
  withSandbox(4, QUICK, async (cli) => {
    await json(cli, 'install', 'echo', 'v1', '--with-virtual-service')
    const users = startTraffic(`${cli.sandbox.proxyUrl}/echo`, 50)
    const started = await json(cli, 'start', 'echo', 'v2', '--deploy-only', '--shadow', '20')
    expect(started.stage).toEqual({ name: 'deployed', primary: 'v1', canary: 'v2', shadow: 20 })
    const { shadow } = started.proofs.at(-1).proof
    expect(shadow).toMatchObject({ version: 'v2', verdict: 'pass' })
    expect(shadow.shadowed).toBeGreaterThan(0)
    expect((await json(cli, 'status', 'echo')).stage.shadow).toBe(20)

    await json(cli, 'start', 'echo', 'v2')
    await json(cli, 'abort', 'echo')
    await json(cli, 'start', 'echo', 'v2', '--deploy-only', '--shadow', '100')
    expect((await json(cli, 'verify', 'echo')).proof.shadow.verdict).toBe('pass')
    const aborted = await json(cli, 'abort', 'echo')
    expect(aborted.plan.steps.map(({ name }: any) => name)).toEqual(['route-back', 'remove-canary'])
    const { failures, bodies } = await users.stop()
    expect(failures).toEqual({})
    expect(Object.keys(bodies)).toEqual(['version:echo-v1'])
  }),
)
