import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FaultRegistry } from '../../../../src/sandbox/faults.js'
import type { ProxyState } from '../../../../src/sandbox/gateway/proxy-feed.js'
import { translate } from '../../../../src/sandbox/gateway/gloo/translate.js'
import { type GatewayProxy, startProxy } from '../../../../src/sandbox/proxy/proxy.js'
import { seededRandom } from '../../../../src/sandbox/random.js'
import { closeServer } from '../../../../src/sandbox/workloads/close-server.js'
import { routeTable, single, upstream, virtualService } from '../../../contract/routing/objects.js'

interface Copy {
  url?: string
  method?: string
  headers: IncomingHttpHeaders
  body: string
}

let pods: Record<string, Server>
let copies: Copy[]
let proxy: GatewayProxy
let state: ProxyState

beforeEach(async () => {
  copies = []
  pods = {
    v1: createServer((request, response) => {
      request.resume()
      response.end('from v1')
    }),
    shadow: createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        copies.push({ url: request.url, method: request.method, headers: request.headers, body })
        response.writeHead(500).end('nobody sees this')
      })
    }),
  }
  await Promise.all(
    Object.values(pods).map((pod) => new Promise<void>((listening) => pod.listen(0, '127.0.0.1', listening))),
  )
  state = { config: { virtualHosts: [], clusters: new Map() }, endpoints: new Map() }
  proxy = await startProxy({
    state,
    faults: new FaultRegistry(),
    random: seededRandom(7),
    portOf: (ip) => (pods[ip]?.address() as AddressInfo | null)?.port,
  })
})
afterEach(async () => {
  await Promise.all([proxy.close(), ...Object.values(pods).map((pod) => closeServer(pod))])
})

function shadowed(shadowing: object, shadowIps = ['shadow']): string[] {
  const route = { ...single('echo', 'v1'), options: { shadowing } }
  const { config, problems } = translate({
    virtualServices: [virtualService()],
    routeTables: [routeTable('echo', [route])],
    upstreams: [
      upstream('echo'),
      { ...upstream('echo'), metadata: { name: 'echo-shadow', namespace: 'echo' } },
    ],
  })
  state.config = config
  const at = (version: string) => (ip: string) => ({ ip, port: 8080, labels: { app: 'echo', version } })
  state.endpoints = new Map([
    ['echo_echo', ['v1'].map(at('v1'))],
    ['echo-shadow_echo', shadowIps.map(at('v2'))],
  ])
  return problems
}

const toShadow = { upstream: { name: 'echo-shadow', namespace: 'echo' } }

async function ask(init: RequestInit = {}): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${proxy.port}/echo?x=1`, init)
  return `${answer.status} ${await answer.text()}`
}

test('a copy goes to the shadow, as the request is, and its answer is nobody’s', async () => {
  shadowed({ ...toShadow, percentage: 100 })
  expect(await ask({ method: 'POST', body: 'milk' })).toBe('200 from v1')
  await vi.waitFor(() => expect(copies).toHaveLength(1), { timeout: 60_000 })
  expect(copies[0]).toMatchObject({ url: '/echo?x=1', method: 'POST', body: 'milk' })
  expect(copies[0]!.headers.host).toBe(`127.0.0.1-shadow:${proxy.port}`)
})

test('a share of the requests is copied, and counted', async () => {
  shadowed({ ...toShadow, percentage: 20 })
  for (let count = 0; count < 300; count += 1) expect(await ask()).toBe('200 from v1')
  const counted = () => proxy.counters.cluster('echo-shadow_echo').upstream_rq_total
  await vi.waitFor(() => expect(copies).toHaveLength(counted()), { timeout: 60_000 })
  expect(counted()).toBeGreaterThan(30)
  expect(counted()).toBeLessThan(90)
  expect(proxy.counters.cluster('echo_echo').upstream_rq_total).toBe(300)
})

test.each([
  ['that is not there', { upstream: { name: 'none', namespace: 'echo' }, percentage: 100 }, ['shadow']],
  ['without pods', { ...toShadow, percentage: 100 }, []],
  ['whose pod is gone', { ...toShadow, percentage: 100 }, ['gone']],
])('a shadow %s is missed by nobody', async (_title, shadowing, ips) => {
  expect(shadowed(shadowing, ips)).toEqual([])
  expect(await ask()).toBe('200 from v1')
  expect(copies).toEqual([])
})

test('more than all requests is a share that Gloo rejects', async () => {
  expect(shadowed({ ...toShadow, percentage: 150 }).join()).toContain('shadow percentage must be between')
  expect(await ask()).toBe('200 from v1')
  expect(copies).toEqual([])
})
