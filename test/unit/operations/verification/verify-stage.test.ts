import { describe, expect, test } from 'vitest'
import { ExternalError } from '../../../../src/model/errors.js'
import type { Analysis } from '../../../../src/model/results/analysis.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { ProbeSettings } from '../../../../src/model/verify/verify-settings.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { abort } from '../../../../src/operations/abort.js'
import { finish } from '../../../../src/operations/finish.js'
import { shift } from '../../../../src/operations/shift.js'
import { analyze, verify } from '../../../../src/operations/verify.js'
import { type Modelled, modelled } from '../../../support/model-cluster/context.js'
import { SEED } from '../../rollout/seed-values.js'
import { errorCounts } from '../../../support/answer-errors.js'
import { failureOf } from '../../../support/failure-of.js'

const app = { app: 'echo' }

function probing(config: JsonObject | undefined, probes: Partial<ProbeSettings>): Modelled {
  const model = modelled(config)
  Object.assign(model.context.probes, probes)
  return model
}

describe('the settings of the values', () => {
  test('paths, tolerance and what is sent reach the verifier, flags over values', async () => {
    const verifyValues = {
      tolerance: 5,
      paths: ['/echo', '/echo/items'],
      request: { headers: { authorization: 'env:TOKEN', 'x-a': 'values' } },
      expect: { status: 200 },
    }
    const { verifier, context } = probing(
      { ...SEED[4], verify: verifyValues },
      {
        tolerance: 0.025,
        headers: { 'x-a': 'flag' },
        env: () => 'secret',
        allow: { env: ['TOKEN'], methods: [], paths: [], hosts: [] },
        setVerify: ['expect.status=204'],
      },
    )
    await verify(context, app)
    expect(verifier.requests[0]).toMatchObject({
      tolerance: 0.025,
      probe: { method: 'GET', headers: { authorization: 'secret', 'x-a': 'flag' } },
      assertions: { status: [[204, 204]] },
      expectations: [{ paths: ['/echo', '/echo/items'] }, { paths: ['/echo', '/echo/items'] }],
    })
  })

  test('wrong ones are told before anything is changed', async () => {
    const { cluster, context } = modelled({ ...SEED[3], verify: { expect: { code: 200 } } })
    const error = await failureOf(shift(context, { ...app, weight: 50 }))
    expect(error).toMatchObject({ exitCode: 2 })
    expect(error.message).toContain('verify.expect.code')
    expect(cluster.revisions).toHaveLength(1)
  })
})

test('each step tells which shares the stage before had', async () => {
  const { verifier, context } = modelled(SEED[4])
  await shift(context, { ...app, weight: 100 })
  await finish(context, { ...app, jump: false })
  const shares = verifier.requests.map(({ expectations }) =>
    expectations.map(({ share, shareBefore }) => [share, shareBefore]),
  )
  expect(shares).toEqual([
    [
      [1, 0.5],
      [1, 1],
    ],
    [
      [1, undefined],
      [1, undefined],
    ],
    [[0, 0]],
  ])
})

test('the bound on false alarms is split over the checks of a plan that chance can fail', async () => {
  const { verifier, context } = modelled(SEED[4])
  await verify(context, app)
  expect(verifier.requests[0]!.alpha).toBe(0.001)
  await shift(context, { ...app, weight: 20 })
  expect(verifier.requests[1]!.alpha).toBe(0.0005) // the stage found may have to be proven as well
})

describe('the removal of a canary that never started and has no route', () => {
  function crashing() {
    const model = modelled(SEED[2])
    model.cluster.world.kube.crash('v2')
    return model
  }

  test('is proven by the routes: the answers need not name a version', async () => {
    const { cluster, verifier, context } = crashing()
    await abort(context, app)
    const sole = verifier.requests.map(({ soleVersion, versionHeaderIsProof, fingerprint }) => ({
      soleVersion,
      versionHeaderIsProof,
      told: fingerprint !== undefined,
    }))
    const byRoutes = { soleVersion: 'v1', versionHeaderIsProof: true, told: true }
    expect(sole).toEqual([byRoutes, byRoutes])
    expect(cluster.world.kube.versions()).toEqual(['v1'])
  })

  test('is not where the primary has no ready pod: another version may answer for it', async () => {
    const { cluster, verifier, context } = crashing()
    cluster.world.kube.crash('v1')
    cluster.world.kube.heal('v2')
    expect(await failureOf(abort(context, app))).toMatchObject({ exitCode: 3 })
    expect(verifier.requests[0]).toMatchObject({ soleVersion: undefined, versionHeaderIsProof: false })
    expect(cluster.world.kube.versions()).toEqual(['v1', 'v2'])
  })

  test('only a removal: what is verified has to name its version', async () => {
    const { verifier, context } = crashing()
    await verify(context, app)
    expect(verifier.requests[0]).toMatchObject({ soleVersion: undefined, versionHeaderIsProof: true })
  })
})

