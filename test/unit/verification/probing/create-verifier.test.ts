import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import type { CheckProgress } from '../../../../src/model/events/events.js'
import type { CheckResult, Expectation } from '../../../../src/model/verify/expectation.js'
import { createVerifier } from '../../../../src/verification/probing/create-verifier.js'
import type {
  VerificationReporter,
  VerificationRequest,
} from '../../../../src/verification/probing/verifier.js'
import { proofRequest, transportTo } from '../../../support/probe-request.js'
import { startServer } from './http-server.js'
import { errorCounts } from '../../../support/answer-errors.js'

let server: Awaited<ReturnType<typeof startServer>> | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const ROUTES = { header: 'x-canary-routes', value: 'new' }
const regular = (share: number, primary = 'v1', canary: string | undefined = 'v2'): Expectation => ({
  kind: 'regular',
  paths: ['/echo'],
  headers: {},
  primary,
  canary,
  share,
})
const marked: Expectation = {
  kind: 'canary',
  paths: ['/echo'],
  headers: { stage: 'canary' },
  primary: 'v1',
  canary: 'v2',
  share: 1,
}

class Recorder implements VerificationReporter {
  convergedAfter: number[] = []
  progressed: CheckProgress[][] = []
  checks: CheckResult[] = []
  converged(elapsedMs: number): void {
    this.convergedAfter.push(elapsedMs)
  }
  progress(checks: CheckProgress[]): void {
    this.progressed.push(checks)
  }
  check(result: CheckResult): void {
    this.checks.push(result)
  }
}

/** Proves expectations against a proxy that answers as `handler` does. */
async function prove(
  expectations: Expectation[],
  handler: RequestListener,
  request: Partial<VerificationRequest> | ((origin: string) => Partial<VerificationRequest>) = {},
  signal?: AbortSignal,
) {
  server = await startServer(handler)
  const recorder = new Recorder()
  const more = typeof request === 'function' ? request(server.origin) : request
  const proof = await createVerifier().verify(
    proofRequest(server.origin, { expectations, fingerprint: ROUTES, ...more }),
    recorder,
    signal,
  )
  return { proof, recorder }
}

function answer(response: ServerResponse, version: string, routes = 'new'): void {
  response.setHeader('x-canary-routes', routes)
  response.end(`version:echo-${version}\n`)
}

/** Versions by weight, drawn with a seed. */
function weighted(share: number, seed = 7): () => string {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 < share ? 'v2' : 'v1'
  }
}

const isCanaryRequest = ({ headers }: IncomingMessage) => headers.stage === 'canary'

test('a weighted stage: regular requests by weight, canary ones to the canary', async () => {
  const draw = weighted(0.5)
  const { proof, recorder } = await prove([regular(0.5), marked], (request, response) =>
    answer(response, isCanaryRequest(request) ? 'v2' : draw()),
  )
  expect(proof).toMatchObject({
    verdict: 'pass',
    url: server!.origin,
    convergence: 'fingerprint',
    checks: [
      { verdict: 'pass', expectation: { kind: 'regular' }, errors: [], unidentified: 0, samples: [] },
      {
        verdict: 'pass',
        sent: 459,
        byVersion: { v2: 459 },
        reason: 'v2 answered 459 of 459 canary requests (stage: canary)',
      },
    ],
  })
  const { interval, reason } = proof.checks[0]!
  expect(interval[0]).toBeGreaterThan(0.35)
  expect(interval[1]).toBeLessThan(0.65)
  expect(reason).toMatch(
    /^v2 answered \d+ of \d+ regular requests, [\d.]+ % \(interval [\d.]+–[\d.]+ %\); expected 50 % ± 10 points$/,
  )
  expect(recorder.convergedAfter).toEqual([proof.convergedMs])
  expect(recorder.checks.map(({ expectation }) => expectation.kind).sort()).toEqual(['canary', 'regular'])
})

