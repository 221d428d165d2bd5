import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../../src/sandbox/api-server/resources.js'
import { isReady } from '../../../../src/sandbox/controllers/owned.js'
import { type DataPlane, startDataPlane, until } from '../../../contract/routing/data-plane.js'
import { deployment, put, service } from '../../../contract/routing/objects.js'

let plane: DataPlane
beforeEach(async () => {
  plane = await startDataPlane()
})
afterEach(() => plane.close())

const echo = () => plane.store.get(RESOURCES.deployments, 'echo', 'echo-v1')!
const pods = () => plane.store.list(RESOURCES.pods, 'echo')
const sets = () => plane.store.list(RESOURCES.replicasets, 'echo')

async function apply(object: KubeObject): Promise<void> {
  put(plane.store, RESOURCES.deployments, object)
  await plane.settled()
}

function condition(type: string) {
  return echo().status.conditions.find((one: { type: string }) => one.type === type)
}

test('a Deployment becomes as helm --wait and kubectl rollout status want it', async () => {
  await apply(deployment('echo', 'v1', 3))
  expect(echo().status).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  })
  expect(condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' })
  expect(condition('Progressing')).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "${sets()[0]!.metadata.name}" has successfully progressed.`,
  })
  expect(echo().metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' })
  expect(pods().map((pod) => pod.metadata.labels)).toEqual(
    Array(3).fill({
      app: 'echo',
      version: 'v1',
      'pod-template-hash': sets()[0]!.metadata.labels!['pod-template-hash'],
    }),
  )
})

test('a rolling update never has fewer ready pods than wanted', async () => {
  await apply(deployment('echo', 'v1', 2))
  let fewest = Infinity
  const unsubscribe = plane.store.subscribe(() => {
    fewest = Math.min(fewest, pods().filter(isReady).length)
  })
  await apply(deployment('echo', 'v1', 2, 'example/echo:2'))
  unsubscribe()
  await until(() => pods().length === 2)
  expect(pods().map((pod) => pod.spec.containers[0].image)).toEqual(['example/echo:2', 'example/echo:2'])
  expect(fewest).toBe(2)
  expect(echo().metadata.annotations!['deployment.kubernetes.io/revision']).toBe('2')
})

test('a template that comes back takes its ReplicaSet again, with a new revision', async () => {
  for (const image of ['a/b:1', 'a/b:2', 'a/b:1']) await apply(deployment('echo', 'v1', 1, image))
  expect(
    sets()
      .map((set) => set.metadata.annotations!['deployment.kubernetes.io/revision'])
      .sort(),
  ).toEqual(['2', '3'])
  expect(sets().filter((set) => set.spec.replicas === 1)).toHaveLength(1)
})

test('an image that cannot be pulled keeps the old pod, and says why', async () => {
  await apply(deployment('echo', 'v1'))
  await apply(deployment('echo', 'v1', 1, 'registry.invalid/echo:1'))
  expect(pods().filter(isReady)).toHaveLength(1)
  const waiting = pods().find((pod) => !isReady(pod))!.status.containerStatuses[0].state.waiting
  expect(waiting).toEqual({
    reason: 'ImagePullBackOff',
    message: expect.stringMatching(
      /^Back-off pulling image "registry\.invalid\/echo:1": ErrImagePull: .*no such host$/,
    ),
  })
  expect(
    plane.store
      .list(RESOURCES.events, 'echo')
      .filter(({ type }) => type === 'Warning')
      .map(({ reason, message }) => `${reason}: ${String(message).slice(0, 55)}`)
      .sort(),
  ).toEqual([
    'BackOff: Back-off pulling image "registry.invalid/echo:1"',
    'Failed: Error: ErrImagePull',
    'Failed: Error: ImagePullBackOff',
    'Failed: Failed to pull image "registry.invalid/echo:1": failed ',
  ])
  expect(condition('Available')).toMatchObject({ status: 'True' })
  expect(condition('Progressing')).toMatchObject({ reason: 'ReplicaSetUpdated' })
})

test('progressDeadlineSeconds over is told as Kubernetes tells it', async () => {
  const stuck = deployment('echo', 'v1', 1, 'registry.invalid/echo:1')
  stuck.spec.progressDeadlineSeconds = 0.02
  await apply(stuck)
  await until(() => condition('Progressing').reason === 'ProgressDeadlineExceeded')
  expect(condition('Progressing')).toMatchObject({
    status: 'False',
    message: `ReplicaSet "${sets()[0]!.metadata.name}" has timed out progressing.`,
  })
  expect(condition('Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' })
})

test('Recreate ends the old pods before it starts new ones', async () => {
  const recreate = (image: string) => {
    const object = deployment('echo', 'v1', 2, image)
    object.spec.strategy = { type: 'Recreate' }
    return object
  }
  await apply(recreate('a/b:1'))
  const images = new Set<string>()
  const unsubscribe = plane.store.subscribe(() => {
    images.add([...new Set(pods().map((pod) => pod.spec.containers[0].image as string))].sort().join(' and '))
  })
  await apply(recreate('a/b:2'))
  await until(() => pods().filter(isReady).length === 2)
  unsubscribe()
  expect([...images]).not.toContain('a/b:1 and a/b:2')
})

test('scaled down and deleted, pods leave the endpoints first and end after', async () => {
  put(plane.store, RESOURCES.services, service('echo'))
  await apply(deployment('echo', 'v1', 2))
  const addresses = () =>
    plane.store
      .get(RESOURCES.endpoints, 'echo', 'echo')!
      .subsets.flatMap((subset: { addresses?: { ip: string }[] }) => subset.addresses ?? [])
  await until(() => addresses().length === 2)
  await apply(deployment('echo', 'v1', 1))
  await until(() => pods().length === 1 && addresses().length === 1)
  plane.store.delete(RESOURCES.deployments, 'echo', 'echo-v1')
  await until(() => pods().length === 0 && sets().length === 0)
  expect(plane.store.get(RESOURCES.endpoints, 'echo', 'echo')!.subsets).toEqual([])
})
