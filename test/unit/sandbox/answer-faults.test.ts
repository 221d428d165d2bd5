import { afterEach, beforeEach, expect, test } from 'vitest'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import type { Fault } from '../../../src/sandbox/faults.js'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.js'

// Routes of two versions without a cluster behind them would do for most, but the whole is as quick.
let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({ podStartMs: 5, drainMs: 0, routesMs: [1, 5], endpointsMs: [1, 5], seed: 3 })
  for (const version of ['v1', 'v2']) sandbox.store.create(RESOURCES.deployments, deployment(version))
  sandbox.store.create(RESOURCES.services, service())
  sandbox.store.create(RESOURCES.upstreams, upstream())
  sandbox.store.create(RESOURCES.routetables, table())
  sandbox.store.create(RESOURCES.virtualservices, virtualService())
  await until(async () => (await ask()).body.startsWith('version:echo-') && (await versions(40)).v2! > 0)
})
afterEach(() => sandbox.close())

test.each<[name: string, fault: Fault, isStruck: () => boolean | Promise<boolean>]>([
  ['wrong weights', { kind: 'wrong-weights', app: 'echo', percent: 0 }, async () => !(await versions(40)).v2],
  [
    'a header lost',
    { kind: 'strip-header', name: 'Stage' },
    async () => (await ask(CANARY)).version !== 'v9',
  ],
  [
    'a cache',
    { kind: 'cache', ms: 60_000 },
    async () => {
      const first = await ask()
      const more = [await ask(), await ask(CANARY), await ask(), await ask()]
      const isSame = more.every(
        ({ body, headers }) => body === first.body && headers.get('x-cache') === 'HIT',
      )
      return isSame && more.every(({ headers }) => headers.get('age') !== null)
    },
  ],
  [
    "somebody else's page",
    { kind: 'foreign-answers', percent: 100 },
    async () => (await ask()).body.includes('back soon'),
  ],
  ['a login', { kind: 'auth', status: 401 }, async () => (await ask()).status === 401],
  [
    'a redirect',
    { kind: 'redirect' },
    async () => {
      const { status, headers } = await ask()
      return status === 301 && headers.get('location')!.startsWith('https://')
    },
  ],
  ['no VirtualService', { kind: 'no-virtual-service' }, async () => (await ask()).status === 404],
  ['another prefix', { kind: 'parent-prefix', prefix: '/api' }, async () => (await ask()).status === 404],
  ['a rival', { kind: 'rival-table', app: 'echo' }, async () => (await ask()).body === 'the rival\n'],
  ['another port', { kind: 'wrong-service-port', app: 'echo' }, async () => (await ask()).status === 503],
  ['no Upstream', { kind: 'missing-upstream', app: 'echo' }, async () => (await ask()).status === 503],
  ['a table that is rejected', { kind: 'rejected-table', app: 'echo' }, () => stateOf() === 'Rejected'],
  ['a neighbour with no weights', { kind: 'neighbour-weights' }, () => proxyStateOf() === 'Rejected'],
])('%s: strikes, and is gone when it is taken back', async (_name, fault, isStruck) => {
  const before = specs()
  const { id } = sandbox.faults.add(fault)
  await until(isStruck)
  sandbox.faults.remove(id)
  await until(async () => {
    const { v1 = 0, v2 = 0 } = await versions(40)
    return v1 > 0 && v2 > 0 && v1 + v2 === 40 && stateOf() === 'Accepted' && proxyStateOf() === 'Accepted'
  })
  expect(specs()).toEqual(before)
})

test('a neighbour that the proxy refuses freezes the routes of all, with every status Accepted', async () => {
  sandbox.faults.add({ kind: 'bad-neighbour' })
  const old = table()
  old.spec.routes[0]!.routeAction.multi.destinations.reverse()
  const changed = { ...old, spec: { routes: [{ ...old.spec.routes[0]!, matchers: [{ prefix: '/other' }] }] } }
  sandbox.store.update(RESOURCES.routetables, changed)
  await until(() => generationServed())
  expect((await ask()).status).toBe(200)
  expect([stateOf(), proxyStateOf()]).toEqual(['Accepted', 'Accepted'])
  sandbox.faults.clear()
  await until(async () => (await ask()).status === 404)
})

