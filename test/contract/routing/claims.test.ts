import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { KubeObject } from '../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { type DataPlane, startDataPlane, until } from './data-plane.js'
import {
  deployment,
  KINDS,
  put,
  routeTable,
  service,
  single,
  upstream,
  virtualService,
  weighted,
} from './objects.js'

// What the recordings do not show, but canary and its users rely on: each claim measured with a real Gloo.

let plane: DataPlane
beforeAll(async () => {
  plane = await startDataPlane()
})
afterAll(() => plane.close())
beforeEach(() => plane.reset())

const echo = [service('echo'), upstream('echo'), deployment('echo', 'v1'), deployment('echo', 'v2')]

async function apply(...objects: KubeObject[]): Promise<void> {
  for (const object of objects) put(plane.store, KINDS[object.kind]!, object)
  await plane.settled()
}

async function answers(path = '/echo', headers: [string, string][] = []): Promise<string[]> {
  return Object.keys((await plane.count(path, headers, 5)).answers).sort()
}

function status(kind: 'routetables' | 'virtualservices', namespace: string, name: string) {
  return plane.store.get(RESOURCES[kind], namespace, name)?.status.statuses['gloo-system']
}

/** The seed's VirtualService with other parent matchers or another selector. */
function delegating(prefix: string, selector: object): KubeObject {
  const service = virtualService()
  service.spec.virtualHost.routes = [{ matchers: [{ prefix }], delegateAction: { selector } }]
  return service
}

test('a path outside the parent’s prefix is dropped, with a warning on both, and the others live', async () => {
  await apply(
    ...echo,
    delegating('/api', { labels: { apiGroup: 'example' }, namespaces: ['*'] }),
    routeTable('echo', [single('echo', 'v1'), single('echo', 'v2', { prefix: '/api/echo' })]),
  )
  expect(await answers('/echo')).toEqual(['404'])
  expect(await answers('/api/echo')).toEqual(['200 version:echo-v2'])
  const said =
    "required prefix: /api, prefix: /echo: invalid route: route table matchers must begin with the prefix of their parent route's matcher"
  expect(status('routetables', 'echo', 'echo-routes')).toMatchObject({ state: 'Warning' })
  expect(status('routetables', 'echo', 'echo-routes').reason).toContain(said)
  expect(status('virtualservices', 'gloo-system', 'app')).toMatchObject({ state: 'Warning' })
})

test('without namespaces a selector means the VirtualService’s own', async () => {
  await apply(
    ...echo,
    delegating('/', { labels: { apiGroup: 'example' } }),
    routeTable('echo', [single('echo', 'v1')]),
  )
  expect(await answers()).toEqual(['404'])
})

test('a delegation by expressions', async () => {
  const selector = {
    expressions: [{ key: 'apiGroup', operator: 'In', values: ['example'] }],
    namespaces: ['echo'],
  }
  await apply(...echo, delegating('/', selector), routeTable('echo', [single('echo', 'v1')]))
  expect(await answers()).toEqual(['200 version:echo-v1'])
})

test('a table with a lower weight goes first, whatever its namespace', async () => {
  const first = routeTable('echo', [single('echo', 'v2')])
  first.metadata.name = 'zz'
  first.spec.weight = -1
  await apply(...echo, virtualService(), routeTable('echo', [single('echo', 'v1')]), first)
  expect(await answers()).toEqual(['200 version:echo-v2'])
})

test('the routes of one listener freeze for every team while one table’s are refused by the proxy', async () => {
  await apply(...echo, virtualService(), routeTable('echo', [single('echo', 'v1')]))
  await apply(
    routeTable('echo', [
      single('echo', 'v2', { prefix: '/echo', headers: [{ name: 'a', value: '(', regex: true }] }),
    ]),
  )
  expect(await answers()).toEqual(['200 version:echo-v1'])
  await apply(
    service('dup'),
    upstream('dup'),
    deployment('dup', 'v1'),
    routeTable('dup', [single('dup', 'v1')]),
  )
  expect(await answers('/dup')).toEqual(['404'])
  expect(status('routetables', 'echo', 'echo-routes').state).toBe('Accepted')
})

