import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import type { MetricGate } from '../../../../src/model/verify/verify-settings.js'
import { evaluateMetrics } from '../../../../src/verification/analysis/prometheus.js'
import { startServer } from '../probing/http-server.js'

type Recording = Record<string, { status: number; body: unknown }>

/** What a Prometheus 2.42 answered: two versions of echo, 100 requests a second each, one in eleven of v2 an error. */
const RECORDED = JSON.parse(
  readFileSync(new URL('fixtures/prometheus-2.42.json', import.meta.url), 'utf8'),
) as Recording

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function serve(handler: RequestListener): Promise<string> {
  const server = await startServer(handler)
  closers.push(() => server.close())
  return server.origin
}

/** Answers as recorded; what was never asked is not found. */
function recorded(): Promise<string> {
  return serve((request, response) => {
    void text(request).then((body) => {
      const query = new URLSearchParams(body).get('query') ?? ''
      const isQuery = request.method === 'POST' && request.url === '/api/v1/query'
      const { status, body: content } = (isQuery && RECORDED[query]) || { status: 404, body: 'not recorded' }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
    })
  })
}

const VARIABLES = { app: 'echo', canary: 'v2', seconds: '5' }

async function evaluate(url: string, gate: Partial<MetricGate>, timeoutMs = 5000, signal?: AbortSignal) {
  const gates = [{ name: 'the gate', query: 'time()', ...gate }]
  const [judged] = await evaluateMetrics({ url, gates, variables: VARIABLES, timeoutMs }, signal)
  return judged!
}

const ERROR_RATE =
  'sum(increase(http_requests_total{app="{{app}}",version="{{canary}}",code="500"}[{{seconds}}s])) / ' +
  'sum(increase(http_requests_total{app="{{app}}",version="{{canary}}"}[{{seconds}}s]))'

