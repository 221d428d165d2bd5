import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject, ResourceType } from '../../../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../../../src/sandbox/api-server/resources.js'
import { createDefinition } from '../../../../../src/sandbox/infrastructure.js'
import { isReady } from '../../../../../src/sandbox/controllers/owned.js'
import { type DataPlane, startDataPlane, until } from '../../../../contract/routing/data-plane.js'
import {
  deployment,
  KINDS,
  put,
  routeTable,
  service,
  single,
  upstream,
  virtualService,
} from '../../../../contract/routing/objects.js'

let plane: DataPlane
beforeEach(async () => {
  plane = await startDataPlane()
})
afterEach(() => plane.close())

const pods = () => plane.store.list(RESOURCES.pods, 'echo')
const container = () => pods()[0]!.status.containerStatuses[0]
const events = (reason: string) =>
  plane.store
    .list(RESOURCES.events, 'echo')
    .filter((event) => event.reason === reason)
    .map(({ message }) => message as string)

function apply(...objects: KubeObject[]): void {
  for (const object of objects) put(plane.store, KINDS[object.kind]!, object)
}

const routed = [
  service('echo'),
  upstream('echo'),
  virtualService(),
  routeTable('echo', [single('echo', 'v1')]),
]

test('events tell what happened to a pod, once each', async () => {
  apply(deployment('echo', 'v1'))
  await plane.settled()
  const [pod] = pods()
  expect(events('Scheduled')).toEqual([`Successfully assigned echo/${pod!.metadata.name} to sandbox`])
  expect(events('Started')).toEqual(['Started container echo-v1'])
  expect(events('SuccessfulCreate')).toEqual([`Created pod: ${pod!.metadata.name}`])
  expect(events('ScalingReplicaSet')).toEqual([
    expect.stringMatching(/^Scaled up replica set echo-v1-\w+ from 0 to 1$/),
  ])
})

test('logs of http-echo: its start, then a line for each request', async () => {
  apply(...routed, deployment('echo', 'v1'))
  await plane.settled()
  await plane.count('/echo/a?b=1', [], 1)
  const log = plane.logsOf('echo', pods()[0]!.metadata.name)
  expect(log).toMatch(
    /^\S+ \S+ \[INFO\] server is listening on :8080\n\S+ \S+ "GET \/echo\/a\?b=1 HTTP\/1\.1" 200\n$/,
  )
})

