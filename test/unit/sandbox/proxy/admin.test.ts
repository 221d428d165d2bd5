import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readProxyAdmin } from '../../../../src/routing/envoy/admin.js'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { ObjectStore } from '../../../../src/sandbox/api-server/store.js'
import { FaultRegistry } from '../../../../src/sandbox/faults.js'
import { Gloo } from '../../../../src/sandbox/gateway/gloo/control-plane.js'
import type { ProxyFeed } from '../../../../src/sandbox/gateway/proxy-feed.js'
import { adminServer } from '../../../../src/sandbox/proxy/admin.js'
import { type GatewayProxy, startProxy } from '../../../../src/sandbox/proxy/proxy.js'
import { closeServer } from '../../../../src/sandbox/workloads/close-server.js'
import { until } from '../../../contract/routing/data-plane.js'
import {
  KINDS,
  put,
  routeTable,
  upstream,
  virtualService,
  weighted,
} from '../../../contract/routing/objects.js'

let store: ObjectStore
let faults: FaultRegistry
let gloo: Gloo
let feed: ProxyFeed
let proxy: GatewayProxy
let admin: Server
let origin: string

beforeEach(async () => {
  store = new ObjectStore()
  faults = new FaultRegistry()
  apply(virtualService(), upstream('echo'), routeTable('echo', [weighted('echo', { v1: 75, v2: 25 })]))
  gloo = new Gloo(store, faults, { routesMs: [1, 2], endpointsMs: [1, 2] })
  feed = gloo.connect('proxy')
  // Only v1 has a pod, and nothing listens there.
  feed.state.endpoints.set('echo_echo', [
    { ip: '10.42.0.2', port: 8080, labels: { app: 'echo', version: 'v1' } },
  ])
  proxy = await startProxy({ state: feed.state, faults, portOf: () => undefined })
  admin = adminServer(feed, proxy.counters)
  await new Promise<void>((listening) => admin.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`
})
afterEach(async () => {
  gloo.close()
  await Promise.all([proxy.close(), closeServer(admin)])
})

function apply(...objects: KubeObject[]): void {
  for (const object of objects) put(store, KINDS[object.kind]!, object)
}

const read = () => readProxyAdmin(origin, 'echo_echo', AbortSignal.timeout(5000))

async function stats(filter = ''): Promise<Record<string, number | string>> {
  const answer = await fetch(`${origin}/stats?format=json&filter=${encodeURIComponent(filter)}`)
  const body = (await answer.json()) as { stats: { name: string; value: number | string }[] }
  return Object.fromEntries(body.stats.map(({ name, value }) => [name, value]))
}

async function ask(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await (await fetch(`http://127.0.0.1:${proxy.port}/echo`)).text()
  }
}

const RDS = 'http.http.rds.listener-__-8080-routes'
const BAD = routeTable('neighbour', [
  {
    matchers: [{ prefix: '/neighbour', headers: [{ name: 'x-team', value: '(?=a)', regex: true }] }],
    directResponseAction: { status: 200, body: 'never' },
  },
])

test('the routes it has, with their weights, as canary reads them', async () => {
  expect((await read()).weights).toEqual({ v1: 75, v2: 25 })
  apply(routeTable('echo', [weighted('echo', { v1: 50, v2: 50 })]))
  await until(async () => (await read()).weights.v2 === 50)
})

test('requests: in all, by subset and by fallback, by host', async () => {
  await ask(40)
  const counted = await stats('^cluster\\.')
  const { lb_subsets_selected: selected, lb_subsets_fallback: fallback } = Object.fromEntries(
    Object.entries(counted).map(([name, value]) => [name.replace('cluster.echo_echo.', ''), Number(value)]),
  ) as Record<string, number>
  expect(counted['cluster.echo_echo.upstream_rq_total']).toBe(40)
  expect(selected! + fallback!).toBe(40)
  expect(fallback).toBeGreaterThan(0) // v2 has no pod
  expect((await read()).fallbacks).toBe(fallback)
  const clusters = await (await fetch(`${origin}/clusters?format=json`)).json()
  expect(clusters).toMatchObject({
    cluster_statuses: [
      {
        name: 'echo_echo',
        host_statuses: [
          {
            address: { socket_address: { address: '10.42.0.2', port_value: 8080 } },
            stats: [
              { name: 'rq_total', value: '40' },
              { name: 'rq_success', value: '0' },
              { name: 'rq_error', value: '40' },
            ],
          },
        ],
      },
    ],
  })
})

test('an update that it refuses is counted, and leaves the routes of all as they were', async () => {
  const before = await stats(RDS)
  expect(before).toMatchObject({ [`${RDS}.update_success`]: 1, [`${RDS}.update_rejected`]: 0 })
  apply(BAD, routeTable('echo', [weighted('echo', { v1: 50, v2: 50 })]))
  await until(async () => (await read()).routesRejected > 0)
  const after = await stats(RDS)
  expect(after[`${RDS}.version_text`]).toBe(before[`${RDS}.version_text`])
  expect((await read()).weights).toEqual({ v1: 75, v2: 25 })
})

test('one that is stuck does not know: its counters stand still', async () => {
  const before = await stats(RDS)
  faults.add({ kind: 'proxy-stuck', pod: 'proxy' })
  const other = gloo.connect('other')
  apply(routeTable('echo', [weighted('echo', { v1: 50, v2: 50 })]))
  await until(() => JSON.stringify(other.state.config.virtualHosts).includes('"weight":50'))
  expect(await stats(RDS)).toEqual(before)
  faults.clear()
  await until(async () => (await stats(RDS))[`${RDS}.version_text`] !== before[`${RDS}.version_text`])
})

test.each([
  ['/ready', 200, 'LIVE\n'],
  ['/stats?filter=(', 400, 'Invalid regex: no such filter\n'],
  ['/nothing', 404, expect.stringContaining('invalid path')],
  ['/config_dump?resource=nothing', 404, expect.stringContaining('not found')],
])('GET %s', async (path, status, body) => {
  const answer = await fetch(origin + path)
  expect([answer.status, await answer.text()]).toEqual([status, body])
})

test('statuses are written even where no proxy is', async () => {
  gloo.disconnect('proxy')
  apply(routeTable('echo', [{ matchers: [{ prefix: '/echo' }] }]))
  await until(() => JSON.stringify(store.list(KINDS.RouteTable!)).includes('Rejected'))
})
