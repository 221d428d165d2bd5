import { spawn } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { VIRTUAL_SERVICES } from '../../../src/routing/gloo/kinds.js'
import { GLOO_PERMISSIONS } from '../../../src/routing/gloo/permissions.js'
import { readRoutes } from '../../../src/routing/gloo/view.js'
import { selectsApiGroup } from '../../../src/routing/gloo/objects/selection.js'
import type { KubeApi } from '../../../src/cluster/kube/kube-api.js'
import { appPodsOf } from '../../../src/cluster/pods/app-pods.js'
import type { ClusterObject } from '../../../src/cluster/ports/objects.js'
import { type Deployment, type Pod, PODS } from '../../../src/cluster/kube/kube-types.js'
import { autoscalers } from '../../../src/cluster/kube/live-objects.js'
import { missingPermissions } from '../../../src/cluster/permissions.js'
import { isRolledOut, unreadyPods, versionPodsOf } from '../../../src/cluster/pods/pods.js'
import { findProxyAddress } from '../../../src/routing/gloo/proxies/address.js'
import { decodeRecord } from '../../../src/cluster/helm/release-record.js'
import { historiesOf } from '../../../src/cluster/helm/release-histories.js'
import { findReleases, listReleases } from '../../../src/cluster/helm/releases.js'
import { listOf, objectOf, ShapeError } from '../../../src/cluster/kube/shapes.js'
import { CanaryError, ExternalError } from '../../../src/model/errors.js'
import { neighbourLine } from '../../../src/model/results/ownership.js'
import { stageOf } from '../../../src/rollout/stage/stage.js'
import { type FakeApi, json, list, startFakeApi } from '../cluster/kube/fake-api.js'

let fake: FakeApi | undefined
afterEach(async () => {
  await fake?.close()
  fake = undefined
})

const RELEASE = {
  name: 'echo',
  namespace: 'echo',
  version: 1,
  info: { status: 'deployed', description: 'x', last_deployed: '2026-01-01T00:00:00Z' },
  chart: {
    metadata: { name: 'gloo-app', version: '0.1.0' },
    templates: [{ name: 'templates/a.yaml', data: '' }],
    files: null,
    values: {},
  },
  config: { deployment: { v1: {} }, routes: { primary: { version: 'v1' } } },
  manifest: '---\nkind: Service\n',
}

function record(release: unknown): { kind: string; apiVersion: string; metadata: any; data: any } {
  const zipped = gzipSync(typeof release === 'string' ? release : JSON.stringify(release)).toString('base64')
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: {
      name: 'sh.helm.release.v1.echo.v1',
      namespace: 'echo',
      labels: { name: 'echo', owner: 'helm', status: 'deployed', version: '1' },
    },
    data: { release: Buffer.from(zipped).toString('base64') },
  }
}

const labels = { app: 'echo', version: 'v1' }
const MARKS = { 'meta.helm.sh/release-name': 'echo', 'meta.helm.sh/release-namespace': 'echo' }
const REPLICA_SET = {
  metadata: {
    name: 'echo-v1-5c7f8',
    uid: 's',
    ownerReferences: [{ kind: 'Deployment', name: 'echo-v1', uid: 'd', controller: true }],
  },
}
const DEPLOYMENT = {
  metadata: {
    name: 'echo-v1',
    uid: 'd',
    generation: 1,
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: MARKS,
    managedFields: [{ manager: 'helm', operation: 'Apply', time: '2026-01-01T00:00:00Z' }],
  },
  spec: { replicas: 1, template: { metadata: { labels }, spec: { containers: [{ image: 'echo' }] } } },
  status: {
    observedGeneration: 1,
    conditions: [{ type: 'Progressing', status: 'True', reason: 'x', message: 'y' }],
  },
}
const POD = {
  metadata: {
    name: 'echo-v1-0',
    labels: { ...labels, 'pod-template-hash': '5c7f8' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'echo-v1-5c7f8', uid: 's', controller: true }],
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [
      {
        name: 'a',
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 1 } },
      },
    ],
  },
}
const VIRTUAL_SERVICE = {
  metadata: { name: 'app', namespace: 'gloo-system' },
  spec: {
    virtualHost: {
      routes: [
        { delegateAction: { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } } },
        {
          delegateAction: { selector: { expressions: [{ key: 'apiGroup', operator: 'In', values: ['a'] }] } },
        },
        { delegateAction: { ref: { name: 'echo', namespace: 'echo' } } },
      ],
    },
  },
}
const SERVICE = {
  metadata: { name: 'gateway-proxy' },
  spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80 }] },
  status: { loadBalancer: { ingress: [{ ip: '10.0.0.7' }] } },
}
const AUTOSCALER = {
  metadata: { name: 'a' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'echo-v1' }, minReplicas: 1, maxReplicas: 3 },
}

