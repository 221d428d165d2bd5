import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { keepReplicas } from '../../../../src/cluster/helm/keep-replicas.js'
import { type FakeApi, failure, json, startFakeApi } from '../kube/fake-api.js'

let fake: FakeApi | undefined
afterEach(async () => {
  await fake?.close()
  fake = undefined
})

const deployment = (name: string, fields: string) =>
  `---\n# Source: gloo-app/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: "${name}"\nspec:\n${fields}  template: {}\n`
const SERVICE =
  '---\n# Source: gloo-app/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata: { name: echo }\n'

/** A record as Helm writes it: numbers that no float holds, and `<` as an escape. */
function record(manifest: string) {
  const text = JSON.stringify({
    name: 'echo',
    namespace: 'echo',
    info: { status: 'deployed' },
    manifest,
    version: 1,
  })
  const chart =
    '"chart":{"metadata":{"name":"gloo-app","version":"0.1.0"}},"config":{"big":12345678901234567890,"lt":"\\u003c"}'
  const release = gzipSync(text.replace('"manifest"', `${chart},"manifest"`)).toString('base64')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.echo.v1', namespace: 'echo', resourceVersion: '7' },
    data: { release: Buffer.from(release).toString('base64') },
  }
}

const unzip = (release: string) =>
  gunzipSync(Buffer.from(Buffer.from(release, 'base64').toString('latin1'), 'base64')).toString('utf8')

const managed = (manager: string, operation: string, spec: object, subresource?: string) => ({
  manager,
  operation,
  ...(subresource ? { subresource } : {}),
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:spec': spec },
})

test("Helm's record and its fields lose the number of pods of the Deployments named, and nothing else", async () => {
  const other = deployment('echo-v2', '  replicas: 3\n')
  const before = record(`${SERVICE}${deployment('echo-v1', '  replicas: 4\n')}${other}`)
  const byAutoscaler = managed('kube-controller-manager', 'Update', { 'f:replicas': {} }, 'scale')
  const entries = [managed('helm', 'Apply', { 'f:replicas': {}, 'f:template': {} }), byAutoscaler]
  let stale = 1
  fake = await startFakeApi(({ method, path }, response) => {
    if (path.includes('/secrets/')) return json(response, 200, before)
    if (method === 'PATCH' && stale-- > 0)
      return json(response, 409, failure(409, 'Conflict', 'the object has been modified'))
    const metadata = { name: 'echo-v1', resourceVersion: '9', managedFields: entries }
    return json(response, 200, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 4 } })
  })

  await keepReplicas(fake.api, { app: 'echo', namespace: 'echo', revision: 1, deployments: ['echo-v1'] })

  const writes = fake.requests.filter(({ method }) => method !== 'GET')
  expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'PATCH /apis/apps/v1/namespaces/echo/deployments/echo-v1',
    'PATCH /apis/apps/v1/namespaces/echo/deployments/echo-v1',
    'PUT /api/v1/namespaces/echo/secrets/sh.helm.release.v1.echo.v1',
  ])
  expect(writes[1]!.body).toEqual([
    { op: 'replace', path: '/metadata/resourceVersion', value: '9' },
    {
      op: 'replace',
      path: '/metadata/managedFields',
      value: [managed('helm', 'Apply', { 'f:template': {} }), byAutoscaler],
    },
  ])
  const { metadata, data } = writes[2]!.body
  expect(metadata.resourceVersion).toBe('7')
  expect(JSON.parse(unzip(data.release)).manifest).toBe(`${SERVICE}${deployment('echo-v1', '')}${other}`)
  expect(unzip(data.release)).toContain('"config":{"big":12345678901234567890,"lt":"\\u003c"}')
})

test.each([
  ['  replicas: 4   # pods\n', ''],
  ['  replicas:\n    4\n', ''],
  [
    '  paused: off\n  replicas: 4\n  big: 12345678901234567890\n',
    '  paused: off\n  big: 12345678901234567890\n',
  ],
])('the rest of the manifest stays as it is written: %j', async (fields, left) => {
  const odd = '  octal: 0123\n  text: "a\\u0085b"\n  list: [ a,b ]\n'
  const manifest = await manifestAfter(deployment('echo-v1', `${fields}${odd}`))
  expect(manifest).toBe(deployment('echo-v1', `${left}${odd}`))
})

test.each([
  ['{ replicas: 4, big: 0123 }', '{ big: 0123 }'],
  ['{ big: 0123, replicas: 4 }', '{ big: 0123 }'],
  ['{ replicas: 4 }', '{  }'],
])('the same on one line: %s', async (spec, left) => {
  const text = (fields: string) => `kind: Deployment\nmetadata: { name: echo-v1 }\nspec: ${fields}\n`
  expect(await manifestAfter(text(spec))).toBe(text(left))
})

/** What the record's manifest becomes. */
async function manifestAfter(manifest: string): Promise<string> {
  fake = await startFakeApi(({ path }, response) =>
    path.includes('/secrets/')
      ? json(response, 200, record(manifest))
      : json(response, 404, failure(404, 'NotFound', 'gone')),
  )
  await keepReplicas(fake.api, { app: 'echo', namespace: 'echo', revision: 1, deployments: ['echo-v1'] })
  const write = fake.requests.find(({ method }) => method === 'PUT')
  return (JSON.parse(unzip(write!.body.data.release)) as { manifest: string }).manifest
}

test('nothing is written where Helm has not set it', async () => {
  fake = await startFakeApi(({ path }, response) => {
    if (path.includes('/secrets/')) return json(response, 200, record(deployment('echo-v1', '')))
    const managedFields = [managed('helm', 'Update', { 'f:replicas': {} })]
    const metadata = { name: 'echo-v1', resourceVersion: '9', managedFields }
    return json(response, 200, { apiVersion: 'apps/v1', kind: 'Deployment', metadata })
  })
  await keepReplicas(fake.api, { app: 'echo', namespace: 'echo', revision: 1, deployments: ['echo-v1'] })
  expect(fake.requests.map(({ method }) => method)).toEqual(['GET', 'GET'])
})
