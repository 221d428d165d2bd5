import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConflictError, UsageError } from '../../../src/model/errors.js'
import type { JsonObject } from '../../../src/model/values.js'
import { upgradeLines } from '../../../src/model/results/upgrade-changes.js'
import { upgrade } from '../../../src/operations/upgrade.js'
import { type Modelled, modelled } from '../../support/model-cluster/context.js'
import { renderObjects } from '../../support/model-cluster/render.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-upgrade-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const CONFIG = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }

/** A chart whose pods carry the value `team`, whose Upstream has the fallback policy, and whose routes their apiGroup. */
function render(app: string, namespace: string, values: JsonObject): JsonObject[] {
  const { team = 'none', upstream = {}, routes } = values as any
  return renderObjects(app, namespace, values).map((object: any) => {
    if (object.kind === 'Deployment') object.spec.template.metadata.labels.team = team
    if (object.kind === 'Upstream') object.spec = upstream
    if (object.kind === 'RouteTable') object.metadata.labels = { apiGroup: routes.apiGroup ?? 'example' }
    return object
  })
}

/** A stable app whose objects are rendered by that chart, in every revision. */
function stable(options?: Parameters<typeof modelled>[1], config: JsonObject = CONFIG): Modelled {
  const surroundings = modelled(undefined, options)
  const { cluster } = surroundings
  cluster.world.helm.render = render
  cluster.add(config, 'deployed')
  return surroundings
}

const upgraded = 'upgrade: canary upgrade echo --set team=…: change team (by ann@host)'

test('proof, upgrade, the rolling restart, proof; the difference is told before', async () => {
  const { context, cluster, events } = stable()

  const result = await upgrade(context, { app: 'echo', set: ['team=blue'] })

  expect(cluster.calls).toEqual([
    'prove',
    upgraded,
    'wait for pods: v1',
    'prove',
    'close the way to the proxy',
  ])
  expect(result).toMatchObject({ changed: true, revision: 2, undo: 'canary upgrade echo --revision 1' })
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.message.trim()] : []))
  expect(notes).toEqual([
    'echo, revision 1: what the upgrade changes',
    '+ team: "blue"',
    'Deployment echo-v1 changes',
    '~ spec.template.metadata.labels.team: "none" → "blue"',
    'pods of v1 are replaced, a few at a time',
  ])
})

test('nothing to change: its proof only', async () => {
  const { context, cluster } = stable()

  expect(await upgrade(context, { app: 'echo' })).toMatchObject({ changed: false, undo: undefined })
  expect(cluster.calls).toEqual(['prove', 'close the way to the proxy'])
})

test('values of the file replace the base; what is secret in --set stays out of the history', async () => {
  const { context, cluster } = stable({}, { ...CONFIG, team: 'red', verify: {} })
  const file = path.join(folder, 'base.yaml')
  await writeFile(file, 'team: blue\nroutes: {apiGroup: example}\n')

  await upgrade(context, { app: 'echo', valuesFiles: [file], set: ['token=hunter2'] })

  expect(cluster.revisions.at(-1)?.config).toEqual({ ...CONFIG, team: 'blue', token: 'hunter2' })
  expect(cluster.calls.join()).not.toContain('hunter2')
})

test('asked on a terminal, the answer no changes nothing', async () => {
  const asked: string[] = []
  const confirm = (question: string) => {
    asked.push(question)
    return Promise.resolve(false)
  }
  const { context, cluster } = stable({ context: { confirm } })

  await expect(upgrade(context, { app: 'echo', set: ['team=blue'] })).rejects.toMatchObject({
    outcome: 'interrupted',
    state: expect.stringContaining('Nothing was changed'),
  })
  expect(asked).toEqual(['Upgrade echo, replacing its pods?'])
  expect(cluster.revisions).toHaveLength(1)
})

test('pods that do not come up: the way back is named', async () => {
  const { context, cluster } = stable()
  cluster.world.kube.readiness.v1 = 'never'

  await expect(upgrade(context, { app: 'echo', set: ['team=blue'] })).rejects.toMatchObject({
    outcome: 'external',
    state: 'echo: revision 2, stable: every request goes to v1.',
    nextSteps: expect.arrayContaining(['canary upgrade echo --revision 1    (roll back)']),
  })
})

