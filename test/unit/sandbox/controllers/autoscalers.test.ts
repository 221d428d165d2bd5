import { afterEach, beforeEach, expect, test } from 'vitest'
import { RESOURCES } from '../../../../src/sandbox/api-server/resources.js'
import { ObjectStore } from '../../../../src/sandbox/api-server/store.js'
import { AutoscalerController } from '../../../../src/sandbox/controllers/autoscalers.js'
import { until } from '../../../contract/routing/data-plane.js'
import { deployment } from '../../../contract/routing/objects.js'

let store: ObjectStore
let controller: AutoscalerController
beforeEach(() => {
  store = new ObjectStore()
  controller = new AutoscalerController(store)
})
afterEach(() => controller.close())

function autoscaler(name: string, minReplicas: number, maxReplicas: number): void {
  store.create(RESOURCES.horizontalpodautoscalers, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'echo' },
    spec: { minReplicas, maxReplicas, scaleTargetRef: { kind: 'Deployment', name: 'echo-v1' } },
  })
}

/** Replicas that the autoscalers came to want, once each has had its say. */
async function desired(): Promise<number[]> {
  const all = () => store.list(RESOURCES.horizontalpodautoscalers)
  await until(() => all().every(({ status }) => status))
  const { spec } = store.get(RESOURCES.deployments, 'echo', 'echo-v1')!
  return [spec.replicas as number, ...all().map(({ status }) => status.desiredReplicas as number)]
}

test.each([
  ['below the minimum', 1, 2, 5, 2],
  ['above the maximum', 9, 2, 5, 5],
  ['between the two', 3, 2, 5, 3],
  ['switched off', 0, 2, 5, 0],
])('replicas %s', async (_, replicas, min, max, wanted) => {
  store.create(RESOURCES.deployments, deployment('echo', 'v1', replicas))
  autoscaler('one', min, max)
  expect(await desired()).toEqual([wanted, wanted])
})

test('two autoscalers of one Deployment leave it alone', async () => {
  store.create(RESOURCES.deployments, deployment('echo', 'v1', 3))
  autoscaler('one', 1, 2)
  autoscaler('two', 5, 9)
  expect(await desired()).toEqual([3, 3, 3])
})
