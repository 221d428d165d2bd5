import type { ExplainedAnswer } from '../../../../src/model/results/verify.js'
import { describe, expect, test, vi } from 'vitest'
import type { RequestCounters } from '../../../../src/routing/provider.js'
import { ExternalError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { install } from '../../../../src/operations/install.js'
import { uninstall } from '../../../../src/operations/uninstall/uninstall.js'
import { type Modelled, modelled } from '../../../support/model-cluster/context.js'
import { markedBy, renderObjects } from '../../../support/model-cluster/render.js'
import { SEED } from '../../rollout/seed-values.js'
import { failureOf } from '../../../support/failure-of.js'

const request = { app: 'echo', idleMs: 1 }

/** What the proxies count at each reading; the last one stays. */
type Readings = (number | 'unknown')[]

/** A model whose proxies count requests, and answer probes by the routes they have. */
function counted(
  readings: Readings = [7000],
  config: JsonObject | 'absent' = SEED[1],
  context: Partial<OperationContext> = {},
): Modelled {
  const made = modelled(config === 'absent' ? undefined : config, { context })
  const { cluster, routing, verifier } = made
  const left = [...readings]
  const counters: RequestCounters = {
    read: () => {
      const now = (left.length > 1 ? left.shift() : left[0])!
      return Promise.resolve({ requests: now === 'unknown' ? 0 : now, copies: 0, isKnown: now !== 'unknown' })
    },
    close: () => Promise.resolve(),
  }
  routing.counters = () => Promise.resolve(counters)
  verifier.explain = ({ expectations, times, fingerprint }) => {
    const served = cluster.world.kube.fingerprint()
    const headers: Record<string, string> =
      served === undefined || !fingerprint ? {} : { [fingerprint.header]: served }
    const answer: ExplainedAnswer = {
      kind: 'regular',
      path: '/echo',
      request: { method: 'GET', path: '/echo', headers: {} },
      answer: { status: served === undefined ? 404 : 200, headers, body: '' },
      elapsedMs: 1,
      readings: [],
      countsAs: '',
    }
    return Promise.resolve(expectations.flatMap(() => Array<ExplainedAnswer>(times).fill(answer)))
  }
  return made
}

const UNROUTED = 'upgrade: canary uninstall echo: remove the routes (by ann@host)'

describe('an app that nobody sends requests', () => {
  test('routes first, then the release, its pods and its Lease', async () => {
    const { cluster, context } = counted()
    const result = await uninstall(context, request)
    expect(cluster.calls.filter((call) => !call.startsWith('close'))).toEqual([
      UNROUTED,
      'uninstall',
      'wait for pods gone: v1',
    ])
    expect(cluster.revisions).toEqual([])
    expect(cluster.world.kube.versions()).toEqual([])
    expect(await cluster.lockHolder()).toBeUndefined()
    expect(result).toMatchObject({
      changed: true,
      from: { name: 'stable', primary: 'v1' },
      stage: { name: 'absent' },
      proof: { requests: 0, probes: 30 },
      next: ['canary install echo VERSION'],
    })
    expect(result.objects.map(({ kind }) => kind)).toContain('Deployment')
  })

  test('from the middle of a rollout both versions go, and probes with the canary headers are sent, too', async () => {
    const { cluster, context } = counted([7000], SEED[4])
    const result = await uninstall(context, request)
    expect(result.proof?.probes).toBe(60)
    expect(cluster.calls).toContain('wait for pods gone: v1, v2')
  })

  test('absent already: done, and nothing is changed', async () => {
    const { cluster, context } = counted([7000], 'absent')
    expect(await uninstall(context, request)).toMatchObject({ changed: false, stage: { name: 'absent' } })
    expect(cluster.calls).toEqual([])
  })

  test('a dry run names the objects that go and what stays, and changes nothing', async () => {
    const { cluster, context } = counted([7000], SEED[2], { dryRun: true })
    const result = await uninstall(context, request)
    expect(result.objects.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'Deployment echo-v1',
      'Deployment echo-v2',
      'RouteTable echo-routes',
      'Service echo',
      'Upstream echo',
    ])
    expect(result.stays).toEqual(['Namespace echo'])
    expect(result.commands.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'helm upgrade echo',
      'helm uninstall echo',
    ])
    expect(cluster.calls).toEqual([])
  })

  test('a person who says no changes nothing', async () => {
    const confirm = vi.fn(() => Promise.resolve(false))
    const { cluster, context } = counted([7000], SEED[1], { confirm })
    expect(await failureOf(uninstall(context, request))).toMatchObject({ exitCode: 130 })
    expect(confirm).toHaveBeenCalledWith(expect.stringMatching(/^Uninstall echo .*Deployment echo-v1/))
    expect(cluster.calls).toEqual([])
  })
})

