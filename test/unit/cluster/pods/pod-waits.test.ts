import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { waitForPods, waitForPodsGone } from '../../../../src/cluster/pods/pod-waits.js'
import type { PodProgress } from '../../../../src/model/events/events.js'
import { failure, json, list, startFakeApi, type FakeApi } from '../kube/fake-api.js'

let fake: FakeApi
afterEach(() => fake.close())

const wait = { app: 'echo', namespace: 'echo', versions: ['v2'], timeoutMs: 5000 }

function deployment(version: string, ready: number, replicas = 1): object {
  const counts = { replicas, updatedReplicas: replicas, readyReplicas: ready, availableReplicas: ready }
  return {
    metadata: { name: `echo-${version}`, namespace: 'echo', generation: 1, resourceVersion: '5' },
    spec: { replicas, template: { metadata: { labels: { app: 'echo', version } } } },
    status: { observedGeneration: 1, ...counts },
  }
}

function pod(version: string, status: object, name = `echo-${version}-x`, maker = `echo-${version}`): object {
  return {
    metadata: {
      name,
      namespace: 'echo',
      labels: { app: 'echo', version, 'pod-template-hash': '5c7f8' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${maker}-5c7f8`, controller: true }],
      resourceVersion: '5',
    },
    status,
  }
}

const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
const unpullable = {
  containerStatuses: [
    {
      name: 'echo',
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } },
    },
  ],
}

/** A cluster with these objects; `watch` answers the watches, which stay open otherwise. */
function cluster(
  deployments: object[],
  pods: object[],
  watch: (resource: 'deployments' | 'pods', response: ServerResponse) => void = () => undefined,
): Promise<FakeApi> {
  return startFakeApi(({ path, query }, response) => {
    if (path.endsWith('/replicasets')) return json(response, 403, failure(403, 'Forbidden', 'forbidden'))
    const resource = path.endsWith('/pods') ? 'pods' : 'deployments'
    if (!query.watch) {
      json(response, 200, resource === 'pods' ? list('Pod', pods) : list('Deployment', deployments))
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    watch(resource, response)
  })
}

test('waits for the Deployment, reporting each change once', async () => {
  fake = await cluster(
    [deployment('v1', 1), deployment('v2', 0)],
    [pod('v1', ready), pod('v2', unpullable)],
    (resource, response) => {
      const object = resource === 'pods' ? pod('v2', ready) : deployment('v2', 1)
      const later = resource === 'pods' ? 20 : 60
      setTimeout(() => response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`), later)
    },
  )
  const reports: PodProgress[][] = []

  await waitForPods(fake.api, wait, (progress) => reports.push(progress))

  const starting = { version: 'v2', ready: 0, wanted: 1 }
  expect(reports).toEqual([
    [{ ...starting, problems: ['ImagePullBackOff: Back-off pulling image "x"'] }],
    [{ ...starting, ready: 1, problems: [] }],
  ])
})

test('time over: the version, the reasons of its pods, and where to look', async () => {
  fake = await cluster([deployment('v2', 0)], [pod('v2', unpullable)])

  await expect(waitForPods(fake.api, { ...wait, timeoutMs: 2000 }, () => undefined)).rejects.toMatchObject({
    outcome: 'external',
    message: expect.stringMatching(
      /echo did not become ready within 2 s: v2 has 0 of 1 pods ready \(ImagePullBackOff: .*"x"\)/,
    ),
    nextSteps: expect.arrayContaining(['kubectl describe pods -n echo -l app=echo,version=v2']),
  })
})

test('a rolling restart that hangs: pods from before do not pass for new ones', async () => {
  const rolling = deployment('v2', 1) as { status: object }
  rolling.status = { ...rolling.status, replicas: 2, updatedReplicas: 1 }
  fake = await cluster([rolling], [pod('v2', ready, 'echo-v2-old'), pod('v2', unpullable)])
  const reports: PodProgress[][] = []

  await expect(
    waitForPods(fake.api, { ...wait, timeoutMs: 2000 }, (progress) => reports.push(progress)),
  ).rejects.toThrow(/v2 has 0 of 1 new pods ready, while 1 old pod still serves \(ImagePullBackOff/)
  expect(reports).toMatchObject([[{ version: 'v2', ready: 0, wanted: 1 }]])
})

test('no Deployment of that version: said at once, with those there are', async () => {
  fake = await cluster([deployment('v1', 1)], [])

  await expect(waitForPods(fake.api, wait, () => undefined)).rejects.toThrow(
    /no Deployment for version v2 in namespace echo \(found: v1\)/,
  )
})

test('a Deployment scaled to nothing: said at once', async () => {
  fake = await cluster([deployment('v2', 0, 0)], [])

  await expect(waitForPods(fake.api, wait, () => undefined)).rejects.toMatchObject({
    outcome: 'external',
    message: expect.stringContaining('echo-v2 of echo has 0 replicas'),
    nextSteps: ['kubectl scale deployment echo-v2 -n echo --replicas=1'],
  })
})

test('gone means no pod left, terminating ones included', async () => {
  const terminating = pod('v1', {})
  fake = await cluster([], [terminating], (_, response) => {
    setTimeout(() => response.write(`${JSON.stringify({ type: 'DELETED', object: terminating })}\n`), 20)
  })

  await waitForPodsGone(fake.api, { ...wait, versions: ['v1'] })

  const pods = fake.requests.find(({ path }) => path.endsWith('/pods'))
  expect(pods?.query.labelSelector).toBe('app=echo,version in (v1)')
})

const worker = {
  ...deployment('v2', 2, 2),
  metadata: {
    name: 'worker',
    namespace: 'echo',
    generation: 1,
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'worker', 'meta.helm.sh/release-namespace': 'echo' },
  },
}
const workers = [pod('v2', ready, 'worker-x', 'worker'), pod('v2', unpullable, 'worker-y', 'worker')]

test("pods of another Deployment with the same labels are not waited for, nor counted for the app's", async () => {
  fake = await cluster([worker, deployment('v2', 0)], [...workers, pod('v2', unpullable)])
  const reports: PodProgress[][] = []

  await expect(
    waitForPods(fake.api, { ...wait, timeoutMs: 2000 }, (progress) => reports.push(progress)),
  ).rejects.toMatchObject({
    message: expect.stringMatching(/v2 has 0 of 1 pods ready \(ImagePullBackOff/),
    details: [expect.stringMatching(/^pod echo-v2-x: /)],
  })
  expect(reports).toMatchObject([[{ version: 'v2', ready: 0, wanted: 1 }]])
})

test('only another Deployment has pods of that version: none of the app', async () => {
  fake = await cluster([worker, deployment('v1', 1)], workers)

  await expect(waitForPods(fake.api, wait, () => undefined)).rejects.toThrow(
    /no Deployment for version v2 in namespace echo \(found: v1\)/,
  )
})

test("the app's pods are gone while those of another Deployment with the same labels stay", async () => {
  fake = await cluster([worker], workers)

  await waitForPodsGone(fake.api, wait)
})

test('not gone in time: the pods that are left', async () => {
  fake = await cluster([], [pod('v1', {})])

  await expect(waitForPodsGone(fake.api, { ...wait, versions: ['v1'], timeoutMs: 2000 })).rejects.toThrow(
    /Pods of v1 of echo are still there after 2 s: echo-v1-x/,
  )
})

test('nothing to wait for: nothing is asked', async () => {
  fake = await cluster([], [])

  await waitForPods(fake.api, { ...wait, versions: [] }, () => undefined)
  await waitForPodsGone(fake.api, { ...wait, versions: [] })

  expect(fake.requests).toEqual([])
})
