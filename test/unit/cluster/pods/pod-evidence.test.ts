import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import type { Deployment, Pod } from '../../../../src/cluster/kube/kube-types.js'
import { evidenceLines, gatherEvidence, type PodEvidence } from '../../../../src/cluster/pods/pod-evidence.js'
import { waitForPods } from '../../../../src/cluster/pods/pod-waits.js'
import { failure, type FakeApi, type FakeRequest, json, list, startFakeApi } from '../kube/fake-api.js'

let fake: FakeApi
afterEach(() => fake.close())

interface World {
  log?: (request: FakeRequest, response: ServerResponse) => void
  events?: object[] | ((response: ServerResponse) => void)
}

function world({ log, events = [] }: World): Promise<FakeApi> {
  return startFakeApi((request, response) => {
    if (request.path.endsWith('/log')) {
      if (log) log(request, response)
      else response.writeHead(200, { 'content-type': 'text/plain' }).end('')
    } else if (typeof events === 'function') events(response)
    else json(response, 200, list('Event', events))
  })
}

const UID = '5c1f2a9e-0d3b-4a57-9c61-2b7f8e1d4c30'

function pod(name: string, status: object, created = '2026-11-23T08:00:00Z'): Pod {
  const labels = { app: 'echo', version: 'v2' }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'echo', labels, creationTimestamp: created },
    status,
  }
}

function container(state: object, more: object = {}): object {
  return { phase: 'Running', containerStatuses: [{ name: 'echo', ready: false, state, ...more }] }
}