test('wrong arguments end the container again and again, as Kubernetes tells it', async () => {
  const wrong = deployment('echo', 'v1')
  wrong.spec.template.spec.containers[0].args = ['-colour=red']
  apply(wrong)
  await until(() => pods()[0]?.status?.containerStatuses?.[0]?.lastState)
  const { name, uid } = pods()[0]!.metadata
  expect(container()).toMatchObject({
    ready: false,
    restartCount: 1,
    lastState: { terminated: { exitCode: 2, reason: 'Error' } },
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off 10s restarting failed container=echo-v1 pod=${name}_echo(${uid})`,
      },
    },
  })
  expect(plane.logsOf('echo', name)).toContain('flag provided but not defined: -colour')
  expect(events('BackOff')).toHaveLength(1)
})

test('an ordered crash ends running pods, and they come back when it is taken back', async () => {
  apply(...routed, deployment('echo', 'v1'))
  await plane.settled()
  const fault = plane.faults.add({ kind: 'crash', app: 'echo', version: 'v1' })
  await until(() => container().state.waiting?.reason === 'CrashLoopBackOff')
  expect(pods().filter(isReady)).toEqual([])
  await until(async () => (await plane.count('/echo', [], 1)).answers['503 no healthy upstream'])
  plane.faults.remove(fault.id)
  await plane.settled()
  expect(container()).toMatchObject({ ready: true, restartCount: 1 })
  expect((await plane.count('/echo', [], 1)).answers).toEqual({ '200 version:echo-v1': 1 })
})

test('logs of the run before: the same as those of the last while it waits, then its own', async () => {
  apply(deployment('echo', 'v1'))
  await plane.settled()
  const logs = (isBefore: boolean) => plane.logsOf('echo', pods()[0]!.metadata.name, isBefore)
  expect(logs(true)).toBeUndefined()
  const fault = plane.faults.add({ kind: 'crash', app: 'echo', version: 'v1' })
  await until(() => container().state.waiting?.reason === 'CrashLoopBackOff')
  expect(logs(false)).toMatch(/panic: an ordered crash/)
  expect(logs(true)).toBe(logs(false))
  plane.faults.remove(fault.id)
  await plane.settled()
  expect(logs(false)).toMatch(/^\S+ \S+ \[INFO\] server is listening on :8080\n$/)
  expect(logs(true)).toMatch(/panic: an ordered crash/)
})

test('pods of a slow version are ready late, and at once when the fault is taken back', async () => {
  const fault = plane.faults.add({ kind: 'slow-ready', app: 'echo', version: 'v1', ms: 1e9 })
  apply(deployment('echo', 'v1'), deployment('echo', 'v2'))
  const readyVersions = () =>
    pods()
      .filter(isReady)
      .map(({ metadata }) => metadata.labels!.version)
  await until(() => readyVersions().length === 1)
  expect(readyVersions()).toEqual(['v2'])
  await until(() => events('Unhealthy').length > 0)
  expect(events('Unhealthy')).toEqual(['Readiness probe failed: HTTP probe failed with statuscode: 503'])
  plane.faults.remove(fault.id)
  await until(() => readyVersions().length === 2)
  plane.faults.add({ kind: 'slow-ready', app: 'echo', version: 'v3', ms: 20 })
  apply(deployment('echo', 'v3'))
  await until(() => readyVersions().length === 3)
})

test('a version that loses its readiness later is no rollout again', async () => {
  apply(deployment('echo', 'v1'))
  await plane.settled()
  plane.faults.add({ kind: 'never-ready', app: 'echo', version: 'v1' })
  const status = () => plane.store.get(RESOURCES.deployments, 'echo', 'echo-v1')!.status
  await until(() => status().unavailableReplicas === 1)
  expect(status().conditions).toEqual([
    expect.objectContaining({ type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' }),
    expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
  ])
})

test('a request under way is answered though its pod is being deleted', async () => {
  apply(...routed, deployment('echo', 'v1'))
  await plane.settled()
  plane.faults.add({ kind: 'latency', app: 'echo', ms: 300 })
  const answer = plane.count('/echo', [], 1)
  await until(() => plane.inFlight() === 1)
  plane.store.delete(RESOURCES.deployments, 'echo', 'echo-v1')
  expect((await answer).answers).toEqual({ '200 version:echo-v1': 1 })
  await until(() => pods().length === 0)
})

test('a pod that is ending leaves the endpoints, and its slice says that it is', async () => {
  await plane.close()
  plane = await startDataPlane({ drainMs: 200 })
  apply(...routed, deployment('echo', 'v1'))
  await plane.settled()
  plane.store.delete(RESOURCES.deployments, 'echo', 'echo-v1')
  const slice = () => plane.store.get(RESOURCES.endpointslices, 'echo', 'echo-sandbox')!
  await until(() => slice().endpoints[0]?.conditions.terminating)
  expect(slice().endpoints[0].conditions).toEqual({ ready: false, serving: true, terminating: true })
  expect(plane.store.get(RESOURCES.endpoints, 'echo', 'echo')!.subsets).toEqual([])
})

test('a container that listens on another port than the Service’s target is not reached', async () => {
  const elsewhere = deployment('echo', 'v1')
  elsewhere.spec.template.spec.containers[0].args = ['-text=x', '-listen=:9999']
  apply(...routed, elsewhere)
  await plane.settled()
  const { answers } = await plane.count('/echo', [], 1)
  expect(Object.keys(answers)[0]).toMatch(/^503 upstream connect error/)
})

test('foreground deletion: the owner goes when all it owns is gone', async () => {
  apply(deployment('echo', 'v1', 2))
  await plane.settled()
  const order: string[] = []
  plane.store.subscribe(({ type, object }) => {
    if (type === 'DELETED') order.push(object.kind)
  })
  const owner = structuredClone(plane.store.get(RESOURCES.deployments, 'echo', 'echo-v1')!)
  owner.metadata.deletionTimestamp = '2026-03-01T12:00:00Z'
  owner.metadata.finalizers = ['foregroundDeletion']
  plane.store.update(RESOURCES.deployments, owner)
  await until(() => order.includes('Deployment'))
  expect(order).toEqual(['Pod', 'Pod', 'ReplicaSet', 'Deployment'])
})

test('a namespace ends with all that is in it', async () => {
  for (const kind of Object.values<ResourceType>(RESOURCES))
    if (kind.custom) createDefinition(plane.store, kind)
  put(plane.store, RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'echo' } })
  apply(...routed, deployment('echo', 'v1'))
  await plane.settled()
  const ending = structuredClone(plane.store.get(RESOURCES.namespaces, undefined, 'echo')!)
  ending.metadata.deletionTimestamp = '2026-03-01T12:00:00Z'
  plane.store.update(RESOURCES.namespaces, ending)
  await until(() => !plane.store.get(RESOURCES.namespaces, undefined, 'echo'))
  for (const resource of Object.values(RESOURCES)) expect(plane.store.list(resource, 'echo')).toEqual([])
})

/** A Deployment of a stand-in image, changed by `container` and `spec` (of the pod). */
function shop(container: object, spec: object = {}): KubeObject {
  const made = deployment('echo', 'v1', 1, 'example/shop:1')
  const template = made.spec.template.spec
  Object.assign(template, spec)
  Object.assign(template.containers[0], { args: undefined, ...container })
  return made
}

test('configuration that is not there yet is waited for, and told as the kubelet tells it', async () => {
  const from = { secretKeyRef: { name: 'db', key: 'password' } }
  apply(shop({ env: [{ name: 'PASSWORD', valueFrom: from }] }))
  const state = () => pods()[0]?.status?.containerStatuses?.[0]?.state
  await until(() => state()?.waiting?.reason === 'CreateContainerConfigError')
  expect(container().state.waiting.message).toBe('secret "db" not found')
  plane.store.create(RESOURCES.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db', namespace: 'echo' },
    data: { password: 'eA==' },
  })
  await until(() => pods().length === 1 && isReady(pods()[0]!))
})

test('a pod is ready once its readiness probe says so', async () => {
  const readinessProbe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 0.05 }
  apply(
    ...routed,
    shop({
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [{ name: 'START_MS', value: '300' }],
      readinessProbe,
    }),
  )
  await until(() => pods()[0]?.status?.containerStatuses?.[0]?.state.running !== undefined)
  expect(isReady(pods()[0]!)).toBe(false)
  await until(() => isReady(pods()[0]!))
})