test('a stage that is not proven is not built upon', async () => {
  const { context, cluster } = stable({ verdicts: ['fail'] })

  await expect(upgrade(context, { app: 'echo', set: ['team=blue'] })).rejects.toMatchObject({
    outcome: 'failed',
  })
  expect(cluster.revisions).toHaveLength(1)
})

test('values that no object has, as how answers name their version, need no proof before', async () => {
  const { context, cluster } = stable()

  await upgrade(context, { app: 'echo', set: ['verify.version.header=x-app-version'] })

  expect(cluster.calls.filter((call) => call === 'prove')).toHaveLength(1)
})

describe('back to an earlier revision', () => {
  test('its base values, with the versions of now, whatever the traffic shows before', async () => {
    const { context, cluster } = stable({}, { ...CONFIG, team: 'red' })
    cluster.add({ ...CONFIG, deployment: { v2: {} }, routes: { primary: { version: 'v2' } } }, 'deployed')

    const result = await upgrade(context, { app: 'echo', revision: 1 })

    expect(result).toMatchObject({ revision: 3, undo: undefined })
    expect(cluster.revisions.at(-1)?.config).toEqual({
      deployment: { v2: {} },
      routes: { apiGroup: 'example', primary: { version: 'v2' } },
      team: 'red',
    })
    expect(cluster.calls[0]).toMatch(/^upgrade: canary upgrade echo --revision 1: /)
  })

  test.each([
    ['there is none', 7],
    ['one that failed', 2],
  ])('%s: exit 2', async (_name, revision) => {
    const { context, cluster } = stable()
    cluster.add({ ...CONFIG, team: 'blue' }, 'failed')
    cluster.add(CONFIG, 'deployed')

    await expect(upgrade(context, { app: 'echo', revision })).rejects.toBeInstanceOf(UsageError)
    expect(cluster.revisions).toHaveLength(3)
  })
})

