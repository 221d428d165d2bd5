import { expect, test } from 'vitest'
import { ConflictError } from '../../../src/model/errors.js'
import type { ReleaseChart } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import { importApp } from '../../../src/operations/import.js'
import { shift } from '../../../src/operations/shift.js'
import { CHART, renderObjects } from '../../support/model-cluster/render.js'
import { type Modelled, modelled } from '../../support/model-cluster/context.js'

const PART_3 = { deployment: { v1: {} }, routes: { apiGroup: 'example' } }
/** The primary is among the defaults, as in the series. */
const SEED_CHART: ReleaseChart = {
  ...CHART,
  metadata: { name: 'echo-app', version: '0.3.0' },
  values: { deployment: {}, routes: { apiGroup: 'example', primary: { version: 'v1' } } },
}

/** A release made by hand; its objects are rendered as the bundled chart's are, but for the label of its routes. */
function byHand(options?: Parameters<typeof modelled>[1], config: JsonObject = PART_3): Modelled {
  const surroundings = modelled(undefined, options)
  const { cluster } = surroundings
  cluster.world.helm.render = (app, namespace, values) => {
    const routes = { primary: { version: 'v1' }, ...(values.routes as JsonObject) }
    return renderObjects(app, namespace, { ...values, routes }).map((object: any) => {
      if (object.kind === 'RouteTable') {
        object.metadata.labels = { apiGroup: 'example' }
        for (const route of object.spec.routes) delete route.options
      }
      if (object.kind === 'Deployment') {
        const container = object.spec.template.spec.containers[0]
        container.name = object.metadata.name
        container.args ??= [`-text=version:${object.metadata.name}`, '-listen=:8080']
      }
      return object
    })
  }
  cluster.add(config, 'deployed', SEED_CHART)
  return surroundings
}

test('one upgrade and its proof, with the way back', async () => {
  const { context, cluster, events } = byHand()

  const result = await importApp(context, { app: 'echo' })

  expect(cluster.calls).toEqual([
    expect.stringContaining('upgrade: canary import echo: take over echo with chart gloo-app'),
    'prove',
    'close the way to the proxy',
  ])
  expect(result).toMatchObject({
    changed: true,
    revision: 2,
    stage: { name: 'stable', primary: 'v1' },
    undo: 'helm rollback echo 1 -n echo',
  })
  expect(cluster.revisions.at(-1)?.config).toEqual({
    deployment: { v1: {} },
    routes: { apiGroup: 'example', primary: { version: 'v1' } },
  })
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.message.trim()] : []))
  expect(notes.filter((note) => note.startsWith('echo, revision 1'))).toHaveLength(1)
  expect(notes).toContain('no pod restarts')
})

test('a canary under way stays one', async () => {
  const canary = { version: 'v2', weight: 20, headers: { stage: 'canary' } }
  const routes = { apiGroup: 'example', canary }
  const { context } = byHand({}, { deployment: { v1: {}, v2: {} }, routes })
  const { stage } = await importApp(context, { app: 'echo' })
  expect(stage).toMatchObject({ name: 'weighted', primary: 'v1', canary: 'v2', weight: 20 })
})

test('a dry run tells, and changes nothing', async () => {
  const { context, cluster } = byHand({ context: { dryRun: true } })
  const { plan, changed } = await importApp(context, { app: 'echo' })
  expect({ changed, steps: plan.steps.length }).toEqual({ changed: true, steps: 1 })
  expect(cluster.revisions).toHaveLength(1)
})

test('a person is asked, and may say no', async () => {
  const asked: string[] = []
  const confirm = (question: string) => {
    asked.push(question)
    return Promise.resolve(false)
  }
  const { context, cluster } = byHand({ context: { confirm } })
  await expect(importApp(context, { app: 'echo' })).rejects.toMatchObject({ outcome: 'interrupted' })
  expect(asked).toEqual(['Import echo? No pod restarts.'])
  expect(cluster.revisions).toHaveLength(1)
})

test('a release of the bundled chart is only proven', async () => {
  const config = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }
  const { context, cluster } = modelled(config)
  expect(await importApp(context, { app: 'echo' })).toMatchObject({ changed: false, revision: 1 })
  expect(cluster.calls).toEqual(['prove', 'close the way to the proxy'])
})

test('a proof that fails: the way back is told', async () => {
  const { context } = byHand({ verdicts: ['fail'] })
  await expect(importApp(context, { app: 'echo' })).rejects.toMatchObject({
    exitCode: 3,
    nextSteps: expect.arrayContaining(['helm rollback echo 1 -n echo    (roll back)']) as unknown,
  })
})

test('a helm that failed before is recovered from, whatever the chart is named', async () => {
  const { context, cluster } = byHand({ context: { recover: true } })
  cluster.add({ ...PART_3, team: 'blue' }, 'failed', SEED_CHART)
  expect(await importApp(context, { app: 'echo' })).toMatchObject({ changed: true })
})

test('other commands name the way here', async () => {
  const ofChart = byHand()
  const wants = 'canary import echo --dry-run    (whether it can be taken over)'
  await expect(shift(ofChart.context, { app: 'echo', weight: 50 })).rejects.toMatchObject({
    nextSteps: expect.arrayContaining([wants]) as unknown,
  })
  const ofLayout = modelled()
  const sameName = { ...SEED_CHART, metadata: CHART.metadata }
  ofLayout.cluster.add({ deployment: { v1: {} }, routing: { version: 'v1' } }, 'deployed', sameName)
  await expect(shift(ofLayout.context, { app: 'echo', weight: 50 })).rejects.toMatchObject({
    nextSteps: expect.arrayContaining([wants]) as unknown,
  })
})

test.each<[string, () => Modelled, string]>([
  ['no release', () => modelled(), 'There is no release named echo'],
  ['values of another chart', () => byHand({}, { deployment: null, image: 'x' }), 'match no layout'],
])('%s is refused', async (_case, make, said) => {
  const refused = await importApp(make().context, { app: 'echo' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ConflictError)
  expect((refused as ConflictError).message).toContain(said)
})
