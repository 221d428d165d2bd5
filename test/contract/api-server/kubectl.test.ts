import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApiRequest } from '../../../src/sandbox/api-server/access.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { completeDeployments, startCluster, type TestCluster } from './cluster.js'

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }] },
    },
  },
}
const ROUTES = {
  apiVersion: 'gateway.solo.io/v1',
  kind: 'RouteTable',
  metadata: { name: 'web' },
  spec: { routes: [{ matchers: [{ prefix: '/', headers: [{ name: 'stage', value: 'canary' }] }] }] },
}
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod', namespace: 'default' },
  spec: { nodeName: 'node', containers: [{ name: 'web', image: 'web:1' }], terminationGracePeriodSeconds: 7 },
  status: { phase: 'Running', containerStatuses: [{ name: 'web', ready: true, restartCount: 0 }] },
}

describe('kubectl', () => {
  let cluster: TestCluster
  let forbidden: (request: ApiRequest) => boolean
  let log: string | undefined
  let logBefore: string | undefined

  beforeEach(async () => {
    forbidden = () => false
    log = logBefore = undefined
    cluster = await startCluster(4, {
      intercept: (request) => (forbidden(request) ? 'forbidden' : undefined),
      logs: (_namespace, _pod, _container, isBefore) => (isBefore ? logBefore : log),
    })
  })
  afterEach(() => cluster.close())

  const kubectl = (...args: string[]) => cluster.ok('kubectl', args)
  const failure = async (...args: string[]) => (await cluster.run('kubectl', args)).stderr
  const apply = (object: object, ...args: string[]) =>
    cluster.run('kubectl', ['apply', '-f', '-', ...args], JSON.stringify(object))
  const web = () => cluster.store.get(RESOURCES.deployments, 'default', 'web')
  const container = () => web()?.spec.template.spec.containers[0]
  const withEnv = (env: object[]) => {
    const changed = structuredClone(DEPLOYMENT) as any
    changed.spec.template.spec.containers[0].env = env
    return changed as object
  }

  it('applies on the client side: creates, changes, removes what is gone', async () => {
    expect((await apply(DEPLOYMENT)).stdout).toBe('deployment.apps/web created\n')
    expect((await apply(DEPLOYMENT)).stdout).toBe('deployment.apps/web unchanged\n')
    const changed = await apply(withEnv([{ name: 'B', value: '2' }]))
    expect(changed.stdout).toBe('deployment.apps/web configured\n')
    expect(container().env).toEqual([{ name: 'B', value: '2' }])
  })

  it('applies on the server side, over what it applied on the client side', async () => {
    await apply(DEPLOYMENT)
    const { stdout } = await apply(withEnv([{ name: 'B', value: '2' }]), '--server-side')
    expect(stdout).toBe('deployment.apps/web serverside-applied\n')
    expect(container().env).toEqual([{ name: 'B', value: '2' }])
  })

  it.each([
    [
      'an unknown field',
      { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, replicass: 1 } },
      [],
      'strict decoding error: unknown field "spec.replicass"',
    ],
    [
      'an unknown field, server-side',
      { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, replicass: 1 } },
      ['--server-side'],
      '.spec.replicass: field not declared in schema',
    ],
    [
      'no containers',
      { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, template: { metadata: { labels: { app: 'web' } } } } },
      [],
      'The Deployment "web" is invalid: spec.template.spec.containers: Required value',
    ],
    [
      'a negative weight',
      { ...ROUTES, spec: { routes: [{ routeAction: { multi: { destinations: [{ weight: -5 }] } } }] } },
      ['--server-side'],
      'The RouteTable "web" is invalid: spec.routes[0].routeAction.multi.destinations[0].weight: Invalid value: -5: ' +
        'spec.routes[0].routeAction.multi.destinations[0].weight in body should be greater than or equal to 0',
    ],
    [
      'a header value that is no string',
      { ...ROUTES, spec: { routes: [{ matchers: [{ headers: [{ name: 'stage', value: true }] }] }] } },
      ['--server-side'],
      'failed to create typed patch object (default/web; gateway.solo.io/v1, Kind=RouteTable): ' +
        '.spec.routes[0].matchers[0].headers[0].value: expected string, got &value.valueUnstructured{Value:true}',
    ],
    [
      'a header value that is no string, client-side',
      { ...ROUTES, spec: { routes: [{ matchers: [{ headers: [{ name: 'stage', value: true }] }] }] } },
      [],
      'spec.routes[0].matchers[0].headers[0].value in body must be of type string: "boolean"',
    ],
  ])('refuses %s', async (_case, object, args, message) => {
    const { code, stderr } = await apply(object, ...args)
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })

  it('patches, labels, annotates and scales', async () => {
    await apply(DEPLOYMENT)
    await kubectl('label', 'deploy/web', 'a=b')
    await kubectl('annotate', 'deploy/web', 'c=d')
    await kubectl('scale', 'deploy/web', '--replicas=3')
    await kubectl(
      'patch',
      'deploy',
      'web',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/metadata/labels/a"}]',
    )
    const strategic = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }
    await kubectl('patch', 'deploy', 'web', '-p', JSON.stringify(strategic))
    await apply(ROUTES)
    await kubectl('patch', 'rt', 'web', '--type=merge', '-p', '{"spec":{"routes":null}}')
    expect(web()).toMatchObject({ metadata: { annotations: { c: 'd' } }, spec: { replicas: 3 } })
    expect(web()?.metadata.labels).toBeUndefined()
    expect(container()).toMatchObject({ image: 'web:2', env: [{ name: 'A', value: '1' }] })
    expect(cluster.store.get(RESOURCES.routetables, 'default', 'web')?.spec).toEqual({})
    expect(await failure('patch', 'rt', 'web', '--type=strategic', '-p', '{}')).toContain('not supported')
  })

  it('waits for a rollout and restarts it', async () => {
    completeDeployments(cluster.store)
    await apply(DEPLOYMENT)
    expect(await kubectl('rollout', 'status', 'deploy/web')).toContain('successfully rolled out')
    await kubectl('rollout', 'restart', 'deploy/web')
    await kubectl('wait', 'deploy/web', '--for=condition=Available', '--timeout=120s')
    expect(web()?.metadata.generation).toBe(2)
    expect(await kubectl('rollout', 'history', 'deploy/web')).toContain('deployment.apps/web')
  })

  it('watches: what stops matching a selector is deleted for the watcher', async () => {
    const store = cluster.store
    store.create(RESOURCES.configmaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one', namespace: 'default', labels: { wanted: 'yes' } },
    })
    const response = await fetch(
      `${cluster.url}/api/v1/namespaces/default/configmaps?watch=1&labelSelector=wanted%3Dyes` +
        '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    )
    const events = lines(response)
    const expectNext = async (type: string, name?: string) => {
      const event = (await events.next()).value
      expect([event.type, event.object.metadata.name]).toEqual([type, name])
      return event.object
    }
    await expectNext('ADDED', 'one')
    const bookmark = await expectNext('BOOKMARK')
    expect(bookmark.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    await kubectl('label', 'cm', 'one', 'wanted-')
    await expectNext('DELETED', 'one')
    await kubectl('label', 'cm', 'one', 'wanted=yes')
    await expectNext('ADDED', 'one')
    await kubectl('annotate', 'cm', 'one', 'a=b')
    await expectNext('MODIFIED', 'one')
    await kubectl('delete', 'cm', 'one')
    await expectNext('DELETED', 'one')
  })

  it('deletes pods gracefully where they run, at once where they run nowhere', async () => {
    cluster.store.create(RESOURCES.pods, POD)
    cluster.store.create(RESOURCES.pods, {
      ...POD,
      metadata: { ...POD.metadata, name: 'unscheduled' },
      spec: { containers: POD.spec.containers },
    })
    await kubectl('delete', 'pod', 'pod', 'unscheduled', '--wait=false')
    expect(cluster.store.get(RESOURCES.pods, 'default', 'unscheduled')).toBeUndefined()
    const pod = () => cluster.store.get(RESOURCES.pods, 'default', 'pod')
    expect(pod()?.metadata).toMatchObject({ deletionGracePeriodSeconds: 7 })
    expect(pod()?.metadata.deletionTimestamp).toBeDefined()
    await kubectl('delete', 'pod', 'pod', '--grace-period=0', '--force')
    expect(pod()).toBeUndefined()
  })

  it('reads logs', async () => {
    cluster.store.create(RESOURCES.pods, POD)
    expect(await failure('logs', 'pod')).toContain(
      'container "web" in pod "pod" is waiting to start: ContainerCreating',
    )
    log = 'one\ntwo\n'
    expect(await kubectl('logs', 'pod')).toBe('one\ntwo\n')
    expect(await kubectl('logs', 'pod', '--tail=1')).toBe('two\n')
    expect(await failure('logs', 'pod', '--previous')).toContain(
      'previous terminated container "web" in pod "pod" not found',
    )
    logBefore = 'panic\n'
    expect(await kubectl('logs', 'pod', '--previous')).toBe('panic\n')
    expect(await failure('logs', 'pod', '-c', 'nope')).toContain('container nope is not valid for pod pod')
  })

  it('prints tables', async () => {
    cluster.store.create(RESOURCES.pods, POD)
    await apply(DEPLOYMENT)
    expect(await kubectl('get', 'pods')).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE\npod +1\/1 +Running +0 +\ds\n$/,
    )
    expect(await kubectl('get', 'deploy')).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/1 +0 +0 +\ds\n$/,
    )
    expect(await kubectl('describe', 'deploy', 'web')).toContain('Image:      web:1')
  })

  it('makes Deployments and Services, which come in protobuf', async () => {
    await kubectl(
      'create',
      'deployment',
      'web',
      '--image=web:1',
      '--port=8080',
      '--replicas=2',
      '--',
      'run',
      'it',
    )
    expect(web()?.spec).toMatchObject({ replicas: 2, selector: { matchLabels: { app: 'web' } } })
    expect(container()).toMatchObject({
      name: 'web',
      image: 'web:1',
      command: ['run', 'it'],
      ports: [{ containerPort: 8080, protocol: 'TCP' }],
    })
    await kubectl('create', 'service', 'clusterip', 'web', '--tcp=80:http')
    expect(cluster.store.get(RESOURCES.services, 'default', 'web')?.spec).toMatchObject({
      ports: [{ name: '80-http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      selector: { app: 'web' },
    })
  })

  it('makes namespaces, secrets and config maps, which come in protobuf', async () => {
    await kubectl('create', 'ns', 'other')
    await kubectl('create', 'secret', 'generic', 's', '-n', 'other', '--from-literal=a=b')
    await kubectl('create', 'cm', 'c', '-n', 'other', '--from-literal=a=b')
    const secret = cluster.store.get(RESOURCES.secrets, 'other', 's')
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: Buffer.from('b').toString('base64') } })
    expect(cluster.store.get(RESOURCES.configmaps, 'other', 'c')?.data).toEqual({ a: 'b' })
    expect(await failure('create', 'cm', 'c', '-n', 'nowhere')).toContain('namespaces "nowhere" not found')
    expect(await failure('create', 'cm', 'c', '-n', 'other')).toContain('configmaps "c" already exists')
  })

  it('is told what it may not do, and can ask before', async () => {
    forbidden = ({ verb, resource }) => verb === 'list' && resource === 'secrets'
    expect(await failure('get', 'secrets')).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "sandbox" cannot list resource "secrets" ' +
        'in API group "" in the namespace "default"\n',
    )
    expect((await cluster.run('kubectl', ['auth', 'can-i', 'list', 'secrets'])).stdout).toBe('no\n')
    expect(await kubectl('auth', 'can-i', 'get', 'secrets')).toBe('yes\n')
  })

  it('passes requests on through kubectl proxy', async () => {
    const proxy = spawn('kubectl', ['proxy', '--port=0'], { env: cluster.env })
    const ended = once(proxy, 'exit')
    try {
      let output = ''
      proxy.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const port = await vi.waitFor(() => /:(\d+)/.exec(output)?.[1] ?? Promise.reject(new Error(output)), {
        timeout: 60_000,
      })
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces`)
      expect(await response.json()).toMatchObject({ kind: 'NamespaceList' })
    } finally {
      proxy.kill()
      await ended
    }
  })
})

async function* lines(response: Response): AsyncGenerator<any> {
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) yield JSON.parse(part)
  }
}
