import { afterEach, beforeEach, expect, test } from 'vitest'
import { readDeployment } from '../../../../src/cluster/pods/read-deployment.js'
import { KINDS } from '../../../../src/routing/gloo/kinds.js'
import { type FakePath, startFakePath } from '../fake-program.js'

let fake: FakePath
beforeEach(async () => {
  fake = await startFakePath()
})
afterEach(() => fake.close())

/** A kubectl that knows `deployment shop` in namespace shops, and fails otherwise with `failure`. */
const kubectl = (services: string, failure = 'Error from server (NotFound): not there') => `
const args = process.argv.slice(2)
const fail = (text) => { process.stderr.write(text + '\\n'); process.exit(1) }
if (args[1] === 'services' || args[1].includes('.')) {
  if (!args.includes('-A') && args[args.indexOf('-n') + 1] !== 'shops') fail('another namespace')
  ${services}
} else if (args[2] === 'shop') {
  process.stdout.write(JSON.stringify({ kind: 'Deployment', metadata: { name: 'shop', namespace: 'shops' } }))
} else fail(${JSON.stringify(failure)})`

test('the Deployment comes with what may belong to it in its namespace', async () => {
  const name = `{"items": [{"metadata": {"name": "' + args[1].split('.')[0] + '"}}]}`
  await fake.program('kubectl', kubectl(`process.stdout.write('${name}')`))
  expect(await readDeployment('shop', {}, KINDS)).toEqual({
    deployment: { kind: 'Deployment', metadata: { name: 'shop', namespace: 'shops' } },
    neighbours: [
      { kind: 'Service', metadata: { name: 'services' } },
      { kind: 'HorizontalPodAutoscaler', metadata: { name: 'horizontalpodautoscalers' } },
      { kind: 'PodDisruptionBudget', metadata: { name: 'poddisruptionbudgets' } },
    ],
    routing: [
      { kind: 'RouteTable', metadata: { name: 'routetables' } },
      { kind: 'VirtualService', metadata: { name: 'virtualservices' } },
      { kind: 'Upstream', metadata: { name: 'upstreams' } },
    ],
    unreadable: [],
  })
})

test('what may not be read is named', async () => {
  await fake.program('kubectl', kubectl(`fail('Error from server (Forbidden)')`))
  const { neighbours, unreadable } = await readDeployment('shop', { namespace: 'shops' }, KINDS)
  expect(neighbours).toEqual([])
  expect(unreadable).toEqual([
    'services of namespace shops',
    'horizontalpodautoscalers of namespace shops',
    'poddisruptionbudgets of namespace shops',
  ])
})

test('a Deployment that is not there is wrong usage', async () => {
  await fake.program('kubectl', kubectl(''))
  await expect(readDeployment('none', { namespace: 'shops' }, KINDS)).rejects.toMatchObject({
    outcome: 'usage',
    message: 'Not found: deployment none in namespace shops.',
  })
})

test('a cluster that can not be asked is no wrong usage', async () => {
  await fake.program('kubectl', kubectl('', 'Unable to connect to the server'))
  await expect(readDeployment('none', { kubeContext: 'far' }, KINDS)).rejects.toMatchObject({
    outcome: 'external',
    message: 'Cannot read the Deployment: Unable to connect to the server.',
    command: 'kubectl get deployment none -o json --context far',
    code: 1,
  })
})

test('no kubectl is told', async () => {
  await expect(readDeployment('shop', {}, KINDS)).rejects.toThrow(
    'Cannot read the Deployment: kubectl was not found.',
  )
})
