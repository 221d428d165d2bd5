import { describe, expect, test } from 'vitest'
import type { Expectation } from '../../../../src/model/verify/expectation.js'
import {
  BETA,
  Check,
  type CheckOptions,
  type Next,
} from '../../../../src/verification/judging/expectation-check.js'
import type { Observation, Routes } from '../../../../src/verification/answers/classify.js'
import { EpochConvergence, FingerprintConvergence } from '../../../../src/verification/answers/convergence.js'
import type { CommittedProbe } from '../../../../src/verification/judging/window.js'
import { errorCounts, errorOf } from '../../../support/answer-errors.js'

function expectation(share: number, canary?: string): Expectation {
  return { kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', canary, share }
}

const options: CheckOptions = { alpha: 0.01, proxies: [''], howToIdentify: () => 'set something' }

function probe(
  issuedAt: number,
  observation: Observation,
  rest: Partial<CommittedProbe> = {},
): CommittedProbe {
  return {
    issuedAt,
    observation,
    path: '/echo',
    proxy: '',
    connection: 0,
    cached: false,
    retried: false,
    ...rest,
  }
}

/** A check under a hand-held clock: each probe is issued, answered and committed 4 ms after the one before. */
function driven(
  expected: Expectation,
  convergence: FingerprintConvergence | EpochConvergence,
  more: Partial<CheckOptions> = {},
) {
  const check = new Check(expected, convergence, { ...options, ...more })
  let now = 0
  let next: Next = { type: 'continue' }
  const feed = (observation: Observation, times = 1, rest: Partial<CommittedProbe> = {}) => {
    for (let count = 0; count < times && next.type !== 'done'; count += 1) {
      const issuedAt = next.type === 'restart' ? Math.max(now, next.at) : now
      now = issuedAt + 4
      convergence.arrived(observation.routes, issuedAt + 1, rest.proxy)
      next = check.record(probe(issuedAt, observation, { looks: 'something else', ...rest }), issuedAt + 1)
    }
    return next
  }
  return {
    feed,
    at: (time: number) => {
      now = time
    },
    now: () => now,
    result: (ended?: string) =>
      check.result(next.type === 'done' ? next.verdict : 'inconclusive', now, 0, ended),
  }
}

const version = (name: string, routes: Routes = 'wanted'): Observation => ({
  type: 'version',
  version: name,
  routes,
})
const error = (kind: string, routes: Routes = 'missing'): Observation => ({
  type: 'error',
  error: errorOf(kind),
  routes,
})
const foreign = error('foreign routes', 'foreign')
const settling = () => new FingerprintConvergence(true, BETA)
const atRest = () => new FingerprintConvergence(false, BETA)

describe('with a fingerprint', () => {
  test('answers count from the first probe issued after the wanted routes were seen', () => {
    const run = driven(expectation(0), settling())
    run.feed(foreign, 30)
    run.feed(version('v1'), 459)
    expect(run.result('x').sent).toBe(458)
    expect(run.feed(version('v1'))).toEqual({ type: 'done', verdict: 'pass' })
    expect(run.result()).toMatchObject({
      verdict: 'pass',
      sent: 459,
      byVersion: { v1: 459 },
      discarded: 31,
      restarts: 0,
      reason: 'v1 answered 459 of 459 regular requests',
    })
  })

  test('probes in flight when the wanted routes are first seen are left out', () => {
    const convergence = settling()
    const check = new Check(expectation(0), convergence, options)
    convergence.arrived('wanted', 10)
    expect(check.record(probe(9, foreign), 11)).toEqual({ type: 'continue' })
    expect(check.progress()).toMatchObject({ sent: 0 })
  })

  test('a wrong answer within 2 s begins the count anew', () => {
    const run = driven(expectation(1, 'v2'), settling())
    run.feed(version('v2'), 50)
    expect(run.feed(version('v1')).type).toBe('restart')
    run.feed(version('v2'), 459)
    expect(run.result()).toMatchObject({ verdict: 'pass', sent: 459, restarts: 1 })
  })

  test('a wrong answer later fails', () => {
    const run = driven(expectation(1, 'v2'), settling())
    run.feed(version('v2'), 50)
    run.at(2500)
    expect(run.feed(version('v1'))).toEqual({ type: 'done', verdict: 'fail' })
    expect(run.result().reason).toMatch(/^v1 answered 1 of \d+ regular requests; expected none$/)
  })

  test('nothing is excused where nothing is settling', () => {
    const run = driven(expectation(0, 'v2'), atRest())
    run.feed(version('v1'), 10)
    expect(run.feed(version('v2'))).toEqual({ type: 'done', verdict: 'fail' })
    expect(run.result()).toMatchObject({ sent: 10, byVersion: { v1: 9, v2: 1 }, restarts: 0 })
  })

  test('an unsettled beginning does not fail a share that is right afterwards', () => {
    const run = driven(expectation(0.5, 'v2'), settling())
    // The first tells that the routes are there; 0 of 11 is open still, 0 of 12 is not.
    run.feed(version('v1'), 12)
    run.at(2500)
    expect(run.feed(version('v1'))).toEqual({ type: 'continue' })
    for (let pair = 0; pair < 500; pair += 1) {
      run.feed(version('v2'))
      run.feed(version('v1'))
    }
    expect(run.result()).toMatchObject({ restarts: 1, discarded: 12 })
    expect(run.result().verdict).toBe('pass')
  })

  test('routes left behind on one proxy fail', () => {
    const run = driven(expectation(0), settling())
    run.feed(version('v1'), 50)
    expect(run.feed(foreign).type).toBe('restart')
    run.at(2500)
    run.feed(version('v1'), 20)
    expect(run.feed(foreign)).toEqual({ type: 'done', verdict: 'fail' })
    expect(run.result()).toMatchObject({ errors: errorCounts({ 'foreign routes': 1 }) })
    expect(run.result().hint).toContain('still serves earlier routes')
  })

  test('routes that never come are no verdict, and what came instead is told', () => {
    const run = driven(expectation(0), settling())
    run.feed(foreign, 500)
    expect(run.result('the time limit of 2 s')).toMatchObject({ verdict: 'inconclusive', sent: 0 })
    expect(run.result('the time limit of 2 s').reason).toBe(
      'the proxy did not serve the wanted routes before the time limit of 2 s; ' +
        'answers to regular requests: 500 × something else',
    )
  })

  test.each([
    { kind: 'http 503 (no healthy upstream)', verdict: 'fail' },
    { kind: 'redirect', verdict: 'fail' },
    { kind: 'timeout', verdict: 'fail' },
    { kind: 'tls', verdict: 'inconclusive' },
    { kind: 'not http', verdict: 'inconclusive' },
  ])('one $kind in a settled count is $verdict', ({ kind, verdict }) => {
    const run = driven(expectation(0.5, 'v2'), atRest())
    run.feed(version('v1'), 2)
    expect(run.feed(error(kind))).toEqual({ type: 'done', verdict })
    expect(run.result().reason).toContain(`1 × ${kind} among 2 regular requests; expected none`)
  })

  test.each(['reset', 'refused', 'unreachable'])(
    'a connection that broke (%s) begins the count anew, and no count passes over it',
    (kind) => {
      const run = driven(expectation(0), atRest())
      run.feed(version('v1'), 458)
      expect(run.feed(error(kind)).type).toBe('restart')
      run.feed(version('v1'), 458)
      expect(run.result('x').verdict).toBe('inconclusive')
      expect(run.feed(version('v1'))).toEqual({ type: 'done', verdict: 'pass' })
      expect(run.result()).toMatchObject({ sent: 459, discarded: 459, restarts: 1, errors: [] })
    },
  )

  test('a proxy that is gone to the end is inconclusive, and the reason says so', () => {
    const run = driven(expectation(0.5, 'v2'), atRest())
    run.feed(version('v1'), 2)
    run.feed(error('refused'), 12)
    expect(run.now()).toBeGreaterThan(15_000)
    expect(run.result('the time limit of 20 s')).toMatchObject({ verdict: 'inconclusive', sent: 0 })
    expect(run.result('the time limit of 20 s').reason).toContain('1 × refused')
  })

  test('an error while settling begins the count anew', () => {
    const run = driven(expectation(0), settling())
    run.feed(version('v1'), 10)
    expect(run.feed(error('reset')).type).toBe('restart')
    run.feed(version('v1'), 459)
    expect(run.result()).toMatchObject({ verdict: 'pass', errors: [], samples: [] })
  })

  test('a version nobody asked for fails any share', () => {
    const run = driven(expectation(0.5, 'v2'), atRest())
    run.feed(version('v2'), 2)
    expect(run.feed(version('v3'))).toEqual({ type: 'done', verdict: 'fail' })
    expect(run.result().reason).toBe('v3 answered 1 of 2 regular requests; expected only v1 and v2')
  })

  test('answers that name no version are no verdict, and the settings that help are named', () => {
    const run = driven(expectation(0), atRest())
    run.feed({ type: 'unidentified', routes: 'wanted' }, 10)
    expect(run.result()).toMatchObject({ verdict: 'inconclusive', sent: 4, unidentified: 4 })
    expect(run.result().reason).toContain('named no version')
    expect(run.result().reason).toContain('set something')
  })

  test('half way between the share and its tolerance the cap ends the check', () => {
    const run = driven(expectation(0.5, 'v2'), atRest())
    // 55 of 100 canary, spread evenly.
    for (let n = 0; n < 3000; n += 1) {
      run.feed(version(Math.floor(((n + 1) * 55) / 100) > Math.floor((n * 55) / 100) ? 'v2' : 'v1'))
    }
    expect(run.result().verdict).toBe('inconclusive')
    expect(run.result().reason).toMatch(/expected 50 % ± 10 points: too close to call after \d+ answers$/)
  })
})

describe('by epochs', () => {
  test('counts that fail begin anew after a backoff that doubles, at most eight times in 30 s', () => {
    const run = driven(expectation(1, 'v2'), new EpochConvergence(true, 0, 60_000, BETA))
    run.at(2001)
    run.feed(version('v2', 'untold'))
    const starts: number[] = []
    for (;;) {
      const next = run.feed(version('v1', 'untold'))
      if (next.type === 'done') break
      if (next.type === 'restart') starts.push(Math.round(next.at / 250) / 4)
    }
    expect(starts).toEqual([2.25, 2.75, 3.75, 5.75, 9.75, 17.75, 33.75])
    expect(run.result()).toMatchObject({ verdict: 'fail', restarts: 7 })
  })

  test('a pass pays for the epochs there may be, and leaves out the first 2 s', () => {
    const run = driven(expectation(1, 'v2'), new EpochConvergence(true, 0, 60_000, BETA))
    run.feed(version('v2', 'untold'), 2000)
    expect(run.result()).toMatchObject({ verdict: 'pass', sent: 666 })
    expect(run.now()).toBeGreaterThan(4600)
  })

  test('at rest there is one epoch, without extra cost', () => {
    const run = driven(expectation(1, 'v2'), new EpochConvergence(false, -1, 60_000, BETA))
    run.feed(version('v2', 'untold'), 2000)
    expect(run.result()).toMatchObject({ verdict: 'pass', sent: 459 })
    const failing = driven(expectation(1, 'v2'), new EpochConvergence(false, -1, 60_000, BETA))
    expect(failing.feed(version('v1', 'untold'))).toEqual({ type: 'done', verdict: 'fail' })
  })

  test('the first 2 s count where the stage before looked otherwise', () => {
    const run = driven(expectation(1, 'v2'), new EpochConvergence(true, 0, 60_000, BETA, false))
    run.at(1)
    run.feed(version('v2', 'untold'), 2000)
    expect(run.result()).toMatchObject({ verdict: 'pass', sent: 666, discarded: 0 })
  })
})

describe('several proxies and paths', () => {
  const proxies = ['a', 'b', 'c']
  const each = (run: ReturnType<typeof driven>, times: number, ...names: string[]) => {
    for (let n = 0; n < times; n += 1) for (const proxy of names) run.feed(version('v1'), 1, { proxy })
  }

  test('counting begins when every proxy has served the wanted routes', () => {
    const run = driven(expectation(0), new FingerprintConvergence(true, BETA, proxies), { proxies })
    for (let n = 0; n < 20; n += 1) {
      run.feed(foreign, 1, { proxy: 'c' })
      each(run, 1, 'a', 'b')
    }
    expect(run.result('x').sent).toBe(0)
    each(run, 160, 'c', 'a', 'b')
    expect(run.result()).toMatchObject({ verdict: 'pass', sent: 459, restarts: 0 })
    expect(run.result().perProxy).toMatchObject({ a: { sent: 153 }, b: { sent: 153 }, c: { sent: 153 } })
  })

  test('one that stays behind is named', () => {
    const run = driven(expectation(0), new FingerprintConvergence(true, BETA, proxies), { proxies })
    for (let n = 0; n < 20; n += 1) {
      each(run, 1, 'a', 'b')
      run.feed(foreign, 1, { proxy: 'c' })
    }
    const { verdict, reason } = run.result('the time limit of 2 s')
    expect(verdict).toBe('inconclusive')
    expect(reason).toContain('2 of 3 proxies serve the wanted routes, c did not before the time limit')
    expect(reason).toContain('20 × something else (c)')
  })

  test('an error by one of them alone says so', () => {
    const run = driven(expectation(0), new FingerprintConvergence(false, BETA, proxies), { proxies })
    each(run, 10, 'a', 'b', 'c')
    run.feed(error('http 500'), 1, { proxy: 'b' })
    expect(run.result()).toMatchObject({
      verdict: 'fail',
      perProxy: { b: { errors: errorCounts({ 'http 500': 1 }) } },
    })
    expect(run.result().reason).toContain('all by proxy b')
  })

  test('one that has another share than the others fails, though all together have the right one', () => {
    const run = driven(expectation(0.5, 'v2'), new FingerprintConvergence(false, BETA, ['a', 'b']), {
      proxies: ['a', 'b'],
      tolerance: 0.02,
    })
    for (const proxy of ['a', 'b']) run.feed(version('v1'), 1, { proxy })
    for (let n = 0; n < 100; n += 1) {
      run.feed(version(n % 10 < 9 ? 'v1' : 'v2'), 1, { proxy: 'a' })
      run.feed(version(n % 10 < 9 ? 'v2' : 'v1'), 1, { proxy: 'b' })
    }
    expect(run.result().verdict).toBe('fail')
    expect(run.result().reason).toMatch(/^proxy [ab] by itself: v2 answered .* \(of the others, [ab] \d+/)
  })

  test('each path must have given a few answers', () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`)
    const run = driven({ ...expectation(0), paths }, new FingerprintConvergence(false, BETA))
    run.feed(version('v1'), 1)
    for (let n = 0; n < 1000; n += 1) run.feed(version('v1'), 1, { path: paths[n % 20] })
    expect(run.result()).toMatchObject({ verdict: 'pass' })
    expect(Object.values(run.result().perPath).map(({ sent }) => sent)).toEqual(Array(20).fill(30))
  })
})

describe('the stage before', () => {
  test('is named where the answers look like it', () => {
    const run = driven({ ...expectation(0.5, 'v2'), shareBefore: 0.25 }, atRest())
    for (let n = 0; n < 200; n += 1) run.feed(version(n % 4 === 0 ? 'v2' : 'v1'))
    expect(run.result().verdict).toBe('fail')
    expect(run.result().reason).toContain('that matches the previous stage (25 %)')
  })

  test('is not where they look like neither', () => {
    const run = driven({ ...expectation(0.5, 'v2'), shareBefore: 0.25 }, atRest())
    for (let n = 0; n < 200; n += 1) run.feed(version('v2'))
    expect(run.result().reason).not.toContain('as before')
  })
})

test('what else the answers tell is kept: latency, caches, retries, stickiness', () => {
  const run = driven(expectation(0.5, 'v2'), atRest())
  run.feed(version('v1'))
  for (let n = 0; n < 400; n += 1) {
    const connection = n % 4
    run.feed(version(connection < 2 ? 'v2' : 'v1'), 1, {
      elapsedMs: n % 100 === 0 ? 80 : 8,
      cached: n % 100 === 1,
      retried: n % 200 === 2,
      connection,
    })
  }
  const { latency, cached, retried, connectionsZ } = run.result()
  expect(latency!.p50).toBeCloseTo(8, 0)
  expect(latency).toMatchObject({ max: 80 })
  expect([cached, retried]).toEqual([expect.any(Number), expect.any(Number)])
  expect(connectionsZ!).toBeGreaterThan(4)
})

describe('errors that are allowed', () => {
  const allowing = (errorRate: number) => driven(expectation(0), atRest(), { errorRate })
  const http500 = error('http 500', 'wanted')

  test('a few are told, and do not fail the check', () => {
    const run = allowing(0.01)
    run.feed(version('v1'), 200)
    expect(run.feed(http500)).toEqual({ type: 'continue' })
    run.feed(version('v1'), 200)
    run.feed(http500)
    expect(run.feed(version('v1'), 2000)).toEqual({ type: 'done', verdict: 'pass' })
    expect(run.result()).toMatchObject({ verdict: 'pass', errors: errorCounts({ 'http 500': 2 }) })
  })

  test('more than that fail it, once it is sure', () => {
    const run = allowing(0.01)
    for (let count = 0; count < 30; count += 1) {
      run.feed(version('v1'), 9)
      run.feed(http500)
    }
    expect(run.result()).toMatchObject({ verdict: 'fail' })
    expect(run.result().sent).toBeLessThan(200)
    expect(run.result().reason).toMatch(/× http 500 among .*; at most 1 % may be errors of the application/)
  })

  test('none to many: a pass waits until it is clear', () => {
    const run = allowing(0.01)
    for (let count = 0; count < 23; count += 1) {
      run.feed(version('v1'), 39)
      run.feed(http500) // 2.5 %: neither far above nor surely near what is allowed
    }
    expect(run.result('the time was over')).toMatchObject({ verdict: 'inconclusive' })
  })

  test.each([
    ['http 503 (no healthy upstream)'],
    ['foreign routes'],
    ['fallback (v1 answered for v2)'],
    ['redirect'],
  ])('what no application answers is never allowed: %s', (kind) => {
    const run = allowing(0.5)
    run.feed(version('v1'), 20)
    expect(run.feed(error(kind, 'wanted'))).toEqual({ type: 'done', verdict: 'fail' })
  })
})
