import { describe, expect, test } from 'vitest'
import type { AppLock } from '../../../../src/cluster/ports/locks.js'
import type { Cluster } from '../../../../src/cluster/port.js'
import { ConflictError, ExternalError } from '../../../../src/model/errors.js'
import type { Autoscaler, LiveObject } from '../../../../src/model/results/drift.js'
import type { Revision } from '../../../../src/model/release.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { requireNoDrift } from '../../../../src/operations/drift/require-no-drift.js'
import { markedBy } from '../../../support/model-cluster/render.js'
import { TestClock } from '../../../support/test-clock.js'

const routes = {
  primary: { version: 'v1' },
  canary: { version: 'v2', weight: 50, headers: { stage: 'canary' } },
}

const deployment = (version: string, replicas = 1) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: `echo-${version}` },
  spec: { replicas, template: { metadata: { labels: { app: 'echo', version } } } },
})
const upstream = {
  apiVersion: 'gloo.solo.io/v1',
  kind: 'Upstream',
  metadata: { name: 'echo' },
  spec: { kube: {} },
}
const routeTable = (weight: number) => ({
  apiVersion: 'gateway.solo.io/v1',
  kind: 'RouteTable',
  metadata: { name: 'echo-routes', labels: { apiGroup: 'example' } },
  spec: { weight },
})

const MANIFEST = [deployment('v1'), deployment('v2'), upstream, routeTable(50)]

/** As Helm marks them, unless they bear marks already. */
function liveOf(objects: object[]): LiveObject[] {
  return MANIFEST.map(({ apiVersion, kind, metadata: { name } }) => {
    const found: any = objects.find((object: any) => object.kind === kind && object.metadata.name === name)
    const marked = found && (found.metadata.annotations ? found : markedBy(RELEASE, found))
    return { apiVersion, kind, name, object: marked }
  })
}

const RELEASE = { name: 'echo', namespace: 'echo' }

interface Setting {
  /** The objects as deployed. */
  manifest?: object[]
  /** The objects as they are; those of the manifest that are not among them are gone. */
  live?: object[]
  autoscalers?: Autoscaler[]
  namespaceIsGoing?: boolean
  /** What reading throws. */
  unreadable?: Error
  context?: Partial<OperationContext>
}

/** An app of which v1 and v2 are deployed, with half of the requests to v2, and what was done to the cluster. */
function app({ manifest = MANIFEST, live = manifest, autoscalers = [], context = {}, ...setting }: Setting) {
  const done: string[] = []
  const events: string[] = []
  const cluster: Partial<Cluster> = {
    liveObjects: (names) => {
      if (setting.unreadable) return Promise.reject(setting.unreadable)
      const asked = new Set(names.map(({ kind }) => kind))
      const going = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }
      const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'echo', object: going }
      return Promise.resolve([
        ...liveOf(live).filter(({ kind }) => asked.has(kind)),
        ...(setting.namespaceIsGoing && asked.has('Namespace') ? [namespace] : []),
      ])
    },
    autoscalers: () => Promise.resolve(autoscalers),
    applyAsHelm: (object: any) => {
      done.push(
        `${object.kind} ${object.metadata.name} ${object.spec.replicas ?? object.spec.weight ?? ''}`.trim(),
      )
      return Promise.resolve()
    },
    waitForPods: (_app, _namespace, versions) => {
      done.push(`pods of ${versions.join(', ')}`)
      return Promise.resolve()
    },
  }
  const deployed = {
    revision: 4,
    description: 'canary shift echo 50',
    config: { deployment: { v1: {}, v2: {} }, routes },
    manifest: manifest.map((object) => `---\n${JSON.stringify(object)}\n`).join(''),
  } as unknown as Revision
  const lock = { confirm: () => Promise.resolve(done.push('confirmed')) } as unknown as AppLock
  const whole = {
    cluster,
    takeOver: false,
    dryRun: false,
    podTimeoutMs: 1000,
    clock: new TestClock(),
    emit: (event: any) => events.push(event.message ?? event.type),
    ...context,
  } as unknown as OperationContext
  const run = (options: { isAbort?: boolean; held?: boolean } = {}) =>
    requireNoDrift(
      whole,
      { app: 'echo', namespace: 'echo', deployed },
      {
        command: 'shift echo 60',
        isAbort: options.isAbort,
        lock: options.held ? lock : undefined,
      },
    )
  return { run, done, events }
}

async function refusal(setting: Setting): Promise<ConflictError> {
  const error: unknown = await app(setting)
    .run()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConflictError)
  return error as ConflictError
}

const EDITED = [deployment('v1', 3), upstream, routeTable(10)]

test('an app as it was deployed: nothing is said', async () => {
  const { run, events } = app({})
  expect(await run()).toEqual({ takeOver: false })
  expect(events).toEqual([])
})

