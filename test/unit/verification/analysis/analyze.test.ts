import { ENVOY_ANSWERS } from '../../../../src/routing/envoy/answers.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../src/sandbox/random.js'
import { analyze } from '../../../../src/verification/analysis/analyze.js'
import type { AnalysisRequest } from '../../../../src/verification/probing/verifier.js'
import { transportTo } from '../../../support/probe-request.js'
import { startServer } from '../probing/http-server.js'
import { byText } from '../../../support/answer-errors.js'

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()))
})

interface Asked {
  isCanaryRequest: boolean
  path: string
  answer: (status: number, body: string, headers?: Record<string, string>) => void
  drop: () => void
}

/** An app behind a proxy that takes requests with `stage: canary` to v2; `behave` answers the nth request. */
async function app(behave: (asked: Asked, n: number) => void): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = []
  let n = 0
  const server = await startServer((request: IncomingMessage, response: ServerResponse) => {
    const isCanaryRequest = request.headers.stage === 'canary'
    asked.push(`${isCanaryRequest ? 'canary' : 'regular'} ${request.url}`)
    const answer: Asked['answer'] = (status, body, headers = {}) =>
      response.writeHead(status, { 'x-canary-version': isCanaryRequest ? 'v2' : 'v1', ...headers }).end(body)
    behave({ isCanaryRequest, path: request.url ?? '', answer, drop: () => request.socket.destroy() }, n++)
  })
  opened.push(() => server.close())
  return { origin: server.origin, asked }
}

const healthy = ({ isCanaryRequest, answer }: Asked) => answer(200, version(isCanaryRequest))

const version = (isCanaryRequest: boolean) => `version:echo-${isCanaryRequest ? 'v2' : 'v1'}\n`

function compare(origin: string, rest: Partial<AnalysisRequest> = {}, signal?: AbortSignal) {
  const request: AnalysisRequest = {
    app: 'echo',
    transport: transportTo(origin),
    probe: { method: 'GET', headers: {} },
    assertions: { status: [[200, 399]], headers: {} },
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
    proxy: ENVOY_ANSWERS,
    rate: 0,
    userAgent: 'canary/test',
    primary: 'v1',
    canary: 'v2',
    headers: { stage: 'canary' },
    paths: ['/echo'],
    share: 0,
    limits: { maxErrorRate: 0.05, relativeRisk: 3, latency: { shift: 0.2, minMs: 5 } },
    durationMs: 20_000,
    ...rest,
  }
  return analyze(request, { progress: () => {} }, signal, seededRandom(1))
}

describe('comparing over HTTP', () => {
  test('two versions alike pass when the time is over', async () => {
    const { origin, asked } = await app(healthy)
    const { verdict, gates, pairs, samples } = await compare(origin, { durationMs: 4000 })
    expect(gates.map((gate) => gate.verdict)).toEqual(['pass', 'pass', 'pass'])
    expect([verdict, samples]).toEqual(['pass', []])
    expect(pairs).toBeGreaterThan(200)
    // Which of a pair goes first is drawn: both orders come often.
    const orders = new Set([0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((index) => asked[index]))
    expect(orders).toEqual(new Set(['canary /echo', 'regular /echo']))
  })

  test('a canary that answers 503 fails at once, with what it answered', async () => {
    const { origin } = await app(({ isCanaryRequest, answer }) =>
      isCanaryRequest
        ? answer(503, 'oops', { 'x-envoy-upstream-service-time': '1' })
        : answer(200, version(false)),
    )
    const { verdict, canary, primary, samples } = await compare(origin)
    expect([verdict, primary.errorCount]).toEqual(['fail', 0])
    expect(Object.keys(byText(canary.errors))).toEqual(['http 503'])
    expect(samples[0]).toMatchObject({ path: '/echo', status: 503, error: 'http 503', body: 'oops' })
  })

  test.each<{ name: string; kind: string; behave: (asked: Asked) => void }>([
    { name: 'resets connections', kind: 'reset', behave: ({ drop }) => drop() },
    {
      name: 'is answered for by the primary',
      kind: 'fallback (v1 answered for v2)',
      behave: ({ answer }) => answer(200, version(false)),
    },
    { name: 'names no version', kind: 'no version', behave: ({ answer }) => answer(200, 'hello') },
  ])('a canary that $name fails', async ({ kind, behave }) => {
    const { origin } = await app((asked) =>
      asked.isCanaryRequest ? behave(asked) : asked.answer(200, version(false)),
    )
    const { verdict, canary } = await compare(origin)
    expect(verdict).toBe('fail')
    expect(Object.keys(byText(canary.errors))).toEqual([kind])
  })

  test('a slower canary fails on latency', async () => {
    const { origin } = await app(({ isCanaryRequest, answer }) => {
      setTimeout(() => answer(200, version(isCanaryRequest)), isCanaryRequest ? 25 : 5)
    })
    const { gates } = await compare(origin)
    expect(gates.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name)).toEqual(['latency'])
  })

  test('nothing listening says nothing about the canary', async () => {
    const server = await startServer(() => {})
    await server.close()
    const { verdict, canary, unattributed, gates } = await compare(server.origin, { durationMs: 300 })
    expect([verdict, canary.answers, Object.keys(byText(unattributed))]).toEqual([
      'inconclusive',
      0,
      ['refused'],
    ])
    expect(gates[0]!.name).toBe('probes')
  })

  test('answers of other routes say nothing about the canary', async () => {
    const { origin } = await app(({ isCanaryRequest, answer }) =>
      answer(200, version(isCanaryRequest), { 'x-routes': 'old' }),
    )
    const fingerprint = { header: 'x-routes', value: 'new' }
    const { verdict, unattributed } = await compare(origin, { fingerprint, durationMs: 300 })
    expect([verdict, Object.keys(byText(unattributed))]).toEqual(['inconclusive', ['foreign routes']])
  })

  test('all paths are asked, by both kinds alike', async () => {
    const { origin, asked } = await app(healthy)
    await compare(origin, { paths: ['/echo', '/echo/more'], durationMs: 300 })
    const [a, b, c, d] = ['canary /echo', 'canary /echo/more', 'regular /echo', 'regular /echo/more'].map(
      (line) => asked.filter((entry) => entry === line).length,
    ) as [number, number, number, number]
    for (const count of [a, b, c, d]) expect(count).toBeGreaterThan(asked.length / 4 - 12)
  })

  test('all proxies are asked, by both kinds alike', async () => {
    const apps = [await app(healthy), await app(({ answer }) => answer(503, ''))]
    const proxies = apps.map(({ origin }, index) => ({ name: `proxy-${index}`, origin }))
    const transport = { ...transportTo(''), proxies }
    const { samples } = await compare('', { transport, durationMs: 300 })
    for (const { asked } of apps) expect(new Set(asked)).toEqual(new Set(['canary /echo', 'regular /echo']))
    expect(samples[0]).toMatchObject({ proxy: 'proxy-1', error: 'http 503 (empty)' })
  })

  test('an abort ends it with its reason', async () => {
    const { origin } = await app(healthy)
    const controller = new AbortController()
    const compared = compare(origin, {}, controller.signal)
    controller.abort(new Error('enough'))
    await expect(compared).rejects.toThrow('enough')
  })
})