describe('against answers of a real Prometheus', () => {
  test.each<Partial<MetricGate> & { name: string; verdict: string; reason: string }>([
    {
      name: 'above max',
      query: ERROR_RATE,
      max: 0.01,
      verdict: 'fail',
      reason: '0.09090909091, at most 0.01 is fine',
    },
    {
      name: 'below max',
      query: ERROR_RATE,
      max: 0.1,
      verdict: 'pass',
      reason: '0.09090909091, at most 0.1 is fine',
    },
    {
      name: 'below min',
      query: ERROR_RATE,
      min: 1,
      verdict: 'fail',
      reason: '0.09090909091, at least 1 is fine',
    },
    {
      name: 'exactly min and max',
      query: 'time()',
      min: 1795441368.3,
      max: 1795441368.3,
      verdict: 'pass',
      reason: '1795441368, 1795441368.3 to 1795441368.3 is fine',
    },
    {
      name: 'no data',
      query: 'absent_metric',
      max: 1,
      verdict: 'inconclusive',
      reason: 'no data: nothing matches, or too few scrapes lie in the window',
    },
    {
      name: 'not a number',
      query: '0/0',
      max: 1,
      verdict: 'inconclusive',
      reason: 'NaN, at most 1 is fine: not a number (0 / 0)',
    },
    {
      name: 'not a number, in a vector',
      query: 'vector(0)/0',
      min: 1,
      verdict: 'inconclusive',
      reason: 'NaN, at least 1 is fine: not a number (0 / 0)',
    },
    {
      name: 'infinite, above max',
      query: '1/0',
      max: 1,
      verdict: 'fail',
      reason: 'Infinity, at most 1 is fine',
    },
    {
      name: 'infinite, above min',
      query: '1/0',
      min: 1,
      verdict: 'inconclusive',
      reason: 'Infinity, at least 1 is fine: divided by zero',
    },
    {
      name: 'several series',
      query: 'http_requests_total',
      max: 1,
      verdict: 'inconclusive',
      reason:
        '3 series instead of one (' +
        'http_requests_total{app="echo",code="200",instance="127.0.0.1:18999",job="app",version="v1"}, ' +
        'http_requests_total{app="echo",code="200",instance="127.0.0.1:18999",job="app",version="v2"}, ' +
        'http_requests_total{app="echo",code="500",instance="127.0.0.1:18999",job="app",version="v2"}): ' +
        'aggregate them, e.g. with sum',
    },
    {
      name: 'a range',
      query: 'http_requests_total[3s]',
      max: 1,
      verdict: 'inconclusive',
      reason: 'the query gives a matrix, not one number',
    },
    {
      name: 'a text',
      query: '"text"',
      max: 1,
      verdict: 'inconclusive',
      reason: 'the query gives a string, not one number',
    },
  ])('$name: $verdict', async ({ query, min, max, verdict, reason }) => {
    const gate = { query, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
    expect(await evaluate(await recorded(), gate)).toEqual({ name: 'the gate', verdict, reason })
  })

  test('a query that can not be carried out is inconclusive, with what Prometheus says', async () => {
    const query = 'http_requests_total * on(app) http_requests_total'
    const { verdict, reason } = await evaluate(await recorded(), { query, max: 1 })
    expect([verdict, reason]).toEqual(['inconclusive', expect.stringContaining('many-to-many matching')])
  })

  test('a query that can not be parsed is wrong usage', async () => {
    const judged = evaluate(await recorded(), { query: 'sum(rate(x[5m])', max: 1 })
    await expect(judged).rejects.toThrow(UsageError)
    await expect(judged).rejects.toThrow('unclosed left parenthesis')
  })

  test('gates keep their order', async () => {
    const gates = ['time()', '1/0', 'absent_metric'].map((query) => ({ name: query, query, min: 1 }))
    const request = { url: await recorded(), gates, variables: VARIABLES, timeoutMs: 5000 }
    const judged = await evaluateMetrics(request)
    expect(judged.map(({ name }) => name)).toEqual(['time()', '1/0', 'absent_metric'])
  })
})

const ONE = '{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'

describe('servers', () => {
  test('credentials and a path in the URL are used, and told to nobody', async () => {
    const seen: string[] = []
    const origin = await serve((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`)
      response.writeHead(401).end()
    })
    const url = `${origin.replace('http://', 'http://me:100%@')}/prometheus/`
    const { reason } = await evaluate(url, { max: 1 })
    expect(seen).toEqual([`/prometheus/api/v1/query Basic ${Buffer.from('me:100%').toString('base64')}`])
    expect(reason).toBe(
      `${origin}/prometheus answered http 401, not as Prometheus does: is that its base URL?`,
    )
  })

  test('nothing listening is inconclusive', async () => {
    const server = await startServer(() => {})
    await server.close()
    const { verdict, reason } = await evaluate(server.origin, { max: 1 })
    expect(verdict).toBe('inconclusive')
    expect(reason).toContain('did not answer: connect ECONNREFUSED')
  })

  test('a connection that breaks is tried once more', async () => {
    let asked = 0
    const flaky = await serve((request, response) => {
      asked += 1
      if (asked === 1) request.socket.destroy()
      else response.end(ONE)
    })
    expect((await evaluate(flaky, { max: 1 })).verdict).toBe('pass')
    const broken = await serve((request) => {
      asked += 1
      request.socket.destroy()
    })
    asked = 0
    expect((await evaluate(broken, { max: 1 })).verdict).toBe('inconclusive')
    expect(asked).toBe(2)
  })

  test('no answer in time is inconclusive', async () => {
    const { verdict, reason } = await evaluate(await serve(() => {}), { max: 1 }, 200)
    expect([verdict, reason]).toEqual(['inconclusive', expect.stringContaining('nothing within 0.2 s')])
  })

  test('warnings of a Prometheus are told', async () => {
    const answer = JSON.stringify({ ...(JSON.parse(ONE) as object), warnings: ['a store is down'] })
    const { verdict, reason } = await evaluate(await serve((_, response) => response.end(answer)), { max: 1 })
    expect([verdict, reason]).toEqual(['pass', '1, at most 1 is fine (Prometheus warns: a store is down)'])
  })

  test('an endless answer is broken off', async () => {
    const origin = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(500_000)), 1)
      response.on('close', () => clearInterval(timer))
    })
    const { verdict, reason } = await evaluate(origin, { max: 1 })
    expect([verdict, reason]).toEqual(['inconclusive', expect.stringContaining('more than one number')])
  })

  test('an abort rejects with its reason', async () => {
    const controller = new AbortController()
    const url = await serve(() => controller.abort(new Error('enough')))
    await expect(evaluate(url, { max: 1 }, 5000, controller.signal)).rejects.toThrow('enough')
  })
})
