import { Agent, get, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../../src/sandbox/api-server/resources.js'
import { markForDeletion } from '../../../../src/sandbox/controllers/owned.js'
import { type Sandbox, startSandbox } from '../../../../src/sandbox/sandbox.js'
import { until } from '../../../contract/routing/data-plane.js'
import {
  deployment,
  KINDS,
  put,
  routeTable,
  service,
  single,
  upstream,
  virtualService,
} from '../../../contract/routing/objects.js'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({
    podStartMs: 1,
    drainMs: 1,
    routesMs: [1, 2],
    endpointsMs: [1, 2],
    proxies: 3,
    seed: 1,
  })
})
afterEach(() => sandbox.close())

function apply(...objects: KubeObject[]): void {
  for (const object of objects) put(sandbox.store, KINDS[object.kind]!, object)
}

interface Answer {
  status: number
  body: string
  headers: IncomingHttpHeaders
}

/** Over a connection of its own, unless an agent keeps one. */
function ask(url: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }))
    })
    request.on('error', reject)
  })
}

const users = (path = '/echo') => `${sandbox.proxyUrl}${path}`

/** Proxy pods, the oldest first; only those that are not ending. */
function proxies(): string[] {
  return sandbox.store
    .list(RESOURCES.pods, 'gloo-system')
    .filter(({ metadata }) => metadata.labels?.['gateway-proxy'] && !metadata.deletionTimestamp)
    .map(({ metadata }) => metadata.name)
}

/** What each of a number of fresh connections is answered, sorted. */
async function answers(count: number): Promise<string[]> {
  const all: string[] = []
  for (let left = count; left > 0; left -= 1) all.push((await ask(users())).body)
  return all.sort()
}

/** A table that answers by itself: which routes a proxy has shows in its answer. */
function answering(body: string): KubeObject {
  return routeTable('echo', [
    { matchers: [{ prefix: '/echo' }], directResponseAction: { status: 200, body } },
  ])
}

async function served(body: string): Promise<void> {
  await until(async () => (await answers(3)).every((one) => one === body))
}

describe('several proxies', () => {
  test('take connections in turn; a kept connection stays with one', async () => {
    apply(virtualService(), answering('one'))
    await served('one')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let left = 5; left > 0; left -= 1) expect((await ask(users(), agent)).body).toBe('one')
    agent.destroy()
  })

  test('come and go with the scale of their Deployment, on the same address', async () => {
    const scale = (replicas: number) => {
      const found = sandbox.store.get(RESOURCES.deployments, 'gloo-system', 'gateway-proxy')!
      sandbox.store.update(RESOURCES.deployments, { ...found, spec: { ...found.spec, replicas } })
    }
    apply(virtualService(), answering('one'))
    await served('one')
    scale(1)
    await until(() => sandbox.store.list(RESOURCES.pods, 'gloo-system').length === 2) // Gloo's own is the other
    expect(await answers(3)).toEqual(['one', 'one', 'one'])
    scale(4)
    await until(() => proxies().length === 4)
    // A new proxy is ready with the routes there are.
    expect(await answers(8)).toEqual(Array(8).fill('one'))
    scale(0)
    // Connections go by the Endpoints, which follow the pods.
    const endpoints = () => sandbox.store.get(RESOURCES.endpoints, 'gloo-system', 'gateway-proxy')
    await until(() => proxies().length === 0 && (endpoints()?.subsets ?? []).length === 0)
    await expect(ask(users())).rejects.toThrow(/ECONNRESET|socket hang up/)
  })

  test('a connection that is open when the sandbox closes is cut', async () => {
    const socket = connect(Number(new URL(sandbox.proxyUrl).port), '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    await sandbox.close()
    await closed
  })
})

describe('a stuck proxy', () => {
  test.each([
    ['the first without a name', undefined, 0],
    ['by its age', '2', 1],
    ['by the name of its pod', 'name', 2],
  ])('%s: keeps the routes it has, and catches up once it is not any more', async (_, given, index) => {
    apply(virtualService(), answering('old'))
    await served('old')
    const pod = given === 'name' ? proxies()[index] : given
    const { id } = sandbox.faults.add({ kind: 'proxy-stuck', pod })
    apply(answering('new'))
    await until(async () => (await answers(3)).filter((body) => body === 'new').length === 2)
    expect(await answers(3)).toEqual(['new', 'new', 'old'])
    sandbox.faults.remove(id)
    await served('new')
  })

  test('still hears of endpoints', async () => {
    apply(
      virtualService(),
      service('echo'),
      upstream('echo'),
      routeTable('echo', [single('echo', 'v1')]),
      deployment('echo', 'v1'),
    )
    await until(allAnswer)
    const [before] = sandbox.store.list(RESOURCES.pods, 'echo')
    sandbox.faults.add({ kind: 'proxy-stuck' })
    markForDeletion(sandbox.store, RESOURCES.pods, before!, '2026-01-01T00:00:00Z')
    await until(() => !sandbox.store.get(RESOURCES.pods, 'echo', before!.metadata.name))
    await until(allAnswer)
  })

  async function allAnswer(): Promise<boolean> {
    const all = [await ask(users()), await ask(users()), await ask(users())]
    return all.every(({ status }) => status === 200)
  }
})

test('each proxy has a delay of its own', async () => {
  await sandbox.close()
  sandbox = await startSandbox({ routesMs: [0, 1000], endpointsMs: [1, 2], proxies: 3, seed: 1 })
  apply(virtualService(), answering('one'))
  await until(async () => new Set(await answers(3)).size === 2) // some have it, others have not
  await served('one')
})