describe('pods that serve', () => {
  /** A chart that leaves the number of pods to an autoscaler where `app.autoscaling` says so. */
  function scaling(app: any): Modelled {
    const surroundings = stable({}, CONFIG)
    const { world } = surroundings.cluster
    world.helm.render = (name, namespace, values) => {
      const { replicas = 1, autoscaling } = values.app as any
      const autoscaler = {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'echo-v1', namespace },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'echo-v1' }, ...autoscaling },
      }
      const objects = render(name, namespace, values).map((object: any) => {
        if (object.kind !== 'Deployment') return object
        const { replicas: _one, ...spec } = object.spec
        return { ...object, spec: autoscaling ? spec : { replicas, ...spec } }
      })
      return autoscaling ? [...objects, autoscaler] : objects
    }
    surroundings.cluster.add({ ...CONFIG, app }, 'deployed')
    return surroundings
  }
  const pods = ({ cluster }: Modelled) => cluster.world.kube.versionPods()[0]!.wanted
  const ofRevision = ({ cluster }: Modelled) => (cluster.revisions.at(-1)!.config as any).app
  const toAutoscaler = ['app.replicas=null', 'app.autoscaling.minReplicas=2', 'app.autoscaling.maxReplicas=9']

  test('stay when an autoscaler takes over; a dry run says so', async () => {
    const found = scaling({ replicas: 4 })
    const dry = await upgrade({ ...found.context, dryRun: true }, { app: 'echo', set: toAutoscaler })
    expect(dry.plan.steps[0]).toMatchObject({
      leastReady: { version: 'v1', count: 4 },
      changes: {
        scaling: { version: 'v1', serving: 4, after: { autoscaler: 'echo-v1', least: 2, most: 9 } },
      },
    })
    expect(upgradeLines(dry.plan.steps[0]!.changes!)).toContain(
      'v1 keeps 4 pods throughout: autoscaler echo-v1 sets 2 to 9 from then on',
    )
    expect(found.cluster.calls.join()).not.toContain('keep')

    await upgrade(found.context, { app: 'echo', set: toAutoscaler })
    expect(found.cluster.calls).toContain('keep the pods of echo-v1, set by revision 2')
    expect(pods(found)).toBe(4)
  })

  test.each([
    ['an autoscaler for fewer', { replicas: 4 }, [...toAutoscaler, 'app.autoscaling.maxReplicas=3'], 3],
    [
      'a number of the release for fewer',
      { autoscaling: { maxReplicas: 9 } },
      ['app.autoscaling=null', 'app.replicas=2'],
      2,
    ],
  ])('%s is refused, gets as many (auto), or is taken at its word (off)', async (_name, app, set, left) => {
    const found = scaling(app)
    ;(found.cluster.world.kube.find('Deployment', 'echo-v1')!.spec as JsonObject).replicas = 4
    const wanted = { app: 'echo', set }

    await expect(upgrade(found.context, wanted)).rejects.toMatchObject({
      outcome: 'conflict',
      message: expect.stringMatching(new RegExp(`^4 pods of v1 serve; this upgrade leaves ${left} `)),
      nextSteps: expect.arrayContaining([expect.stringMatching(/ --set app\.\S+=4$/)]),
    })
    const off = await upgrade({ ...found.context, scale: 'off', dryRun: true }, wanted)
    expect(off.plan.steps[0]!.leastReady).toEqual({ version: 'v1', count: left })
    await upgrade({ ...found.context, scale: 'auto' }, wanted)
    expect([pods(found), JSON.stringify(ofRevision(found))]).toEqual([4, expect.stringMatching(/eplicas":4/)])
  })

  test('the way back is not refused for its number of pods: it gets as many', async () => {
    const found = scaling({ replicas: 2 })
    await upgrade(found.context, { app: 'echo', set: toAutoscaler })
    ;(found.cluster.world.kube.find('Deployment', 'echo-v1')!.spec as JsonObject).replicas = 5

    await upgrade(found.context, { app: 'echo', revision: 2 })
    expect([pods(found), ofRevision(found)]).toEqual([5, { replicas: 5 }])
  })
})

describe('what is refused', () => {
  test('off stable: exit 6, with finish and abort', async () => {
    const rolling = {
      deployment: { v1: {}, v2: {} },
      routes: { primary: { version: 'v1' }, canary: { version: 'v2', headers: { stage: 'canary' } } },
    }
    const { context } = stable({}, rolling)

    const refused = upgrade(context, { app: 'echo', set: ['team=blue'] })

    await expect(refused).rejects.toBeInstanceOf(ConflictError)
    await expect(refused).rejects.toMatchObject({
      nextSteps: [
        expect.stringMatching(/^canary finish echo /),
        expect.stringMatching(/^canary abort echo /),
      ],
    })
  })

  test('an apiGroup that no VirtualService selects', async () => {
    const { context, cluster } = stable()
    const asked = () => upgrade(context, { app: 'echo', set: ['routes.apiGroup=other'] })

    await expect(asked()).rejects.toThrow(/No VirtualService selects routes of apiGroup other/)
    const selector = { labels: { apiGroup: 'other' }, namespaces: ['*'] }
    cluster.world.virtualServices = [
      {
        metadata: { name: 'other', namespace: 'gloo-system' },
        spec: { virtualHost: { routes: [{ delegateAction: { selector } }] } },
      },
    ]
    expect(await asked()).toMatchObject({ changed: true })
  })

  test('another provider: its users would still be at the old gateway', async () => {
    const { context, cluster } = stable()
    const { routing } = context
    const of: typeof routing.of = (values, namespace) => {
      const provider = routing.of(values, namespace)
      const { provider: name = 'gloo' } = values.routes as { provider?: 'gloo' | 'gateway-api' }
      return Object.create(provider, { description: { value: { ...provider.description, name } } })
    }
    const set = ['routes.provider=gateway-api', 'routes.gateway.name=public']
    const asked = upgrade({ ...context, routing: { ...routing, of } }, { app: 'echo', set })
    await expect(asked).rejects.toThrow(/routes\.provider would change from gloo to gateway-api/)
    expect(cluster.calls.filter((call) => call.startsWith('upgrade'))).toEqual([])
  })

  test.each([
    ['no chart', undefined, /no chart at/],
    ['another chart', 'name: nginx\nversion: 1.0.0\n', /named "nginx"/],
    ['subcharts', 'name: gloo-app\nversion: 1.0.0\ndependencies: [{name: redis}]\n', /has dependencies/],
  ])('a folder with %s', async (name, chart, said) => {
    const { context } = stable()
    const chartFolder = await mkdtemp(path.join(folder, name.replace(' ', '-')))
    if (chart) await writeFile(path.join(chartFolder, 'Chart.yaml'), chart)

    const refused = upgrade(context, { app: 'echo', chart: chartFolder })

    await expect(refused).rejects.toBeInstanceOf(UsageError)
    await expect(refused).rejects.toThrow(said)
  })
})