describe('refused', () => {
  test('with each difference, what users notice, and the ways on', async () => {
    const error = await refusal({ live: EDITED })
    expect(error.message).toBe('echo is not as revision 4 deployed it: 3 differences.')
    expect(error.details).toEqual([
      'Deployment echo-v1: spec.replicas is 3, deployed was 1',
      'Deployment echo-v2 is gone: somebody deleted it',
      'RouteTable echo-routes: spec.weight is 10, deployed was 50',
    ])
    expect(error.state).toMatch(
      /^Nothing was changed: weighted: .* v2 gets requests and has no pods now: .* check with canary verify echo\.$/,
    )
    expect(error.nextSteps).toEqual([
      'kubectl get deployment/echo-v1 routetable/echo-routes -n echo -o yaml --show-managed-fields    (look at it)',
      'canary shift echo 60 --take-over    (restores what was deployed, then continues)',
    ])
  })

  test('a namespace that is being deleted, whatever was asked for', async () => {
    const setting = { namespaceIsGoing: true, context: { takeOver: true } }
    expect((await refusal(setting)).message).toBe('Namespace echo is being deleted, with all that is in it.')
  })

  test('replicas that an autoscaler sets', async () => {
    const autoscaler = { name: 'hpa', deployment: 'echo-v1', min: 2, max: 9 }
    const error = await refusal({
      live: [deployment('v1', 3), deployment('v2'), upstream, routeTable(50)],
      autoscalers: [autoscaler],
    })
    expect(error.details).toEqual([
      'HPA hpa has set 3 replicas (2 to 9) of Deployment echo-v1, deployed were 1',
    ])
    expect(error.nextSteps[0]).toContain('set deployment.v1.replicas to 3 in the values')
    expect(error.nextSteps.at(-1)).toBe('canary shift echo 60 --take-over    (continues in spite of it)')
  })

  test('by a person who is asked', async () => {
    const { run, events } = app({ live: EDITED, context: { decide: () => Promise.resolve(false) } })
    await expect(run()).rejects.toThrow(ConflictError)
    expect(events).toHaveLength(3)
  })
})

describe('taken over', () => {
  test('with the flag: pods first, the routes when those that get requests are ready', async () => {
    const { run, done } = app({ live: EDITED, context: { takeOver: true } })
    expect(await run({ held: true })).toEqual({ takeOver: true })
    expect(done).toEqual([
      'confirmed',
      'Deployment echo-v1 1',
      'Deployment echo-v2 1',
      'pods of v1, v2',
      'RouteTable echo-routes 50',
    ])
  })

  const neighbours = markedBy({ name: 'shop', namespace: 'echo' }, deployment('v1', 3))

  test('only what is the release’s: an object that Helm’s marks give to another one is refused', async () => {
    const { run, done } = app({ live: [neighbours, upstream, routeTable(10)], context: { takeOver: true } })
    await expect(run({ held: true })).rejects.toMatchObject({
      exitCode: 6,
      details: ['Deployment echo-v1: it belongs to Helm release echo/shop'],
    })
    expect(done).toEqual([])
  })

  test('on the way back such an object stays as it is, and is named', async () => {
    const { run, done, events } = app({ live: [neighbours, deployment('v2'), routeTable(50)] })
    await run({ isAbort: true, held: true })
    expect(done).toEqual(['confirmed', 'Upstream echo'])
    expect(events).toContain('not written back: Deployment echo-v1: it belongs to Helm release echo/shop')
  })

  test('by a person who agrees; nothing is written before the app is held', async () => {
    const { run, done } = app({ live: EDITED, context: { decide: () => Promise.resolve(true) } })
    expect(await run()).toEqual({ takeOver: true })
    expect(done).toEqual([])
  })

  test("an autoscaler's number stays while other fields are written back", async () => {
    const live = [
      { ...deployment('v1', 3), spec: { replicas: 3 } },
      deployment('v2'),
      upstream,
      routeTable(50),
    ]
    const autoscalers = [{ name: 'hpa', deployment: 'echo-v1', min: 2, max: 9 }]
    const { run, done } = app({ live, autoscalers, context: { takeOver: true } })
    await run({ held: true })
    expect(done).toEqual(['confirmed', 'Deployment echo-v1 3', 'pods of v1'])
  })

  test("a number that the manifest leaves to the autoscaler does not become Helm's", async () => {
    const { replicas: _replicas, ...spec } = deployment('v1', 1).spec
    const manifest = [{ ...deployment('v1', 1), spec }, deployment('v2'), upstream, routeTable(50)]
    const live = [
      { ...deployment('v1', 3), spec: { replicas: 3 } },
      deployment('v2'),
      upstream,
      routeTable(50),
    ]
    const autoscalers = [{ name: 'hpa', deployment: 'echo-v1', min: 2, max: 9 }]
    const { run, done } = app({ manifest, live, autoscalers, context: { takeOver: true } })
    await run({ held: true })
    expect(done).toEqual(['confirmed', 'Deployment echo-v1', 'pods of v1'])
  })

  test('a dry run only tells', async () => {
    const { run, done, events } = app({ live: EDITED, context: { dryRun: true } })
    expect(await run()).toEqual({ takeOver: false })
    expect([done, events.length]).toEqual([[], 3])
  })
})

describe('the way back', () => {
  test("asks nobody, brings back the primary's pods alone, and leaves the routes where they are", async () => {
    const { run, done, events } = app({ live: [routeTable(10)] })
    expect(await run({ isAbort: true, held: true })).toEqual({ takeOver: true })
    expect(done).toEqual(['confirmed', 'Deployment echo-v1 1', 'Upstream echo', 'RouteTable echo-routes 10'])
    expect(events).toContain('RouteTable echo-routes: spec.weight is 10, deployed was 50')
  })

  test('goes on where nothing can be read', async () => {
    const { run, events } = app({ unreadable: new ExternalError('The cluster is overloaded.') })
    expect(await run({ isAbort: true, held: true })).toEqual({ takeOver: true })
    expect(events).toEqual(['The cluster is overloaded. Whether somebody changed echo by hand is not known.'])
  })

  test('any other command fails there', async () => {
    const { run } = app({ unreadable: new ExternalError('The cluster is overloaded.') })
    await expect(run()).rejects.toThrow('overloaded')
  })
})
