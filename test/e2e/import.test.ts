import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
afterEach(() => cli.close())

const chart = (part: number) => fileURLToPath(new URL(`fixtures/part-${part}`, import.meta.url))

async function byHand(part: number, values: object): Promise<void> {
  const args = ['upgrade', '--install', 'echo', chart(part), '-n', 'echo', '--create-namespace', '-f', '-']
  const { exitCode, stderr } = await cli.helm(args, JSON.stringify(values))
  expect({ exitCode, said: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, said: '' })
}

const canary = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

async function pods(): Promise<string[]> {
  const { stdout } = await cli.kubectl(['get', 'pods', '-n', 'echo', '-o', 'name'])
  return stdout.split('\n').filter(Boolean).sort()
}

/** The VirtualService that the procedure makes once for all apps. */
async function selecting(apiGroup: string): Promise<void> {
  const routes = [
    {
      matchers: [{ prefix: '/' }],
      delegateAction: { selector: { labels: { apiGroup }, namespaces: ['*'] } },
    },
  ]
  const object = {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'app', namespace: 'gloo-system' },
    spec: { virtualHost: { domains: ['*'], routes } },
  }
  await cli.kubectl(['apply', '-f', '-'], JSON.stringify(object))
}

test('a canary under way by hand, part 3, is taken over with its pods', async () => {
  cli = await startSandboxCli(3, QUICK)
  await selecting('example')
  const both = { deployment: { v1: {}, v2: {} } }
  await byHand(3, both)
  await byHand(3, { ...both, routes: { canary: { version: 'v2', headers: { stage: 'canary' } } } })
  await cli.kubectl(['wait', 'pods', '--all', '-n', 'echo', '--for=condition=Ready', '--timeout=120s'])
  const before = await pods()

  const imported = await canary(0, 'import', 'echo')
  expect(imported.stage).toMatchObject({ name: 'header', primary: 'v1', canary: 'v2' })
  expect(imported.proofs[0].proof.convergence).toBe('fingerprint')
  expect(await pods()).toEqual(before)

  expect((await canary(0, 'shift', 'echo', '100')).stage).toMatchObject({ name: 'shifted' })
})

test('part 4: several prefixes and a shadowed version; what the pods are is kept, or refused', async () => {
  cli = await startSandboxCli(4, QUICK)
  await selecting('team')
  const config = (version: string) => ({
    replicas: 2,
    args: [`-text=version:{{ .Release.Name }}-${version}`, '-listen=:8080'],
  })
  const values = {
    deployment: { v1: config('v1'), v2: config('v2') },
    routing: {
      apiGroup: 'team',
      version: 'v1',
      options: { shadowing: { version: 'v2' } },
      routes: [{ prefix: '/{{ .Release.Name }}/foo' }, { prefix: '/{{ .Release.Name }}/bar' }],
    },
  }
  await byHand(4, values)
  await cli.kubectl(['wait', 'pods', '--all', '-n', 'echo', '--for=condition=Ready', '--timeout=120s'])
  const before = await pods()
  const imported = await canary(0, 'import', 'echo')
  expect(imported.stage).toEqual({ name: 'deployed', primary: 'v1', canary: 'v2', shadow: 100 })
  const { checks, shadow } = imported.proofs[0].proof
  expect(Object.keys(checks[0].perPath)).toEqual(['/echo/foo', '/echo/bar'])
  expect(shadow.verdict).toBe('pass')
  expect(await pods()).toEqual(before)
  expect((await canary(0, 'status', 'echo')).stage).toMatchObject({ name: 'deployed', primary: 'v1' })
  expect((await canary(0, 'start', 'echo', 'v2')).stage).toMatchObject({ name: 'header' })
})

test('what can not be taken over is refused before anything is changed', async () => {
  cli = await startSandboxCli(4, QUICK)
  const routing = { apiGroup: 'team', version: 'v1', routes: [{ prefix: '/echo' }] }
  // The bundled chart gives an image of one's own a tag.
  await byHand(4, { deployment: { v1: { args: ['-listen=:8080'], image: 'shop/echo' } }, routing })
  const { error: untagged } = await canary(6, 'import', 'echo')
  expect(untagged.details).toEqual([
    'Deployment echo-v1: ~ spec.template.spec.containers[echo-v1].image: "shop/echo" → "shop/echo:latest"',
  ])
  await byHand(4, { deployment: { v1: {}, v2: {}, v3: {} }, routing })
  expect((await canary(6, 'import', 'echo')).error.message).toContain('more than two versions')
})