test('routing that sticks to the connection', async () => {
  sandbox.faults.add({ kind: 'sticky', app: 'echo' })
  const { Client } = await import('undici')
  const client = new Client(sandbox.proxyUrl)
  const bodies = new Set<string>()
  for (let n = 0; n < 20; n += 1)
    bodies.add(await (await client.request({ path: '/echo', method: 'GET' })).body.text())
  await client.close()
  expect(bodies.size).toBe(1)
})

test('errors hidden by retries show in the number of attempts only', async () => {
  sandbox.faults.add({ kind: 'error-rate', app: 'echo', percent: 50 })
  sandbox.faults.add({ kind: 'retries', app: 'echo' })
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask()))
  const attempts = answers.map(({ headers }) => Number(headers.get('x-envoy-attempt-count')))
  expect(Math.max(...attempts)).toBeGreaterThan(1)
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(30)
})

const CANARY = { stage: 'canary' }

async function ask(headers: Record<string, string> = {}) {
  const answer = await fetch(`${sandbox.proxyUrl}/echo`, { headers, redirect: 'manual' })
  const body = await answer.text()
  const version = /^version:echo-(\w+)/.exec(body)?.[1]
  return { status: answer.status, headers: answer.headers, body, version }
}

async function versions(times: number): Promise<Record<string, number>> {
  const answers = await Promise.all(Array.from({ length: times }, () => ask()))
  const counts: Record<string, number> = {}
  for (const { version } of answers) if (version) counts[version] = (counts[version] ?? 0) + 1
  return counts
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

function statusOf(): any {
  const found = sandbox.store.get(RESOURCES.routetables, 'echo', 'echo-routes')
  return found?.status?.statuses?.['gloo-system']
}

function stateOf(): string {
  return statusOf()?.state
}

function proxyStateOf(): string {
  return statusOf()?.subresourceStatuses?.['*v1.Proxy.gateway-proxy_gloo-system']?.state
}

/** Whether Gloo has looked at the table as it is now: its status is written after each change. */
function generationServed(): boolean {
  return stateOf() === 'Accepted'
}

function specs(): unknown {
  const kinds = [RESOURCES.virtualservices, RESOURCES.routetables, RESOURCES.upstreams]
  return kinds.map((kind) => sandbox.store.list(kind).map(({ metadata, spec }) => [metadata.name, spec]))
}

function deployment(version: string): any {
  const labels = { app: 'echo', version }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `echo-${version}`, namespace: 'echo', labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'echo',
              image: 'hashicorp/http-echo',
              args: ['-listen=:8080', `-text=version:echo-${version}`],
              ports: [{ containerPort: 8080 }],
            },
          ],
        },
      },
    },
  }
}

function service(): any {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', namespace: 'echo' },
    spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: 8080 }] },
  }
}

function upstream(): any {
  const subsetSpec = { selectors: [{ keys: ['version'] }] }
  return {
    apiVersion: 'gloo.solo.io/v1',
    kind: 'Upstream',
    metadata: { name: 'echo', namespace: 'echo' },
    spec: { kube: { serviceName: 'echo', serviceNamespace: 'echo', servicePort: 80, subsetSpec } },
  }
}

function table() {
  const destination = (version: string) => ({
    destination: { upstream: { name: 'echo', namespace: 'echo' }, subset: { values: { version } } },
    weight: 50,
  })
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'RouteTable',
    metadata: { name: 'echo-routes', namespace: 'echo', labels: { apiGroup: 'example' } },
    spec: {
      routes: [
        {
          matchers: [{ prefix: '/echo' }],
          routeAction: { multi: { destinations: [destination('v1'), destination('v2')] } },
        },
      ],
    },
  }
}

function virtualService(): any {
  const selector = { labels: { apiGroup: 'example' }, namespaces: ['*'] }
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'app', namespace: 'gloo-system' },
    spec: {
      virtualHost: {
        domains: ['*'],
        routes: [{ matchers: [{ prefix: '/' }], delegateAction: { selector } }],
      },
    },
  }
}