describe('without the proof nothing is removed', () => {
  test('a request within the time ends it with exit 3, before any change', async () => {
    const { cluster, context } = counted([7000, 7002])
    const error = await failureOf(uninstall(context, request))
    expect(error).toMatchObject({ exitCode: 3, evidence: { requests: 2 } })
    expect(error.message).toMatch(/^echo receives requests: 2 within .* s, by the proxies' counters\.$/)
    expect(error.state).toBe('Nothing was changed: echo is stable: every request goes to v1.')
    expect(error.nextSteps.join('\n')).toContain('canary uninstall echo --unverified REASON')
    expect(cluster.calls.filter((call) => !call.startsWith('close'))).toEqual([])
  })

  test('Ctrl-C while the counters are watched: nothing changed, and the same command comes first', async () => {
    const stop = new AbortController()
    const { cluster, context, routing } = counted([7000], SEED[1], { signal: stop.signal })
    const read = () => {
      stop.abort('SIGINT')
      return Promise.resolve({ requests: 7000, copies: 0, isKnown: true })
    }
    routing.counters = () => Promise.resolve({ read, close: () => Promise.resolve() })
    const error = await failureOf(uninstall(context, { ...request, idleMs: 60_000 }))
    expect(error).toMatchObject({
      exitCode: 130,
      state: 'Nothing was changed: echo is stable: every request goes to v1.',
      nextSteps: [
        'canary COMMAND    (continues from here)',
        'canary status echo',
        'canary uninstall echo --unverified REASON    (removes it without a verification)',
      ],
    })
    expect(cluster.revisions).toHaveLength(1)
  })

  test.each<[string, Readings, RegExp]>([
    ['a proxy without a counter for the app', ['unknown'], /has no counter for echo of namespace echo/],
    ['a proxy that was restarted', [7000, 0], /counters were reset/],
  ])('%s: not known, exit 4', async (_, readings, why) => {
    const { cluster, context } = counted(readings)
    const error = await failureOf(uninstall(context, request))
    expect(error).toMatchObject({ exitCode: 4 })
    expect(error.message).toMatch(why)
    expect(cluster.revisions).toHaveLength(1)
  })

  test('counters that may not be read: exit 4; --unverified goes on and says why', async () => {
    const refuse = () => Promise.reject(new ExternalError('Ports may not be forwarded.'))
    const one = counted()
    one.routing.counters = refuse
    expect(await failureOf(uninstall(one.context, request))).toMatchObject({
      exitCode: 4,
      message: 'Cannot tell whether echo receives requests: Ports may not be forwarded.',
    })
    const unverified = 'no gateway: 12 any more'
    const result = await uninstall(one.context, { ...request, unverified })
    expect(result).toMatchObject({ stage: { name: 'absent' }, unverified })
    expect(result.proof).toBeUndefined()
    expect(one.cluster.calls).toContain(
      `upgrade: canary uninstall echo (unverified: ${unverified}): remove the routes (by ann@host)`,
    )
  })

  test('a listener that closes with its last route takes no request: refused probes are the proof', async () => {
    const { verifier, context } = counted()
    const { explain } = verifier
    verifier.explain = async (asked) => {
      const answers = await explain(asked)
      return answers.map(({ answer, ...sent }) =>
        answer?.status === 404
          ? { ...sent, failure: 'refused: connect', refused: true as const }
          : { ...sent, answer },
      )
    }
    expect(await uninstall(context, request)).toMatchObject({ changed: true, proof: { probes: 30 } })
  })

  test.each([false, true])(
    'without counters: what canary can and cannot tell; dry run: %s',
    async (dryRun) => {
      const { cluster, routing, context } = counted()
      routing.counters = () =>
        Promise.reject(
          new ExternalError('The proxies of Traefik have no counters.', { nextSteps: ['kubectl logs'] }),
        )
      const error = await failureOf(uninstall({ ...context, dryRun }, request))
      expect(error).toMatchObject({ exitCode: 4, details: [expect.stringContaining('not whether users')] })
      expect(error.message).toContain('The proxies of Traefik have no counters.')
      expect(error.nextSteps).toEqual([
        'kubectl logs',
        'canary status echo',
        'canary uninstall echo --unverified REASON    (removes it without a verification)',
      ])
      expect(cluster.calls.filter((call) => !call.startsWith('close'))).toEqual([])
    },
  )

  test('requests that arrive by another way once the routes are gone: exit 3, with the way back', async () => {
    const { cluster, routing, context } = counted()
    context.probes.timeoutMs = 0
    let requests = 7000
    routing.counters = () =>
      Promise.resolve({
        read: () => {
          if (cluster.world.kube.fingerprint() === undefined) requests += 3
          return Promise.resolve({ requests, copies: 0, isKnown: true })
        },
        close: () => Promise.resolve(),
      })
    const error = await failureOf(uninstall(context, request))
    expect(error).toMatchObject({ exitCode: 3 })
    expect(error.message).toContain('its Upstream counted 3 while 3 probes were sent')
    expect(error.state).toBe('Revision 2 of echo has no routes; its pods still run.')
    expect(error.nextSteps).toContain('helm rollback echo 1 -n echo    (restores the routes)')
    expect(cluster.calls).not.toContain('uninstall')
    // The same command again goes on: the routes are gone already.
    const again = counted([7000], cluster.revisions.at(-1)!.config)
    await uninstall(again.context, request)
    expect(again.cluster.calls).not.toContain(UNROUTED)
    expect(again.cluster.revisions).toEqual([])
  })
})

describe('only what is the release’s own', () => {
  test('an object under its name that is somebody else’s ends it, named, before any change', async () => {
    const { cluster, context } = counted()
    const [table] = renderObjects('echo', 'echo', SEED[1]).filter(({ kind }) => kind === 'RouteTable')
    cluster.world.kube.apply(markedBy({ name: 'rival', namespace: 'echo' }, table!))
    const error = await failureOf(uninstall(context, request))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.details.join('\n')).toContain('rival')
    expect(cluster.calls).toEqual([])
  })

  test('Deployments of its own that no values name go, others with its labels stay and are named', async () => {
    const { cluster, context } = counted()
    const deployment = (version: string) =>
      renderObjects('echo', 'echo', { deployment: { [version]: {} } }).find(
        ({ kind }) => kind === 'Deployment',
      )!
    cluster.world.kube.apply(markedBy({ name: 'echo', namespace: 'echo' }, deployment('v8')))
    cluster.world.kube.apply(deployment('v9'))
    const pods = () => cluster.world.kube.versionPods()
    cluster.workloads = () =>
      Promise.resolve({
        own: pods().filter(({ version }) => version !== 'v9'),
        others: [
          { kind: 'Deployment', name: 'echo-v9', version: 'v9', ready: 1, owner: { by: 'nobody' as const } },
        ],
      })
    const { stays } = await uninstall(context, request)
    expect(cluster.calls).toContain('remove Deployment echo-v8')
    expect(cluster.world.kube.versions()).toEqual(['v9'])
    expect(stays[0]).toBe('Deployment echo-v9: it belongs to no Helm release')
  })
})