test('a resource of a shape no CRD would admit changes nothing', async () => {
  await apply(...echo, virtualService(), routeTable('echo', [single('echo', 'v1')]))
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const headerManipulation = { responseHeadersToAdd: 'x' }
  await apply(routeTable('echo', [{ ...single('echo', 'v2'), options: { headerManipulation } }]))
  await until(() => said.mock.calls.flat().join('').includes('gloo: a resource cannot be translated'))
  said.mockRestore()
  expect(await answers()).toEqual(['200 version:echo-v1'])
})

test('endpoints of an Upstream take the port named as the Service’s where there are several', async () => {
  const several = service('echo')
  several.spec.ports = [
    { name: 'admin', port: 81, targetPort: 9090, protocol: 'TCP' },
    { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
  ]
  await apply(...echo, several, virtualService(), routeTable('echo', [single('echo', 'v1')]))
  expect(await answers()).toEqual(['200 version:echo-v1'])
})

test('each request is chosen for itself: 25 % is 25 %, on kept connections', async () => {
  await apply(...echo, virtualService(), routeTable('echo', [weighted('echo', { v1: 75, v2: 25 })]))
  const { answers: counts } = await plane.count('/echo', [], 2000)
  // Six standard deviations: one run in 500 million is outside by chance.
  expect(counts['200 version:echo-v2']).toBeGreaterThan(500 - 116)
  expect(counts['200 version:echo-v2']).toBeLessThan(500 + 116)
})

test('a version that is never ready gets no requests, and is ready again when the fault is taken back', async () => {
  const fault = plane.faults.add({ kind: 'never-ready', app: 'echo', version: 'v2' })
  for (const object of [...echo, virtualService(), routeTable('echo', [single('echo', 'v2')])]) {
    put(plane.store, KINDS[object.kind]!, object)
  }
  const available = () => plane.store.get(RESOURCES.deployments, 'echo', 'echo-v2')?.status?.availableReplicas
  await until(async () => (await answers())[0] === '200 version:echo-v1') // the fallback answers
  expect(available()).toBeUndefined()
  plane.faults.remove(fault.id)
  await until(() => available() === 1)
  await plane.settled()
  expect(await answers()).toEqual(['200 version:echo-v2'])
})

test('ordered errors are answered by the version they are ordered of', async () => {
  plane.faults.add({ kind: 'error-rate', app: 'echo', version: 'v1', percent: 100, status: 502 })
  await apply(
    ...echo,
    virtualService(),
    routeTable('echo', [single('echo', 'v1'), single('echo', 'v2', { prefix: '/v2' })]),
  )
  expect(await answers()).toEqual(['502 an ordered error'])
  expect(await answers('/v2')).toEqual(['200 version:echo-v2'])
  plane.faults.clear()
})

test('a rolling update fails no request: pods that end answer until the proxy knows', async () => {
  const slow = await startDataPlane({ drainMs: 150, endpointsMs: [40, 60] })
  try {
    const place = (object: KubeObject) => put(slow.store, KINDS[object.kind]!, object)
    for (const object of [...echo.slice(0, 2), deployment('echo', 'v1', 2), virtualService()]) place(object)
    place(routeTable('echo', [single('echo', 'v1')]))
    await slow.settled()
    await until(async () => (await slow.count('/echo', [], 1)).answers['200 version:echo-v1'])
    place(deployment('echo', 'v1', 2, 'hashicorp/http-echo:1.0'))
    const seen: Record<string, number> = {}
    const pods = () => slow.store.list(RESOURCES.pods, 'echo')
    const isDone = () =>
      pods().length === 2 && pods().every((pod) => pod.spec.containers[0].image === 'hashicorp/http-echo:1.0')
    while (!isDone()) {
      const { answers: counts } = await slow.count('/echo', [], 20)
      for (const [answer, count] of Object.entries(counts)) seen[answer] = (seen[answer] ?? 0) + count
    }
    expect(Object.keys(seen)).toEqual(['200 version:echo-v1'])
  } finally {
    await slow.close()
  }
})
