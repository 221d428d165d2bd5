import { afterEach, expect, test } from 'vitest'
import { applyAsHelm, autoscalers, liveObjects } from '../../../../src/cluster/kube/live-objects.js'
import { GLOO_RESOURCES } from '../../../../src/routing/gloo/kinds.js'
import { isAppliedOnServer } from '../../../../src/cluster/helm/releases.js'
import { record, release } from '../../../support/helm-record.js'
import { type FakeApi, failure, json, list, startFakeApi } from './fake-api.js'

let fake: FakeApi | undefined
afterEach(async () => {
  await fake?.close()
  fake = undefined
})

const NAMES = [
  { apiVersion: 'v1', kind: 'Service', name: 'echo' },
  { apiVersion: 'apps/v1', kind: 'Deployment', name: 'echo-v1' },
  { apiVersion: 'gateway.solo.io/v1', kind: 'RouteTable', name: 'echo-routes' },
  { apiVersion: 'v1', kind: 'Namespace', name: 'echo' },
  { apiVersion: 'example.com/v1', kind: 'Widget', name: 'echo' },
]

test('objects by name: those that are gone are told, those that may not be read or are not known are left out', async () => {
  fake = await startFakeApi(({ path }, response) => {
    if (path.endsWith('/services/echo'))
      return json(response, 200, { kind: 'Service', metadata: { name: 'echo' }, spec: {} })
    if (path.endsWith('/deployments/echo-v1'))
      return json(response, 404, failure(404, 'NotFound', 'not found'))
    return json(response, 403, failure(403, 'Forbidden', 'you may not'))
  })
  expect(await liveObjects(fake.api, NAMES, 'echo', GLOO_RESOURCES)).toEqual([
    { ...NAMES[0], object: { kind: 'Service', metadata: { name: 'echo' }, spec: {} } },
    { ...NAMES[1], object: undefined },
  ])
  expect(fake.requests.map(({ path }) => path).sort()).toEqual([
    '/api/v1/namespaces/echo',
    '/api/v1/namespaces/echo/services/echo',
    '/apis/apps/v1/namespaces/echo/deployments/echo-v1',
    '/apis/gateway.solo.io/v1/namespaces/echo/routetables/echo-routes',
  ])
})

test('autoscalers of Deployments, with the API’s defaults', async () => {
  const target = (kind: string) => ({ scaleTargetRef: { kind, name: 'echo-v1' }, maxReplicas: 10 })
  fake = await startFakeApi((_, response) =>
    json(
      response,
      200,
      list('HorizontalPodAutoscaler', [
        { metadata: { name: 'a' }, spec: target('Deployment') },
        { metadata: { name: 'b' }, spec: { ...target('Deployment'), minReplicas: 3 } },
        { metadata: { name: 'c' }, spec: target('StatefulSet') },
      ]),
    ),
  )
  expect(await autoscalers(fake.api, 'echo')).toEqual([
    { name: 'a', deployment: 'echo-v1', min: 1, max: 10 },
    { name: 'b', deployment: 'echo-v1', min: 3, max: 10 },
  ])
})

test.each([403, 404])('no autoscalers where the answer is %i', async (status) => {
  fake = await startFakeApi((_, response) => json(response, status, failure(status, 'No', 'no')))
  expect(await autoscalers(fake.api, 'echo')).toEqual([])
})

test("an object is applied in Helm's name, with what Helm puts on its objects", async () => {
  fake = await startFakeApi((_, response) => json(response, 200, GLOO_RESOURCES))
  const object = {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'RouteTable',
    metadata: { name: 'echo-routes', labels: { apiGroup: 'example' } },
    spec: { routes: [] },
  }
  await applyAsHelm(fake.api, object, { app: 'echo', namespace: 'demo' }, GLOO_RESOURCES)
  expect(fake.requests).toEqual([
    {
      method: 'PATCH',
      path: '/apis/gateway.solo.io/v1/namespaces/demo/routetables/echo-routes',
      query: { fieldManager: 'helm', force: 'true' },
      body: {
        ...object,
        metadata: {
          name: 'echo-routes',
          namespace: 'demo',
          labels: { apiGroup: 'example', 'app.kubernetes.io/managed-by': 'Helm' },
          annotations: { 'meta.helm.sh/release-name': 'echo', 'meta.helm.sh/release-namespace': 'demo' },
        },
      },
    },
  ])
})

test('whether Helm applies on the server’s side: by the newest revision, or the one to go back to', async () => {
  const records = [
    record('Secret', release({ version: 1, info: { status: 'superseded' } })),
    record('Secret', release({ version: 2, apply_method: 'ssa' })),
  ]
  fake = await startFakeApi((_, response) => json(response, 200, list('Secret', records)))
  const app = { app: 'echo', namespace: 'echo' }
  expect(await isAppliedOnServer(fake.api, app)).toBe(true)
  expect(await isAppliedOnServer(fake.api, { ...app, revision: 1 })).toBe(false)
  expect(await isAppliedOnServer(fake.api, { ...app, revision: 2 })).toBe(true)
})

test.each([
  [
    'an apiVersion',
    { apiVersion: 'apps/v1/namespaces/other-team/deployments/victim?x=', kind: 'Deployment', name: 'a' },
  ],
  ['a name', { apiVersion: 'apps/v1', kind: 'Deployment', name: '../../other-team/deployments/victim' }],
  ['dots for a name', { apiVersion: 'apps/v1', kind: 'Deployment', name: '..' }],
])('%s that leads elsewhere is named, and nothing is asked for or written', async (_, name) => {
  fake = await startFakeApi((_, response) => json(response, 200, GLOO_RESOURCES))
  const { apiVersion, kind } = name
  const object = { apiVersion, kind, metadata: { name: name.name } }
  for (const work of [
    liveObjects(fake.api, [name], 'echo', GLOO_RESOURCES),
    applyAsHelm(fake.api, object, { app: 'echo', namespace: 'echo' }, GLOO_RESOURCES),
    fake.api.find({ resource: { apiVersion, plural: 'deployments' }, name: name.name === 'a' ? 'a' : '..' }),
  ]) {
    await expect(work).rejects.toMatchObject({ exitCode: 6 })
  }
  expect(fake.requests).toEqual([])
})

test.each([
  ['a Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } }],
  ['an object elsewhere', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: 'other' } }],
  ['a kind that no chart makes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } }],
])('%s is never written', async (_, object) => {
  fake = await startFakeApi((_, response) => json(response, 200, GLOO_RESOURCES))
  const work = applyAsHelm(fake.api, object, { app: 'echo', namespace: 'echo' }, GLOO_RESOURCES)
  await expect(work).rejects.toThrow('is not an object of namespace echo: not written')
  expect(fake.requests).toEqual([])
})