test('a failed install names the way back; uninstall takes its remains without --recover', async () => {
  const { cluster, context } = counted([7000], 'absent')
  cluster.world.helm.faults.push({ name: 'fails', at: 4 })
  const error = await failureOf(install(context, { app: 'echo', version: 'v1', attach: true }))
  expect(error.nextSteps).toContain('canary uninstall echo    (only removes the remains)')
  expect(await uninstall(context, request)).toMatchObject({ stage: { name: 'absent' } })
  expect(cluster.revisions).toEqual([])
  expect(cluster.world.kube.objects.size).toBe(0)
})

test('an install whose pods do not get ready names the way back', async () => {
  const { cluster, context } = counted([7000], 'absent')
  cluster.world.kube.readiness.v1 = 'never'
  const error = await failureOf(install(context, { app: 'echo', version: 'v1', attach: true }))
  expect(error.nextSteps).toContain('canary uninstall echo    (removes it again)')
})

test('a revision that failed over a deployed one is brought back first, where that is agreed to', async () => {
  const { cluster, context } = counted()
  cluster.add(SEED[2], 'failed')
  expect(await failureOf(uninstall(context, request))).toMatchObject({ exitCode: 6 })
  await uninstall({ ...context, recover: true }, request)
  expect(cluster.calls[0]).toBe('rollback to 1')
  expect(cluster.revisions).toEqual([])
})