test('the version header is no proof while pods of others get the app’s requests under its versions', async () => {
  const { cluster, verifier, context } = modelled(SEED[4])
  const workloads = cluster.workloads.bind(cluster)
  let version = 'v2'
  cluster.workloads = async () => ({
    own: (await workloads()).own,
    others: [{ kind: 'Deployment', name: 'worker', version, ready: 1, owner: { by: 'nobody' } }],
  })
  await verify(context, app)
  version = '2024.1'
  await verify(context, app)
  expect(verifier.requests.map(({ versionHeaderIsProof }) => versionHeaderIsProof)).toEqual([false, true])
})

describe('a revision that somebody makes during a check', () => {
  test('ends it as a conflict, not as a verdict', async () => {
    const { cluster, verifier, context } = modelled(SEED[4])
    verifier.verify = (_request, _reporter, signal) => {
      cluster.add(SEED[5], 'deployed', undefined, 'by somebody else')
      return new Promise((_, reject) =>
        signal!.addEventListener('abort', () => reject(signal!.reason as Error)),
      )
    }
    const error = await failureOf(verify(context, app))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toContain('expected revision 1, found 2')
  })

  test('takes a pass away, too', async () => {
    const { cluster, verifier, context } = modelled(SEED[4])
    const prove = verifier.verify.bind(verifier)
    verifier.verify = async (...args) => {
      const proof = await prove(...args)
      cluster.add(SEED[5], 'deployed', undefined, 'by somebody else')
      return proof
    }
    expect(await failureOf(verify(context, app))).toMatchObject({ exitCode: 6 })
  })
})

describe('several proxies', () => {
  function withProxies(pods: string[], probes: Partial<ProbeSettings> = {}) {
    const model = probing(SEED[4], probes)
    const closed: string[] = []
    model.routing.proxyPods = () => Promise.resolve(pods)
    model.routing.proxyPodAddress = (pod?: string) =>
      Promise.resolve({
        origin: `http://127.0.0.1:9${pod}`,
        source: 'a forward',
        close: () => {
          closed.push(pod!)
          return Promise.resolve()
        },
      })
    return { ...model, closed }
  }
  const shared = [{ name: '', origin: 'http://127.0.0.1:8080' }]

  test('are asked one by one, by the name they share, and their forwards are closed', async () => {
    const { verifier, context, closed } = withProxies(['1', '2'])
    await verify(context, app)
    expect(verifier.requests[0]!.transport).toMatchObject({
      host: '127.0.0.1:8080',
      proxies: [
        { name: '1', origin: 'http://127.0.0.1:91' },
        { name: '2', origin: 'http://127.0.0.1:92' },
      ],
    })
    expect(closed.sort()).toEqual(['1', '2'])
  })

  test.each<[string, string[], Partial<ProbeSettings>]>([
    ['there is only one', ['1'], {}],
    ['nobody wants it', ['1', '2'], { eachProxy: false }],
    ['an address was given', ['1', '2'], { proxyUrl: 'http://127.0.0.1:8080' }],
  ])('are asked by the address they share where %s', async (_name, pods, probes) => {
    const { verifier, context } = withProxies(pods, probes)
    await verify(context, app)
    expect(verifier.requests[0]!.transport.proxies).toEqual(shared)
  })

  test('that can not be reached one by one are asked together, and that is said', async () => {
    const { routing, verifier, context, events } = withProxies(['1', '2'])
    routing.proxyPodAddress = () => Promise.reject(new ExternalError('You may not forward ports.'))
    await verify(context, app)
    expect(verifier.requests[0]!.transport.proxies).toEqual(shared)
    expect(events).toContainEqual({
      type: 'note',
      message: expect.stringContaining('You may not forward ports.') as string,
    })
  })

  test('that must be asked one by one and can not be are an error', async () => {
    const { routing, context } = withProxies(['1', '2'], { eachProxy: true })
    routing.proxyPodAddress = () => Promise.reject(new ExternalError('You may not forward ports.'))
    expect(await failureOf(verify(context, app))).toMatchObject({ exitCode: 5 })
  })
})