test('what is asked: every probe says who it is, and carries its headers and Host', async () => {
  const asked = new Set<string>()
  await prove(
    [regular(0), marked],
    (request, response) => {
      const { host, stage, authorization } = request.headers
      asked.add(JSON.stringify([request.url, host, stage, authorization, request.headers['user-agent']]))
      answer(response, isCanaryRequest(request) ? 'v2' : 'v1')
    },
    (origin) => ({
      transport: transportTo(origin, { host: 'app.example.com' }),
      probe: { method: 'GET', headers: { authorization: 'Bearer x' } },
    }),
  )
  expect([...asked].map((entry) => JSON.parse(entry) as unknown)).toEqual(
    expect.arrayContaining([
      ['/echo', 'app.example.com', null, 'Bearer x', 'canary/test'],
      ['/echo', 'app.example.com', 'canary', 'Bearer x', 'canary/test'],
    ]),
  )
  expect(asked.size).toBe(2)
})

test('a slower canary is not taken for a rarer one', async () => {
  const first: (() => void)[] = []
  const slow: (() => void)[] = []
  let count = 0
  const { proof } = await prove([regular(0.5)], (_request, response) => {
    count += 1
    // One answer on each connection tells that the routes are there; counted are the ones after that.
    if (count <= 10) first.push(() => answer(response, 'v1'))
    if (count === 10) first.forEach((finish) => finish())
    if (count <= 10) return
    // Four times the primary, then in turns; the canary answers once nine connections wait for it. By then the
    // primary has answered a dozen times: judged in the order of the answers, the canary would get nothing at all.
    if (count <= 14 || count % 2 === 1) answer(response, 'v1')
    else slow.push(() => answer(response, 'v2'))
    if (slow.length === 9) slow.splice(0).forEach((finish) => finish())
  })
  expect(proof.verdict).toBe('pass')
})

describe('a lie is found', () => {
  test('one wrong answer among many', async () => {
    let count = 0
    const { proof } = await prove([regular(0)], (_request, response) =>
      answer(response, (count += 1) === 300 ? 'v2' : 'v1'),
    )
    expect(proof.checks[0]).toMatchObject({ verdict: 'fail', byVersion: { v2: 1 } })
    expect(proof.checks[0]!.reason).toMatch(/^v2 answered 1 of \d+ regular requests; expected none$/)
    expect(proof.checks[0]!.samples).toMatchObject([
      { status: 200, version: 'v2', body: 'version:echo-v2\n' },
    ])
  })

  test('the weight before is still served', async () => {
    const draw = weighted(0.25)
    const { proof } = await prove([regular(0.5)], (_request, response) => answer(response, draw()))
    expect(proof.verdict).toBe('fail')
    expect(proof.checks[0]!.reason).toContain('expected 50 % ± 10 points')
  })

  test('the fallback answers 200 from the other version', async () => {
    const { proof } = await prove([regular(0), marked], (_request, response) => answer(response, 'v1'))
    expect(proof.checks.map(({ verdict }) => verdict)).toEqual([expect.any(String), 'fail'])
    expect(proof.verdict).toBe('fail')
    expect(proof.checks[1]!.reason).toBe('v1 answered 1 of 1 canary requests (stage: canary); expected none')
  })

  test('one of several proxies is left behind', async () => {
    let connections = 0
    const left = new WeakSet<object>()
    const { proof } = await prove([regular(0)], ({ socket }, response) => {
      if ((socket as { seen?: boolean }).seen !== true) {
        Object.assign(socket, { seen: true })
        connections += 1
        if (connections % 3 === 0) left.add(socket)
      }
      answer(response, 'v1', left.has(socket) ? 'old' : 'new')
    })
    expect(proof.checks[0]).toMatchObject({ verdict: 'fail', errors: errorCounts({ 'foreign routes': 1 }) })
    expect(proof.checks[0]!.samples[0]!.headers).toMatchObject({ 'x-canary-routes': 'old' })
  })

  test('errors are no reason to look elsewhere', async () => {
    let count = 0
    const { proof } = await prove([regular(0)], (_request, response) => {
      if ((count += 1) % 100 === 0) response.writeHead(503).end('no healthy upstream')
      else answer(response, 'v1')
    })
    expect(proof.checks[0]).toMatchObject({
      verdict: 'fail',
      errors: errorCounts({ 'http 503 (no healthy upstream)': 1 }),
    })
    expect(proof.checks[0]!.hint).toContain('the version has no ready pods')
  })

  test('a canary that hangs', async () => {
    let count = 0
    const { proof } = await prove([marked], (_request, response) => {
      if ((count += 1) !== 100) answer(response, 'v2')
    })
    expect(proof.checks[0]).toMatchObject({ verdict: 'fail', errors: errorCounts({ timeout: 1 }) })
  })

  test('the other checks end soon after', async () => {
    const { proof, recorder } = await prove(
      [regular(0.5), marked],
      (_request, response) => answer(response, 'v1'),
      { rate: 1 },
    )
    expect(proof.checks.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'fail'])
    expect(proof.checks[0]!.reason).toContain('the check of canary requests ended all')
    expect(recorder.progressed.at(-1)).toMatchObject([{ expectation: { kind: 'regular' }, errors: 0 }])
  })
})