const crashing = container(
  { waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s, pod=echo-v2-a_echo(${UID})` } },
  { restartCount: 3, lastState: { terminated: { exitCode: 2, reason: 'Error' } } },
)
const unready = container({ running: {} })

function event(kind: string, name: string, reason: string, message: string, at: string, count = 1): object {
  return {
    metadata: { name: `${name}.${at}` },
    involvedObject: { kind, name },
    reason,
    message,
    count,
    lastTimestamp: `2026-11-23T08:${at}Z`,
  }
}

const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'echo-v2', namespace: 'echo' },
}

function gather(pods: Pod[]): Promise<PodEvidence> {
  return gatherEvidence(fake.api, {
    namespace: 'echo',
    deployments: new Map([['v2', deployment]]),
    pods,
  })
}

test('a container that crashed: state, exit code, and the log of the previous run', async () => {
  fake = await world({ log: (_, response) => response.end('starting\npanic: no database\n') })

  const seen = await gather([pod('echo-v2-a', crashing)])

  expect(fake.requests.find(({ path }) => path.endsWith('/log'))).toMatchObject({
    path: '/api/v1/namespaces/echo/pods/echo-v2-a/log',
    query: { container: 'echo', previous: 'true', tailLines: '10' },
  })
  expect(seen.pods[0]).toEqual({
    version: 'v2',
    name: 'echo-v2-a',
    phase: 'Running',
    container: {
      name: 'echo',
      state: 'waiting',
      reason: 'CrashLoopBackOff',
      exitCode: 2,
      restarts: 3,
      log: ['starting', 'panic: no database'],
      logOf: 'the run before',
    },
  })
  expect(evidenceLines(seen)).toEqual([
    'pod echo-v2-a: Running, container echo waiting (CrashLoopBackOff), exit code 2, 3 restarts, log of the previous run',
    '  | starting',
    '  | panic: no database',
  ])
})

test('a container that never ran has no log to ask for', async () => {
  fake = await world({})

  const pulling = container({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } })
  const seen = await gather([pod('echo-v2-a', pulling)])

  expect(evidenceLines(seen)).toEqual([
    'pod echo-v2-a: Running, container echo waiting (ImagePullBackOff: no such image)',
  ])
  expect(fake.requests.some(({ path }) => path.endsWith('/log'))).toBe(false)
})

test('of many pods two are looked at, the newest', async () => {
  fake = await world({})

  const pods = [1, 2, 3].map((n) => pod(`echo-v2-${n}`, unready, `2026-11-23T08:0${n}:00Z`))

  expect((await gather(pods)).pods.map(({ name }) => name)).toEqual(['echo-v2-3', 'echo-v2-2'])
})

test('warnings of pod, ReplicaSet and Deployment: alike ones counted together, the newest first, no others', async () => {
  const probe = 'Readiness probe failed: HTTP probe failed with statuscode: 503'
  fake = await world({
    events: [
      event('Pod', 'echo-v2-a', 'Unhealthy', probe, '01:00', 4),
      event('Pod', 'echo-v2-b', 'Unhealthy', probe, '02:00', 3),
      event('ReplicaSet', 'echo-v2-5c7f', 'FailedCreate', 'exceeded quota: small', '03:00'),
      event('Deployment', 'echo-v2', 'ReplicaSetCreateError', 'no', '00:30'),
      event('ReplicaSet', 'echo-v2-beta-5c7f', 'FailedCreate', "another Deployment's", '05:00'),
      event('Pod', 'foxtrot-v2-a', 'Unhealthy', 'of another app', '06:00'),
    ],
  })

  const seen = await gather([pod('echo-v2-a', unready), pod('echo-v2-b', unready)])

  expect(fake.requests.find(({ path }) => path.endsWith('/events'))?.query).toMatchObject({
    fieldSelector: 'type=Warning',
  })
  expect(seen.events).toEqual([
    { object: 'ReplicaSet echo-v2-5c7f', reason: 'FailedCreate', message: 'exceeded quota: small', count: 1 },
    { object: 'Pod echo-v2-b', reason: 'Unhealthy', message: probe, count: 7 },
    { object: 'Deployment echo-v2', reason: 'ReplicaSetCreateError', message: 'no', count: 1 },
  ])
  expect(evidenceLines(seen)).toContain(`Unhealthy (7 times), Pod echo-v2-b: ${probe}`)
})

test('nothing that was said of an earlier ReplicaSet, or of what had the name before', async () => {
  const before = (uid: string, named: object) => ({
    ...named,
    involvedObject: { kind: 'Pod', name: 'echo-v2-5c7f-a', uid },
  })
  fake = await world({
    events: [
      event('ReplicaSet', 'echo-v2-5c7f', 'FailedCreate', 'of now', '01:00'),
      event('ReplicaSet', 'echo-v2-old1', 'FailedCreate', 'of the configuration before', '02:00'),
      before('1', event('Pod', 'echo-v2-5c7f-a', 'Unhealthy', 'of the pod before', '03:00')),
      before('2', event('Pod', 'echo-v2-5c7f-a', 'Unhealthy', 'of this pod', '03:00')),
    ],
  })
  const { metadata, ...rest } = pod('echo-v2-5c7f-a', unready)
  const labels = { ...metadata.labels, 'pod-template-hash': '5c7f' }
  const seen = await gather([{ ...rest, metadata: { ...metadata, uid: '2', labels } }])
  expect(seen.events.map(({ message }) => message)).toEqual(['of this pod', 'of now'])

  const quota = await gather([])
  expect(quota.events.map(({ message }) => message)).toEqual(['of the configuration before'])
})

test('what a log says is text, and short: escapes and control characters go, long lines are cut', async () => {
  const lines = [
    '\u001b[2J\u001b[31mred\u001b[0m',
    '\u001b]0;title\u0007after\ttab',
    'over\rwritten\u0000\u202e',
    'x'.repeat(5000),
    '',
  ]
  fake = await world({ log: (_, response) => response.end(lines.join('\n')) })

  const [first] = (await gather([pod('echo-v2-a', unready)])).pods

  expect(first?.container?.log).toEqual(['red', 'after tab', 'over written', `${'x'.repeat(299)}…`])
})

test('a log without end is read to its limit only', async () => {
  let written = 0
  fake = await world({
    log: (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('y'.repeat(16_384))) written += 16_384
      }
      response.on('drain', more)
      more()
    },
  })

  const [first] = (await gather([pod('echo-v2-a', unready)])).pods

  expect(first?.container?.log).toEqual([`${'y'.repeat(299)}…`])
  expect(written).toBeLessThan(50_000_000)
})

test.each([
  [
    'forbidden',
    (response: ServerResponse) => json(response, 403, failure(403, 'Forbidden', 'no')),
    'forbidden',
  ],
  ['gone', (response: ServerResponse) => json(response, 404, failure(404, 'NotFound', 'no')), 'none there'],
  ['a broken connection', (response: ServerResponse) => response.destroy(), 'no answer'],
])('%s: a word in place of what is missing, never an error', async (_, answer, word) => {
  fake = await world({ log: (_request, response) => void answer(response), events: answer })

  const seen = await gather([pod('echo-v2-a', unready)])

  expect(seen).toMatchObject({ pods: [{ name: 'echo-v2-a', container: { log: [] } }], events: [] })
  expect(seen.notSeen.sort()).toEqual([`events: ${word}`, `logs: ${word}`])
})

test('a Deployment that Kubernetes gives up while it is waited for ends the wait, with the reasons', async () => {
  const progressing = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated' }
  const gaveUp = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'late' }
  const withCondition = (condition: object) => ({
    metadata: { ...deployment.metadata, generation: 1, resourceVersion: '5' },
    spec: { template: { metadata: { labels: { app: 'echo', version: 'v2' } } } },
    status: { observedGeneration: 1, conditions: [condition] },
  })
  const watches: { kind: string; response: ServerResponse }[] = []
  fake = await startFakeApi(({ path, query }, response) => {
    const kinds: Record<string, string> = {
      deployments: 'Deployment',
      pods: 'Pod',
      replicasets: 'ReplicaSet',
      events: 'Event',
    }
    const kind = kinds[path.slice(path.lastIndexOf('/') + 1)]!
    if (!query.watch) {
      json(response, 200, list(kind, kind === 'Deployment' ? [withCondition(progressing)] : []))
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const news = { type: 'MODIFIED', object: withCondition(gaveUp) }
    // The news is that it gave up: it must come after all lists.
    if (watches.push({ kind, response }) < 3) return
    const deployments = watches.find((watch) => watch.kind === 'Deployment')
    deployments?.response.write(`${JSON.stringify(news)}\n`)
  })

  const wait = { app: 'echo', namespace: 'echo', versions: ['v2'], timeoutMs: 60_000 }

  await expect(waitForPods(fake.api, wait, () => undefined)).rejects.toMatchObject({
    outcome: 'external',
    message: expect.stringMatching(/did not become ready within its Deployment's progress deadline.*late/),
    evidence: { unready: { pods: [], events: [], notSeen: [] } },
  })
})