describe('health before a share rises', () => {
  const health = (verdict: Analysis['verdict']): Analysis => ({
    verdict,
    pairs: 400,
    elapsedMs: 1000,
    primary: { version: 'v1', answers: 400, errors: [], errorCount: 0 },
    canary: { version: 'v2', answers: 400, errors: errorCounts({ 'http 500': 20 }), errorCount: 20 },
    unattributed: [],
    gates: [{ name: 'errors', verdict, reason: '20 of 400' }],
    samples: [],
  })
  const shifting = (context: OperationContext, weight: number) =>
    shift(context, { ...app, weight, analyzeMs: 1000 })

  test.each([
    ['fail', 3],
    ['inconclusive', 4],
  ] as const)('%s: nothing moves, exit %i', async (verdict, exitCode) => {
    const { cluster, verifier, context } = modelled(SEED[4])
    verifier.analyze = () => Promise.resolve(health(verdict))
    const error = await failureOf(shifting(context, 75))
    expect(error).toMatchObject({ exitCode, evidence: { analysis: { pairs: 400 } } })
    expect(error.message).toContain('errors: 20 of 400')
    expect(cluster.revisions).toHaveLength(1)
  })

  test('pass: the stage is left', async () => {
    const { cluster, verifier, context } = modelled(SEED[4])
    verifier.analyze = () => Promise.resolve(health('pass'))
    const result = await shifting(context, 75)
    expect(result.analysis).toMatchObject({ verdict: 'pass' })
    expect(cluster.revisions).toHaveLength(2)
  })

  test('a share that sinks is not compared', async () => {
    const { context } = modelled(SEED[4])
    expect((await shifting(context, 10)).analysis).toBeUndefined()
  })

  test('a metric out of bounds keeps the canary back', async () => {
    const metrics = [{ name: 'queue', query: 'queue{app="{{app}}"}', max: 10 }]
    const { verifier, context } = probing(
      { ...SEED[4], verify: { prometheus: 'http://prometheus', metrics } },
      { headers: { authorization: 'mine' } },
    )
    expect((await failureOf(analyze(context, { ...app, durationMs: 1000 }))).exitCode).toBe(2)
    expect((await failureOf(shifting(context, 75))).message).toMatch(/^verify\.prometheus: /)
    context.probes.allow.hosts.push('prometheus')
    verifier.analyze = () => Promise.resolve(health('pass'))
    verifier.metrics = (request) => {
      expect(JSON.stringify(request)).not.toContain('mine')
      expect(request).toMatchObject({
        gates: metrics,
        variables: { app: 'echo', canary: 'v2', weight: '50' },
      })
      return Promise.resolve([{ name: 'queue', verdict: 'fail' as const, reason: '12 is above 10' }])
    }
    const error = await failureOf(analyze(context, { ...app, durationMs: 1000 }))
    expect(error).toMatchObject({ exitCode: 3 })
    expect(error.message).toContain('queue: 12 is above 10')
  })

  test('with no way to one of the two there is nothing to compare', async () => {
    for (const config of [SEED[1], SEED[5]]) {
      const { context } = modelled(config)
      expect(await failureOf(analyze(context, { ...app, durationMs: 1000 }))).toMatchObject({ exitCode: 6 })
    }
  })
})

describe('copies of requests', () => {
  const shadowed: JsonObject = {
    ...SEED[2],
    routes: { ...(SEED[2].routes as JsonObject), shadow: { version: 'v2', percentage: 20 } },
  }

  /** Counters that grow by this much from one reading to the next. */
  function counting(requests: number, copies: number): Modelled & { closed: () => number } {
    const model = modelled(shadowed)
    let readings = 0
    let closed = 0
    model.routing.counters = () =>
      Promise.resolve({
        read: () => {
          readings += 1
          return Promise.resolve({
            requests: 7000 + readings * requests,
            copies: 90 + readings * copies,
            isKnown: true,
          })
        },
        close: () => {
          closed += 1
          return Promise.resolve()
        },
      })
    return { ...model, closed: () => closed }
  }

  test('are proven by the proxies’ counters, beside the answers', async () => {
    const { context, events, closed } = counting(459, 93)
    const { proof } = await verify(context, app)
    expect(proof).toMatchObject({
      verdict: 'pass',
      shadow: { version: 'v2', requests: 459, shadowed: 93, verdict: 'pass' },
    })
    expect(events.find(({ type }) => type === 'shadow-check')).toBeDefined()
    expect(closed()).toBe(1)
  })

  test('too few to tell: probes go on until they are enough', async () => {
    const { context, verifier } = counting(40, 8)
    const { proof } = await verify(context, app)
    expect(proof.shadow!.verdict).toBe('pass')
    expect(proof.shadow!.requests).toBe(40 * (verifier.requests.length - 1))
    expect(verifier.requests.length).toBeGreaterThan(2)
  })

  test('none at all: the stage is not what it says', async () => {
    const failure = await failureOf(verify(counting(459, 0).context, app))
    expect(failure.outcome).toBe('failed')
    expect(failure.message).toMatch(/copies to v2: 0 of 459 requests, 0 % \(0–[\d.]+, wanted 20\)/)
  })

  test('counters that may not be read leave it open', async () => {
    const { context, routing } = modelled(shadowed)
    routing.counters = () => Promise.reject(new ExternalError('Ports may not be forwarded.'))
    const failure = await failureOf(verify(context, app))
    expect(failure.outcome).toBe('inconclusive')
    expect(failure.message).toContain('whether copies of requests reach v2 cannot be seen: Ports may not be')
  })
})
