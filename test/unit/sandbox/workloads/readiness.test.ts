import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { readinessProbeOf } from '../../../../src/sandbox/workloads/readiness.js'
import { closeServer } from '../../../../src/sandbox/workloads/close-server.js'

let server: Server
beforeEach(async () => {
  server = createServer((request, response) => {
    response.writeHead(request.url === '/healthz' ? 200 : 503).end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
afterEach(() => closeServer(server))

function probe(readinessProbe: object | undefined) {
  const containers = [{ name: 'shop', ports: [{ name: 'http', containerPort: 9000 }], readinessProbe }]
  const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers } }
  return readinessProbeOf(pod)
}

test.each<[object, boolean]>([
  [{ httpGet: { path: '/healthz', port: 'http' } }, true],
  [{ httpGet: { path: '/healthz', port: 9000 } }, true],
  [{ httpGet: { path: '/', port: 'http' } }, false],
  [{ httpGet: { path: '/healthz', port: 9999 } }, false],
  [{ httpGet: { path: '/healthz', port: 'none' } }, false],
  [{ tcpSocket: { port: 'http' } }, true],
  [{ tcpSocket: { port: 9999 } }, false],
  [{ exec: { command: ['true'] } }, true],
])('%j says %s', async (written, isReady) => {
  const { port } = server.address() as AddressInfo
  expect(await probe(written)!.ask((asked) => (asked === 9000 ? port : undefined))).toBe(isReady)
})

test('times as written, and Kubernetes’ own', () => {
  expect(probe(undefined)).toBeUndefined()
  expect(
    probe({ tcpSocket: { port: 1 }, initialDelaySeconds: 2, periodSeconds: 1, successThreshold: 2 }),
  ).toMatchObject({ initialDelayMs: 2000, periodMs: 1000, successThreshold: 2, failureThreshold: 3 })
  expect(probe({ tcpSocket: { port: 1 } })).toMatchObject({ initialDelayMs: 0, periodMs: 10_000 })
})
