import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import type { Fault } from '../../../src/sandbox/faults.js'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.js'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({ podStartMs: 1, drainMs: 1, routesMs: [1, 2], endpointsMs: [1, 2], seed: 1 })
})
afterEach(() => sandbox.close())

function order(fault: Fault): number {
  return sandbox.faults.add(fault).id
}

function api(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(sandbox.apiUrl + path, { ...init, headers: { 'content-type': 'application/json' } })
}

const MAPS = '/api/v1/namespaces/default/configmaps'
function createMap(name: string): Promise<Response> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  return api(MAPS, { method: 'POST', body })
}

describe("faults of the API's", () => {
  test.each([
    [429, 'TooManyRequests', '1'],
    [500, 'InternalError', null],
    [503, 'ServiceUnavailable', null],
  ])('errors: %i in the words of Kubernetes', async (status, reason, retryAfter) => {
    order({ kind: 'api-errors', percent: 100, status })
    const answer = await api(MAPS)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('retry-after')).toBe(retryAfter)
    expect(await answer.json()).toMatchObject({ kind: 'Status', status: 'Failure', reason, code: status })
  })

  test('errors of a share: the others are answered', async () => {
    order({ kind: 'api-errors', percent: 30 })
    const answers = await Promise.all(Array.from({ length: 200 }, () => api(MAPS)))
    const failed = answers.filter(({ status }) => status !== 200)
    expect(failed.length).toBeGreaterThan(30)
    expect(failed.length).toBeLessThan(90)
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([429, 500, 503]))
  })

  test('a lost answer: the write is done all the same', async () => {
    const fault = order({ kind: 'api-lost', percent: 100 })
    await expect(createMap('lost')).rejects.toThrow()
    sandbox.faults.remove(fault)
    expect((await api(`${MAPS}/lost`)).status).toBe(200)
  })

  test('down: nothing is done', async () => {
    const fault = order({ kind: 'api-down' })
    await expect(createMap('never')).rejects.toThrow()
    sandbox.faults.remove(fault)
    expect((await api(`${MAPS}/never`)).status).toBe(404)
  })

  test('stalled: no answer, however long one waits', async () => {
    order({ kind: 'api-stall', percent: 100 })
    await expect(api(MAPS, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort|timeout/i)
  })

  test('expired credentials', async () => {
    order({ kind: 'expired-credentials' })
    expect((await api(MAPS)).status).toBe(401)
  })

  test('watches that are dropped end, and can be opened again', async () => {
    order({ kind: 'drop-watches', ms: 10 })
    const watch = await api(`${MAPS}?watch=1`)
    expect(await watch.text()).toBe('')
    expect((await api(`${MAPS}?watch=1`)).status).toBe(200)
  })

  test('faults do not reach the door by which they are taken back', async () => {
    order({ kind: 'api-down' })
    const headers = { authorization: `Bearer ${sandbox.token}` }
    const answer = await fetch(`${sandbox.controlUrl}/faults`, { method: 'DELETE', headers })
    expect(answer.status).toBe(200)
    expect((await api(MAPS)).status).toBe(200)
  })

  test('a fault with a time ends by itself', async () => {
    order({ kind: 'expired-credentials', forMs: 30 })
    expect((await api(MAPS)).status).toBe(401)
    await vi.waitUntil(async () => (await api(MAPS)).status === 200)
    expect(sandbox.faults.list()).toEqual([])
  })
})

describe('faults of the proxy', () => {
  test('reset and stalled, of a share or all', async () => {
    const reset = order({ kind: 'proxy-reset', percent: 100 })
    await expect(fetch(sandbox.proxyUrl)).rejects.toThrow()
    sandbox.faults.remove(reset)
    order({ kind: 'proxy-stall', percent: 100 })
    await expect(fetch(sandbox.proxyUrl, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
    sandbox.faults.clear()
    expect((await fetch(sandbox.proxyUrl)).status).toBe(404)
  })
})

describe("Gloo's strict admission", () => {
  const TABLES = '/apis/gateway.solo.io/v1/namespaces/default/routetables'
  function createTable(routeAction: object): Promise<Response> {
    const spec = { routes: [{ matchers: [{ prefix: '/' }], routeAction }] }
    const metadata = { name: 'routes', namespace: 'default' }
    const body = { apiVersion: 'gateway.solo.io/v1', kind: 'RouteTable', metadata, spec }
    return api(TABLES, { method: 'POST', body: JSON.stringify(body) })
  }
  const upstream = { name: 'echo', namespace: 'default' }

  test('a route to an Upstream that is not there is denied, one to an Upstream that is there is not', async () => {
    order({ kind: 'strict-admission' })
    const denied = await createTable({ single: { upstream } })
    expect(denied.status).toBe(400)
    expect(((await denied.json()) as { message: string }).message).toMatch(
      /^admission webhook "gloo\.gloo-system\.svc" denied the request: resource incompatible with current Gloo snapshot: .*\*v1\.Upstream \{ default\.echo \} not found/,
    )
    sandbox.store.create(RESOURCES.upstreams, {
      apiVersion: 'gloo.solo.io/v1',
      kind: 'Upstream',
      metadata: upstream,
      spec: {},
    })
    expect((await createTable({ single: { upstream } })).status).toBe(201)
  })

  test('weights that sum to 0 are denied; without the fault nothing is', async () => {
    const destination = { upstream }
    const multi = { destinations: [{ destination, weight: 0 }] }
    const fault = order({ kind: 'strict-admission' })
    expect((await createTable({ multi })).status).toBe(400)
    sandbox.faults.remove(fault)
    expect((await createTable({ single: destination })).status).toBe(201)
  })
})
