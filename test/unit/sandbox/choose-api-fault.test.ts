import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { faultProblem } from '../../../src/sandbox/fault-parameters.js'
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
    [504, 'Timeout', null],
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

  test('the same seed strikes the same requests, whatever users send meanwhile', async () => {
    const other = await startSandbox({ seed: 1 })
    const outcomes = async ({ apiUrl, proxyUrl, faults }: Sandbox, noise: number) => {
      faults.add({ kind: 'api-errors', percent: 40 })
      const statuses: number[] = []
      for (let sent = 0; sent < 20; sent += 1) {
        for (let more = 0; more < noise; more += 1) await fetch(proxyUrl)
        statuses.push((await fetch(apiUrl + MAPS)).status)
      }
      return statuses
    }
    try {
      expect(await outcomes(sandbox, 0)).toEqual(await outcomes(other, 2))
    } finally {
      await other.close()
    }
  })

  test.each<['reads' | 'writes', number, number]>([
    ['reads', 503, 201],
    ['writes', 200, 503],
  ])('only %s are struck where that is said', async (only, read, written) => {
    order({ kind: 'api-errors', percent: 100, status: 503, only })
    expect((await api(MAPS)).status).toBe(read)
    expect((await createMap('one')).status).toBe(written)
    expect((await api('/version')).status).toBe(read)
  })

  test('only requests for one kind are struck where that is said', async () => {
    order({ kind: 'api-errors', percent: 100, status: 503, resource: 'configmaps' })
    expect((await api(MAPS)).status).toBe(503)
    expect((await api('/api/v1/namespaces')).status).toBe(200)
    expect((await api('/version')).status).toBe(200)
  })

  test('a lost answer: the write is done all the same, and a refusal is lost too', async () => {
    const fault = order({ kind: 'api-lost', percent: 100, only: 'writes' })
    await expect(createMap('lost')).rejects.toThrow()
    await expect(createMap('lost')).rejects.toThrow()
    sandbox.faults.remove(fault)
    expect((await api(`${MAPS}/lost`)).status).toBe(200)
    expect((await createMap('lost')).status).toBe(409)
  })

  test.each<[string, Fault]>([
    ['down', { kind: 'api-down' }],
    ['reset', { kind: 'api-reset', percent: 100 }],
  ])('%s: nothing is done', async (_, ordered) => {
    const fault = order(ordered)
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

  test('watches that expire: one that goes on from a version has to begin anew', async () => {
    const { resourceVersion } = ((await (await api(MAPS)).json()) as any).metadata
    order({ kind: 'expire-watches', percent: 100 })
    const watch = await api(`${MAPS}?watch=1&resourceVersion=${resourceVersion}`)
    expect(JSON.parse(await watch.text())).toMatchObject({
      type: 'ERROR',
      object: {
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(/^too old resource version: \d+ /),
      },
    })
    const anew = await api(`${MAPS}?watch=1&timeoutSeconds=1`)
    expect(anew.status).toBe(200)
    await anew.body!.cancel()
  })

  test('faults do not reach the door by which they are taken back', async () => {
    order({ kind: 'api-down' })
    const headers = { authorization: `Bearer ${sandbox.token}` }
    const answer = await fetch(`${sandbox.controlUrl}/faults`, { method: 'DELETE', headers })
    expect(answer.status).toBe(200)
    expect((await api(MAPS)).status).toBe(200)
  })

  test('a fault with a time ends by itself', async () => {
    order({ kind: 'expired-credentials', forMs: 1500 })
    expect((await api(MAPS)).status).toBe(401)
    await vi.waitUntil(async () => (await api(MAPS)).status === 200, { timeout: 60_000 })
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

test.each([
  [{ kind: 'api-errors', percent: 5, status: 418 }, 'status 418 is not one of 429, 500, 503, 504'],
  [{ kind: 'api-lost', percent: 5, only: 'some' }, 'only some is not one of reads, writes'],
  [{ kind: 'api-stall', percent: 5, resource: 'Pod' }, /^resource "Pod" is not a plural like secrets/],
  [{ kind: 'api-down', only: 'reads' }, /^api-down has no only; api-errors, api-latency, .* have$/],
  [{ kind: 'proxy-down', forMs: 0 }, /^forMs 0 is not within 1 to /],
])('refused: %j', (fault, problem) => {
  expect(faultProblem(fault)).toMatch(problem)
})