describe('convergence', () => {
  test('old routes that meet the expectation too are not counted', async () => {
    let count = 0
    const { proof, recorder } = await prove(
      [regular(0)],
      (_request, response) => answer(response, 'v1', (count += 1) <= 20 ? 'old' : 'new'),
      { settling: true },
    )
    expect(proof.checks[0]).toMatchObject({ verdict: 'pass', sent: 459, restarts: 0 })
    expect(proof.checks[0]!.discarded).toBeGreaterThanOrEqual(20)
    expect(count).toBeGreaterThanOrEqual(20 + 459)
    expect(recorder.convergedAfter).toHaveLength(1)
  })

  test('endpoints that come after the routes begin the count anew', async () => {
    let converged = 0
    const { proof } = await prove(
      [marked],
      (_request, response) => {
        converged += 1
        if (converged < 5) answer(response, 'v1')
        else if (converged < 10) response.writeHead(503).end('no healthy upstream')
        else answer(response, 'v2')
      },
      { settling: true },
    )
    expect(proof.checks[0]).toMatchObject({ verdict: 'pass', sent: 459, byVersion: { v2: 459 }, errors: [] })
    expect(proof.checks[0]!.restarts).toBeGreaterThan(0)
  })

  test('routes that never come: inconclusive, with what came instead', async () => {
    const { proof, recorder } = await prove(
      [regular(0)],
      (_request, response) => answer(response, 'v1', 'old'),
      {
        timeoutMs: 300,
      },
    )
    expect(proof.verdict).toBe('inconclusive')
    expect(proof.convergedMs).toBeUndefined()
    expect(recorder.convergedAfter).toEqual([])
    expect(proof.checks[0]!.reason).toMatch(
      /^the proxy did not serve the wanted routes before the time limit of 0.3 s; answers to regular requests: \d+ × http 200 with x-canary-routes old$/,
    )
  })

  test('a proxy that can not be reached: inconclusive', async () => {
    const { proof } = await prove([regular(0)], ({ socket }) => socket.destroy(), { timeoutMs: 200 })
    expect(proof.verdict).toBe('inconclusive')
    expect(proof.checks[0]!.reason).toMatch(/\d+ × reset$/)
  })

  test('routes that lose their fingerprint later are found', async () => {
    let count = 0
    const { proof } = await prove([regular(0)], (_request, response) => {
      if ((count += 1) > 200) response.end('version:echo-v1')
      else answer(response, 'v1')
    })
    expect(proof.checks[0]).toMatchObject({ verdict: 'fail', errors: errorCounts({ 'no routes header': 1 }) })
  })

  test('without a fingerprint, epochs: what fails at first is begun anew', async () => {
    let count = 0
    const { proof } = await prove(
      [marked],
      (_request, response) => answer(response, (count += 1) <= 3 ? 'v1' : 'v2'),
      { fingerprint: undefined, settling: true },
    )
    expect(proof).toMatchObject({ verdict: 'pass', convergence: 'epochs' })
    expect(proof.convergedMs).toBeUndefined()
    expect(proof.checks[0]).toMatchObject({ sent: 666 })
    expect(proof.checks[0]!.restarts).toBeGreaterThan(0)
  })
})