/** Every reader of answers, with an answer that it understands. */
const READERS: Record<string, [read: (api: KubeApi) => Promise<unknown>, answer: object]> = {
  'find releases': [(api) => findReleases(api, 'echo'), list('Secret', [record(RELEASE)])],
  'list releases': [(api) => listReleases(api), list('Secret', [record(RELEASE)])],
  gateway: [(api) => readRoutes(api), list('VirtualService', [VIRTUAL_SERVICE])],
  'proxy address': [(api) => findProxyAddress(api, {}), SERVICE],
  permissions: [
    (api) => missingPermissions(api, 'echo', GLOO_PERMISSIONS),
    { kind: 'SelfSubjectAccessReview', status: { allowed: true } },
  ],
  autoscalers: [(api) => autoscalers(api, 'echo'), list('HorizontalPodAutoscaler', [AUTOSCALER])],
  version: [(api) => api.version(), { gitVersion: 'v1.35.4' }],
}

const BODIES: [name: string, body: string | Buffer][] = [
  ['nothing', ''],
  ['half of it', '{"kind":"SecretList","items":[{"metadata":'],
  ['a login page', `<!doctype html><html><head><title>Log in</title>${'<p>please</p>'.repeat(1000)}`],
  ['binary', Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 37) % 256))],
  ['gzip nobody asked for', gzipSync('{"items":[]}')],
  ['null', 'null'],
  ['a list', '[]'],
  ['a word', '"no"'],
  ['a number', '1e999'],
  ['items that are none', '{"kind":"SecretList","items":{"a":1}}'],
  ['items of another kind', '{"kind":"SecretList","items":[1,null,"x",[]]}'],
  ['items without metadata', '{"kind":7,"items":[{}]}'],
  ['lists 100,000 deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
]

