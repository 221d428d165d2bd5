import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type OpenCluster, openCluster } from '../../../src/cluster/open.js'
import { openRouting, ROUTING_RESOURCES } from '../../../src/routing/select.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'
import { causesOfFailure } from './failed-proof.js'

let cli: SandboxCli
let cluster: OpenCluster
const before = { ...process.env }

beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, seed: 5 })
  Object.assign(process.env, cli.env)
  cluster = openCluster({}, ROUTING_RESOURCES)
  const env = { CANARY_PROBE_RATE: '0' }
  const install = ['install', 'echo', 'v1', '--with-virtual-service']
  expect(await cli.canary(install, { env })).toMatchObject({ exitCode: 0 })
  expect(await cli.canary(['start', 'echo', 'v2'], { env })).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await cluster.close()
  await cli.close()
  process.env = before
})

const ROUTES = ['routetable', 'echo-routes', '-n', 'echo']
const UPSTREAM = ['upstream', 'echo', '-n', 'echo']
const VIRTUAL_SERVICE = ['virtualservice', 'app', '-n', 'gloo-system']

function routeTable(namespace: string, name: string, spec: object): object {
  const metadata = { namespace, name, labels: { apiGroup: 'example' } }
  return { apiVersion: 'gateway.solo.io/v1', kind: 'RouteTable', metadata, spec }
}

function patch(path: string, value: unknown): string {
  return JSON.stringify([{ op: 'replace', path, value }])
}

const answer = { directResponseAction: { status: 200, body: 'somebody else' } }

test.each<[id: string, change: string[], input: object | undefined]>([
  ['no-virtual-service', ['delete', ...VIRTUAL_SERVICE], undefined],
  [
    'parent-prefix',
    [
      'patch',
      ...VIRTUAL_SERVICE,
      '--type',
      'json',
      '-p',
      patch('/spec/virtualHost/routes/0/matchers/0/prefix', '/api'),
    ],
    undefined,
  ],
  [
    'rival-table',
    ['apply', '-f', '-'],
    routeTable('aaa', 'echo-rival', { weight: -1, routes: [{ matchers: [{ prefix: '/echo' }], ...answer }] }),
  ],
  [
    'service-port',
    ['patch', ...UPSTREAM, '--type', 'json', '-p', patch('/spec/kube/servicePort', 8080)],
    undefined,
  ],
  ['upstream-missing', ['delete', ...UPSTREAM], undefined],
  [
    'route-table-rejected',
    [
      'patch',
      ...ROUTES,
      '--type',
      'json',
      '-p',
      patch('/spec/routes', [{ matchers: [{ prefix: '/echo' }] }]),
    ],
    undefined,
  ],
  ['no-route-table', ['delete', ...ROUTES], undefined],
  [
    'proxy-rejects',
    ['apply', '-f', '-'],
    routeTable('neighbour', 'bad', {
      routes: [
        { matchers: [{ prefix: '/bad', headers: [{ name: 'x', value: '(', regex: true }] }], ...answer },
      ],
    }),
  ],
  ['empty-subset-fallback', ['scale', 'deployment', 'echo-v2', '-n', 'echo', '--replicas', '0'], undefined],
])('what is wrong in the cluster is named: %s', async (id, change, input) => {
  const kept = await keep()
  const text = input && JSON.stringify(input)
  const namespace = (input as { metadata?: { namespace: string } } | undefined)?.metadata?.namespace
  if (namespace) await cli.kubectl(['create', 'namespace', namespace])
  expect(await cli.kubectl(change, text)).toMatchObject({ exitCode: 0 })
  try {
    await vi.waitFor(
      async () =>
        expect((await causesOfFailure(cluster))[0]).toMatchObject({ id, certainty: expect.any(String) }),
      {
        timeout: 60_000,
        interval: 100,
      },
    )
  } finally {
    if (input) await cli.kubectl(['delete', '-f', '-'], text)
    await restore(kept)
  }
})

test('a user who may read next to nothing gets a diagnosis all the same', async () => {
  cli.sandbox.faults.add({ kind: 'forbid', verb: '*', resource: 'routetables' })
  cli.sandbox.faults.add({ kind: 'forbid', verb: '*', resource: 'endpoints' })
  const provider = openRouting(cluster.kube).of({}, 'echo')
  const { snapshot } = await provider.snapshot({ name: 'echo', namespace: 'echo' })
  expect(snapshot.couldNotLook).toEqual(
    expect.arrayContaining(['routetables of other namespaces: forbidden', 'endpoints: forbidden']),
  )
  expect(snapshot.versions).toEqual([
    { version: 'v1', ready: 1, wanted: 1, problems: [] },
    expect.objectContaining({ version: 'v2', wanted: 1 }),
  ])
  expect((await causesOfFailure(cluster))[0]?.id).toBe('old-routes')
  cli.sandbox.faults.clear()
})

async function keep(): Promise<string> {
  const read = [ROUTES, UPSTREAM, VIRTUAL_SERVICE].map(([kind = '', name = '', ...where]) =>
    cli.kubectl(['get', kind, name, ...where, '-o', 'json']),
  )
  const objects = (await Promise.all(read)).map(({ stdout }) => JSON.parse(stdout) as Kept)
  const items = objects.map(
    ({ apiVersion, kind, spec, metadata: { name, namespace, labels, annotations } }) => ({
      apiVersion,
      kind,
      metadata: { name, namespace, labels, annotations },
      spec,
    }),
  )
  return items.map((item) => JSON.stringify(item)).join('\n---\n')
}

interface Kept {
  apiVersion: string
  kind: string
  spec: object
  metadata: Record<string, unknown>
}

async function restore(kept: string): Promise<void> {
  const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-']
  expect(await cli.kubectl(apply, kept)).toMatchObject({ exitCode: 0 })
  await cli.kubectl(['scale', 'deployment', 'echo-v2', '-n', 'echo', '--replicas', '1'])
  await cli.kubectl(['rollout', 'status', 'deployment', 'echo-v2', '-n', 'echo'])
}