describe('answers without a version', () => {
  test('are no verdict; what they looked like and what to set is told', async () => {
    const { proof } = await prove([regular(0)], (_request, response) => {
      response.writeHead(200, { 'x-canary-routes': 'new', 'content-type': 'text/html' })
      response.end('<h1>Hello,\n world</h1>')
    })
    expect(proof.verdict).toBe('inconclusive')
    expect(proof.checks[0]!.reason).toBe(
      '4 of 4 answers to regular requests named no version; for example: ' +
        'http 200, text/html, "<h1>Hello, world</h1>"; set verify.version.header, verify.version.json or ' +
        'verify.version.body in the values (x-canary-version only names the version chosen by the proxy; it is proof with ' +
        'a gateway that never falls back to another version, with a single version deployed, or when every version had ready pods ' +
        'throughout, and no pods of others get its requests)',
    )
  })

  test('are told by the rule of the values', async () => {
    const { proof } = await prove(
      [marked],
      (_request, response) => {
        response.setHeader('x-canary-routes', 'new')
        response.end(JSON.stringify({ app: { version: 'v2' } }))
      },
      { versionRule: { json: '$.app.version' } },
    )
    expect(proof.verdict).toBe('pass')
  })
})

describe('bad input is refused before any probe', () => {
  test.each<{ name: string; request: Partial<VerificationRequest>; says: string }>([
    { name: 'pattern', request: { versionRule: { body: 'v(' } }, says: 'not a regular expression' },
    { name: 'group', request: { versionRule: { body: 'v1' } }, says: 'no group named "version"' },
    { name: 'path', request: { versionRule: { json: '$..v' } }, says: 'not a path' },
    { name: 'origin', request: { transport: transportTo('localhost') }, says: 'not an http or https URL' },
    {
      name: 'origin with a path',
      request: { transport: transportTo('http://localhost/echo') },
      says: 'must not have a path',
    },
    { name: 'header name', request: { probe: { method: 'GET', headers: { 'a b': 'x' } } }, says: '"a b"' },
    {
      name: 'header value',
      request: { probe: { method: 'GET', headers: { token: 'x\n' } } },
      says: '"token"',
    },
  ])('$name', async ({ request, says }) => {
    let asked = 0
    const proving = prove([regular(0)], () => (asked += 1), request)
    await expect(proving).rejects.toThrow(UsageError)
    await expect(proving).rejects.toThrow(says)
    expect(asked).toBe(0)
  })
})

test('an abort ends it, and no probe follows', async () => {
  const controller = new AbortController()
  let asked = 0
  const proving = prove(
    [regular(0)],
    (_request, response) => {
      asked += 1
      if (asked === 100) controller.abort(new Error('interrupted'))
      answer(response, 'v1')
    },
    {},
    controller.signal,
  )
  await expect(proving).rejects.toThrow('interrupted')
  const after = asked
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked).toBe(after)
})

test('nothing expected is nothing proven', async () => {
  const { proof } = await prove([], (_request, response) => answer(response, 'v1'))
  expect(proof.verdict).toBe('inconclusive')
})

test('several paths are asked in turn', async () => {
  const asked: Record<string, number> = {}
  const { proof } = await prove([{ ...regular(0), paths: ['/echo', '/other'] }], ({ url }, response) => {
    asked[url!] = (asked[url!] ?? 0) + 1
    answer(response, 'v1')
  })
  expect(proof.verdict).toBe('pass')
  expect(Math.abs(asked['/echo']! - asked['/other']!)).toBeLessThanOrEqual(1)
})