describe('every reader tells an answer that is none', () => {
  for (const [name, [read, answer]] of Object.entries(READERS)) {
    test(name, async () => {
      let body: string | Buffer = ''
      fake = await startFakeApi((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(body)
      })
      body = JSON.stringify(answer)
      await read(fake.api)
      for (const [what, content] of BODIES) {
        body = content
        const failure: unknown = await read(fake.api).catch((error: unknown) => error)
        // Any map will do for these: a version that is not known, a review that allows nothing.
        if (/version|permissions/.test(name) && !(failure instanceof Error)) continue
        expect(failure, what).toBeInstanceOf(ExternalError)
        const { message, command } = failure as ExternalError
        expect(message, what).toMatch(/is not a Kubernetes response/)
        expect(message.length, what).toBeLessThan(700)
        expect(command, what).toMatch(/^(GET|POST) \//)
      }
    })
  }

  test('errors that are no Status, too', async () => {
    for (const [what, content] of BODIES) {
      fake = await startFakeApi((_, response) => {
        response.writeHead(418, { 'content-type': 'text/html' }).end(content)
      })
      const failure = (await findReleases(fake.api, 'echo').catch((error: unknown) => error)) as ExternalError
      expect(failure, what).toBeInstanceOf(ExternalError)
      expect(failure.message.length, what).toBeLessThan(600)
      await fake.close()
    }
  })
})

describe('any field may be of any type', () => {
  const odd = fc.constantFrom<unknown[]>(
    null,
    0,
    -1,
    1.5,
    1e300,
    '',
    'x',
    '\0',
    true,
    [],
    [null],
    {},
    { x: { y: [] } },
  )

  /** The answer with something odd in the place of one of its fields. */
  const spoiled = (answer: unknown) => {
    const paths = pathsOf(answer)
    return fc
      .tuple(fc.array(fc.tuple(fc.constantFrom(...paths), odd), { minLength: 1, maxLength: 2 }))
      .map(([changes]) =>
        changes.reduce((value, [path, replacement]) => replaced(value, path, replacement), answer),
      )
  }

  function check(answer: unknown, use: (value: unknown) => unknown, runs = 1500) {
    expect(use(structuredClone(answer))).not.toBeInstanceOf(Error)
    fc.assert(
      fc.property(spoiled(answer), (value) => {
        try {
          use(structuredClone(value))
        } catch (error) {
          if (!(error instanceof ShapeError || error instanceof CanaryError)) throw error
        }
      }),
      { seed: 4, numRuns: runs },
    )
  }

  test('Deployments and pods', () => {
    check({ DEPLOYMENT, REPLICA_SET, POD }, (value) => {
      const given = value as any
      const deployment = objectOf<Deployment>(given.DEPLOYMENT, { plural: 'deployments' })
      const pod = objectOf<Pod>(given.POD, { plural: 'pods' })
      isRolledOut(deployment)
      const set = objectOf<ClusterObject>(given.REPLICA_SET, { plural: 'replicasets' })
      const objects = { deployments: [deployment], replicaSets: [set], pods: [pod] }
      const { own, others } = appPodsOf({ app: 'echo', namespace: 'echo' }, objects)
      const lines = others.map((other) => neighbourLine('echo', { ...other, getsRequests: true }))
      return [versionPodsOf(own), lines, unreadyPods('v1', [pod])]
    })
  })
  test('VirtualServices', () => {
    check(VIRTUAL_SERVICE, (value) =>
      selectsApiGroup(objectOf(value, VIRTUAL_SERVICES), { apiGroup: 'a' }, 'echo', 'echo'),
    )
  })
  test('lists', () => {
    check(list('Pod', [POD]), (value) =>
      listOf(value).items.map((item) => objectOf(item, { plural: 'pods' })),
    )
  })
  test('records of releases', () => {
    const read = (release: unknown) => {
      const object = objectOf<ReturnType<typeof record>>(record(release), { plural: 'secrets' })
      historiesOf([object])
      return stageOf(decodeRecord(object).config)
    }
    check(RELEASE, read, 600)
    check(record(RELEASE), (value) => historiesOf([objectOf(value, { plural: 'secrets' })]), 600)
  })
  test('the Service of the proxy', async () => {
    let body: unknown
    fake = await startFakeApi((_, response) => json(response, 200, body as object))
    const { api } = fake
    await fc.assert(
      fc.asyncProperty(spoiled(SERVICE), async (value) => {
        // Without kubectl there is no port-forward.
        body = { ...(value as object), status: (value as any)?.status ?? SERVICE.status }
        const found = await findProxyAddress(api, { kubeconfig: '/nowhere' }).catch((error: unknown) => error)
        if (found instanceof Error) expect(found).toBeInstanceOf(CanaryError)
      }),
      { seed: 4, numRuns: 40 },
    )
  })
})

describe('records of releases', () => {
  test.each<[string, unknown, RegExp]>([
    ['that grow without end when unzipped', Buffer.alloc(33 * 2 ** 20, 0x20).toString(), /larger than/],
    [
      'with values 100,000 deep',
      `{"name":"e","namespace":"e","version":1,"info":{"status":"deployed"},"chart":{"metadata":{"name":"g","version":"1"}},"config":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
      /values is nested more than 200 deep/,
    ],
    ['without a chart', { ...RELEASE, chart: undefined }, /chart is nothing|chart.* is missing/],
  ])('%s', (_name, release, says) => {
    expect(() => decodeRecord(record(release))).toThrow(ExternalError)
    expect(() => decodeRecord(record(release))).toThrow(says)
  })
})

describe('watches', () => {
  const watch = async (write: (response: ServerResponse) => void): Promise<unknown> => {
    fake = await startFakeApi((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      write(response)
    })
    const events: unknown[] = []
    try {
      const target = { resource: PODS, namespace: 'echo' }
      for await (const event of fake.api.watch(target, {}, '1', new AbortController().signal))
        events.push(event)
      return events
    } catch (error) {
      return error
    }
  }
  test.each([
    ['garbage', '{"type":"ADDED","object":\n'],
    ['an event of no kind', '{"type":"WHATEVER","object":{"metadata":{"name":"a"}}}\n'],
    ['an object that is none', '{"type":"ADDED","object":[]}\n'],
    [
      'a field of another type',
      '{"type":"ADDED","object":{"metadata":{"name":"a"},"status":{"conditions":"x"}}}\n',
    ],
    ['null', 'null\n'],
  ])('%s', async (_name, line) => {
    expect(await watch((response) => response.end(line))).toBeInstanceOf(ExternalError)
  })

  test('lines in pieces, blank lines, bookmarks without a name', async () => {
    const lines = [
      { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '2' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
    ]
    const text = `\n${lines.map((line) => JSON.stringify(line)).join('\n\n')}\n`
    const events = await watch((response) => {
      const parts = [...text]
      const next = () => (parts.length > 0 ? response.write(parts.shift(), next) : response.end())
      next()
    })
    expect(events).toEqual(lines)
  })
})

describe('an answer that does not come to its end', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['nothing', () => {}],
    [
      'headers only',
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders(),
    ],
    ['half of it', (response) => response.writeHead(200).write('{"kind":')],
    [
      'a byte now and then',
      (response) => {
        const timer = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('%s', async (_name, answer) => {
    fake = await startFakeApi((_, response) => answer(response), 100)
    const made = fake.api.create({ resource: PODS, namespace: 'echo' }, {})
    await expect(made).rejects.toMatchObject({
      name: 'ExternalError',
      message: 'The connection to the cluster broke: no complete answer within 0.1 s',
      command: 'POST /api/v1/namespaces/echo/pods',
    })
  })

  test('one that breaks off is asked for again, and then told', async () => {
    fake = await startFakeApi((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"kind":', () => response.destroy())
    })
    const { requests, api } = fake
    await expect(findReleases(api, 'echo')).rejects.toMatchObject({
      name: 'ExternalError',
      command: 'GET /api/v1/secrets',
    })
    expect(requests).toHaveLength(4)
  })
})

test('huge and endless answers need little memory', async () => {
  const script = fileURLToPath(new URL('hungry-answers.ts', import.meta.url))
  const child = spawn(process.execPath, ['--max-old-space-size=160', '--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(said).toBe(`endless list: ExternalError The cluster's answer is larger than 64 MiB.
announced as huge: ExternalError The cluster's answer is larger than 64 MiB.
endless event: ExternalError The answer to watch pods in namespace echo is not a Kubernetes response: one event is longer than 8388608 characters.
endless error: ApiError The cluster refused to watch pods in namespace echo: 418 x
endless log: 65536 characters
`)
  expect(code).toBe(0)
})

function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => [
    [key],
    ...pathsOf(child).map((rest) => [key, ...rest]),
  ])
}

function replaced(value: unknown, [key, ...rest]: string[], replacement: unknown): unknown {
  if (key === undefined) return replacement
  if (typeof value !== 'object' || value === null) return value
  const copy: any = Array.isArray(value) ? [...value] : { ...value }
  if (key in copy) copy[key] = replaced(copy[key], rest, replacement)
  return copy
}
