import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { readHostRequests } from '../../../../src/routing/envoy/admin.js'
import { increase } from '../../../../src/routing/envoy/version-counters.js'

const VERSIONS = new Map([
  ['10.0.0.1', 'v1'],
  ['10.0.0.2', 'v2'],
])

const hosts = (counts: Record<string, number>) =>
  new Map(
    Object.entries(counts).map(([key, requests]) => [
      key,
      { ip: key.replace(/^.* (.*):.*$/, '$1'), requests },
    ]),
  )

test('requests to each version, over all clusters, without those to others', () => {
  const before = hosts({ 'rule/0 10.0.0.1:80': 5, 'other 10.9.9.9:80': 1 })
  const now = hosts({
    'rule/0 10.0.0.1:80': 8,
    'rule/0 10.0.0.2:80': 2,
    'rule/1 10.0.0.2:80': 4,
    'other 10.9.9.9:80': 9,
  })
  expect(increase(before, now, VERSIONS)).toEqual({ v1: 3, v2: 6 })
})

test.each([
  ['went', {}],
  ['was counted anew', { 'rule/0 10.0.0.1:80': 2 }],
])('an address that %s: its requests are unknown', (_title, now) => {
  expect(increase(hosts({ 'rule/0 10.0.0.1:80': 5 }), hosts(now), VERSIONS)).toBeUndefined()
})

test('reads what Envoy sent to each address', async () => {
  const server = createServer((request, response) => {
    expect(request.url).toBe('/clusters?format=json')
    const status = {
      address: { socket_address: { address: '10.0.0.1', port_value: 8080 } },
      stats: [
        { name: 'cx_total', value: '3' },
        { name: 'rq_total', value: '12' },
      ],
    }
    response.end(
      JSON.stringify({ cluster_statuses: [{ name: 'echo', host_statuses: [status] }, { name: 'empty' }] }),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const { port } = server.address() as AddressInfo
    const read = await readHostRequests(`http://127.0.0.1:${port}`, AbortSignal.timeout(5000))
    expect([...read]).toEqual([['echo 10.0.0.1:8080', { ip: '10.0.0.1', requests: 12 }]])
  } finally {
    server.close()
  }
})
