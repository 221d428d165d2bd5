import { afterEach, beforeEach, expect, test } from 'vitest'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { type Provider, type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.js'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await start()
})
afterEach(() => sandbox.close())

function start(): Promise<Sandbox> {
  return startSandbox({ podStartMs: 1, drainMs: 1, routesMs: [1, 2], endpointsMs: [1, 2] })
}

function api(path: string): Promise<Response> {
  return fetch(sandbox.apiUrl + path, { headers: { authorization: `Bearer ${sandbox.token}` } })
}

async function items(path: string): Promise<any[]> {
  return ((await (await api(path)).json()) as { items: any[] }).items
}

test('it has what a cluster with Gloo and the Gateway API has: namespaces, a node, CRDs, pods of both', async () => {
  const names = (list: any[]) => list.map(({ metadata }) => metadata.name as string)
  expect(names(await items('/api/v1/namespaces'))).toEqual([
    'default',
    'envoy-gateway-system',
    'gateways',
    'gloo-system',
    'kube-system',
  ])
  expect(names(await items('/api/v1/nodes'))).toEqual(['sandbox'])
  expect(names(await items('/apis/apiextensions.k8s.io/v1/customresourcedefinitions'))).toEqual([
    'backendtlspolicies.gateway.networking.k8s.io',
    'gatewayclasses.gateway.networking.k8s.io',
    'gateways.gateway.networking.k8s.io',
    'httproutes.gateway.networking.k8s.io',
    'referencegrants.gateway.networking.k8s.io',
    'routetables.gateway.solo.io',
    'upstreams.gloo.solo.io',
    'virtualservices.gateway.solo.io',
  ])
  await expect
    .poll(async () => {
      const proxies = await items('/api/v1/namespaces/gloo-system/pods?labelSelector=gateway-proxy=live')
      return proxies[0]?.status.phase
    })
    .toBe('Running')
})

test('the Service gateway-proxy leads to the proxy', async () => {
  const proxy = sandbox.store.get(RESOURCES.services, 'gloo-system', 'gateway-proxy')!
  const [{ ip }] = proxy.status.loadBalancer.ingress
  expect(`http://${ip}:${proxy.spec.ports[0].port}`).toBe(sandbox.proxyUrl)
  expect((await fetch(sandbox.proxyUrl)).status).toBe(404)
})

test('the Gateway public has its address and port, and leads to a proxy of its own', async () => {
  const own = () => sandbox.store.get(RESOURCES.gateways, 'gateways', 'public')!
  await expect.poll(() => own().status.addresses).toEqual([{ type: 'IPAddress', value: '127.0.0.1' }])
  expect(`http://127.0.0.1:${own().spec.listeners[0].port}`).toBe(sandbox.gatewayUrl)
  expect(sandbox.gatewayUrl).not.toBe(sandbox.proxyUrl)
  expect((await fetch(sandbox.gatewayUrl!)).status).toBe(404)
  const types = own().status.conditions.map(({ type, status }: any) => `${type}=${status}`)
  expect(types).toEqual(['Accepted=True', 'Programmed=True'])
})

test.each([
  [['gloo'], '/apis/gateway.networking.k8s.io/v1/httproutes', '/apis/gateway.solo.io/v1/routetables'],
  [
    ['gateway-api'],
    '/apis/gateway.solo.io/v1/routetables',
    '/apis/gateway.networking.k8s.io/v1beta1/httproutes',
  ],
] as [Provider[], string, string][])(
  'with %s alone it has nothing of the other',
  async (providers, missing, there) => {
    await sandbox.close()
    sandbox = await startSandbox({ providers, podStartMs: 1, drainMs: 1 })
    expect((await api(missing)).status).toBe(404)
    expect((await api(there)).status).toBe(200)
    expect((await fetch(sandbox.proxyUrl)).status).toBe(404)
  },
)

test('the kubeconfig has its address and a token of its own', async () => {
  const config = JSON.parse(sandbox.kubeconfig)
  expect(config.clusters[0].cluster.server).toBe(sandbox.apiUrl)
  expect(config.users[0].user.token).toBe(sandbox.token)
  const wrong = { headers: { authorization: 'Bearer wrong' } }
  expect((await fetch(`${sandbox.apiUrl}/api/v1/namespaces`, wrong)).status).toBe(401)
  const other = await start()
  expect(other.token).not.toBe(sandbox.token)
  await other.close()
})

test('everything listens on the loopback interface alone', () => {
  for (const url of [sandbox.apiUrl, sandbox.proxyUrl, sandbox.gatewayUrl!, sandbox.controlUrl]) {
    expect(new URL(url).hostname).toBe('127.0.0.1')
  }
})

test('an ordered refusal is a 403 of the API', async () => {
  const fault = sandbox.faults.add({ kind: 'forbid', verb: 'list', resource: 'secrets' })
  expect((await api('/api/v1/secrets')).status).toBe(403)
  expect((await api('/api/v1/pods')).status).toBe(200)
  sandbox.faults.remove(fault.id)
  expect((await api('/api/v1/secrets')).status).toBe(200)
})

test('after close nothing of it is left', async () => {
  const own = await start()
  await own.close()
  for (const url of [own.apiUrl, own.proxyUrl, own.gatewayUrl!, own.controlUrl])
    await expect(fetch(url)).rejects.toThrow()
})

test('every namespace has its ServiceAccount default, while it is there', async () => {
  const accounts = async () =>
    (await items('/api/v1/serviceaccounts'))
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort()
  const first = ['default', 'envoy-gateway-system', 'gateways', 'gloo-system', 'kube-system'].map(
    (name) => `${name}/default`,
  )
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
  await write('POST', '/api/v1/namespaces', namespace)
  const all = [...first, 'shop/default']
  await expect.poll(accounts).toEqual(all)
  const { uid } = sandbox.store.get(RESOURCES.serviceaccounts, 'shop', 'default')!.metadata
  await write('DELETE', '/api/v1/namespaces/shop/serviceaccounts/default')
  const again = () => sandbox.store.get(RESOURCES.serviceaccounts, 'shop', 'default')?.metadata.uid ?? uid
  await expect.poll(again).not.toBe(uid)
  await write('DELETE', '/api/v1/namespaces/shop')
  await expect.poll(accounts).toEqual(first)
})

test('sslConfig is kept, and the proxy speaks plain HTTP all the same', async () => {
  const action = { directResponseAction: { status: 200, body: 'plain' } }
  await write('POST', '/apis/gateway.solo.io/v1/namespaces/gloo-system/virtualservices', {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'tls', namespace: 'gloo-system' },
    spec: {
      sslConfig: { secretRef: { name: 'none', namespace: 'gloo-system' } },
      virtualHost: { domains: ['*'], routes: [{ matchers: [{ prefix: '/' }], ...action }] },
    },
  })
  await expect.poll(async () => (await fetch(sandbox.proxyUrl)).status).toBe(200)
  const [{ spec }] = await items('/apis/gateway.solo.io/v1/virtualservices')
  expect(spec.sslConfig.secretRef.name).toBe('none')
})

async function write(method: string, path: string, body?: object): Promise<void> {
  const headers = { authorization: `Bearer ${sandbox.token}`, 'content-type': 'application/json' }
  const answer = await fetch(sandbox.apiUrl + path, { method, headers, body: body && JSON.stringify(body) })
  expect(answer.ok).toBe(true)
}
