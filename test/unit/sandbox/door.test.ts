import { once } from 'node:events'
import { request as send } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusedCaller } from '../../../src/sandbox/door.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.js'
import { adminServer } from '../../../src/sandbox/proxy/admin.js'
import { ProxyCounters } from '../../../src/sandbox/proxy/counters.js'

let sandbox: Sandbox
let admin: { port: number; close(): void }
beforeAll(async () => {
  sandbox = await startSandbox({ podStartMs: 1, drainMs: 1, routesMs: [1, 2], endpointsMs: [1, 2], seed: 1 })
  const server = adminServer(
    {
      name: 'p',
      state: { config: { virtualHosts: [], clusters: new Map() }, endpoints: new Map() },
    } as unknown as Parameters<typeof adminServer>[0],
    new ProxyCounters(),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  admin = { port: (server.address() as { port: number }).port, close: () => server.close() }
})
afterAll(async () => {
  admin.close()
  await sandbox.close()
})

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

/** One request to a URL as it is on the wire; the status, 101 for an upgrade. */
async function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<number> {
  const [, host, port, path] = /^http:\/\/([^:]+):(\d+)(.*)$/.exec(url)!
  const outgoing = send({ host, port: Number(port), path: path || '/', method, headers, agent: false })
  outgoing.end(body)
  return new Promise((resolve, reject) => {
    outgoing.on('response', (answer) => resolve(answer.resume().statusCode!)).on('error', reject)
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy()
      resolve(101)
    })
  })
}

describe('the API is for those who can read the kubeconfig', () => {
  test('each sandbox has a secret path of its own, and nothing is served without it', async () => {
    const { pathname, origin } = new URL(sandbox.apiUrl)
    expect(pathname).toMatch(/^\/[0-9a-f]{32}$/)
    expect(await ask(`${sandbox.apiUrl}${CONFIG_MAPS}`)).toBe(200)
    const others = [
      '',
      '/',
      CONFIG_MAPS,
      '/version',
      `${pathname.slice(0, -1)}/version`,
      `//${pathname}/version`,
    ]
    for (const path of others) expect([path, await ask(origin + path)]).toEqual([path, 403])
    const record = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect(await ask(origin + CONFIG_MAPS, record)).toBe(403)
  })

  test.each([
    ['127.0.0.1:80', true],
    ['localhost:65000', true],
    ['LOCALHOST', true],
    ['[::1]:1', true],
    ['evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example:80', false],
    ['evil.example@127.0.0.1', false],
    ['', false],
  ])('Host %s', (host, isServed) => {
    expect(refusedCaller({ host }) === undefined).toBe(isServed)
  })

  test.each([
    ['a foreign Host', { host: 'evil.example' }],
    ['an Origin', { origin: 'http://evil.example' }],
    ['an Origin of this machine', { origin: 'http://127.0.0.1:80' }],
    ['an Origin that is opaque', { origin: 'null' }],
  ])('%s is refused: by the API, its upgrades, the control door, the admin interface', async (_, headers) => {
    const [pod] = sandbox.store.list(RESOURCES.pods, 'gloo-system')
    const forward = `${sandbox.apiUrl}/api/v1/namespaces/gloo-system/pods/${pod!.metadata.name}/portforward`
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    }
    const authorization = `Bearer ${sandbox.token}`
    const all = async (more: Record<string, string>) => [
      await ask(sandbox.apiUrl + CONFIG_MAPS, { headers: more }),
      await ask(forward, { headers: { ...upgrade, ...more } }),
      await ask(`${sandbox.controlUrl}/faults`, { headers: { authorization, ...more } }),
      await ask(`http://127.0.0.1:${admin.port}/ready`, { headers: more }),
    ]
    expect(await all(headers)).toEqual([403, 403, 403, 403])
    expect(await all({})).toEqual([200, 101, 200, 200])
  })

  test('the proxy takes any Host, and the Origin of users', async () => {
    expect(
      await ask(sandbox.proxyUrl, { headers: { host: 'shop.example', origin: 'http://shop.example' } }),
    ).toBe(404)
  })

  test.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('a write as a web form could send it (%s) is refused', async (type) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default' } }
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const body = JSON.stringify(object)
    expect(await ask(sandbox.apiUrl + CONFIG_MAPS, { method: 'POST', headers, body })).toBe(415)
    const authorization = `Bearer ${sandbox.token}`
    const fault = { method: 'POST', headers: { ...headers, authorization }, body: '{"kind":"proxy-down"}' }
    expect(await ask(`${sandbox.controlUrl}/faults`, fault)).toBe(415)
    expect(sandbox.faults.list()).toEqual([])
  })
})

/** Sends bytes to a port, and resolves when the other side has closed, or after a while. */
function shout(port: number, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.end(bytes))
    const timer = setTimeout(() => socket.destroy(), 300)
    socket.resume().on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

test('nothing that is sent to a port ends the sandbox, or stops it from serving', async () => {
  const secret = new URL(sandbox.apiUrl).pathname
  const targets = [
    '//',
    '///',
    '/%',
    '/%zz/%',
    '*',
    'http://evil.example/',
    '/\\',
    '/?',
    '//[',
    '/[::1',
    `${secret}//`,
  ]
  targets.push(
    `${secret}/%`,
    `${secret}/api/v1/namespaces/%zz/pods`,
    `${secret}?watch=%`,
    `${secret}/api/v1/pods?labelSelector=%`,
  )
  targets.push(
    `${secret}/api/v1/pods?watch=1&resourceVersion=x`,
    `${secret}/api/v1/pods?fieldSelector===`,
    '/stats?filter=(',
  )
  const methods = ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']
  const host = 'Host: 127.0.0.1\r\n'
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n'
  const noise = Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167 + 13) % 256))
  const messages: (string | Buffer)[] = [
    ...targets.flatMap((target) => [
      ...methods.map((method) => `${method} ${target} HTTP/1.1\r\n${host}\r\n`),
      `GET ${target} HTTP/1.1\r\n${host}${upgrade}\r\n`,
    ]),
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    `GET / HTTP/1.1\r\n${host}X: ${'y'.repeat(100_000)}\r\n\r\n`,
    `POST ${secret}${CONFIG_MAPS} HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `GET / HTTP/1.1\r\n${host}Expect: the-unexpected\r\n\r\n`,
    '\u0016\u0003\u0001\u0002\u0000',
    noise,
    Buffer.concat([Buffer.from(`GET ${secret}/version HTTP/1.1\r\n${host}${upgrade}\r\n`), noise]),
  ]
  const [pod] = sandbox.store.list(RESOURCES.pods, 'gloo-system')
  const forward = `${secret}/api/v1/namespaces/gloo-system/pods/${pod!.metadata.name}/portforward`
  for (const how of [
    `Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n`,
    `${upgrade}Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n`,
  ])
    messages.push(Buffer.concat([Buffer.from(`POST ${forward} HTTP/1.1\r\n${host}${how}\r\n`), noise]))
  const ports = [sandbox.apiUrl, sandbox.controlUrl, sandbox.proxyUrl].map((url) => Number(new URL(url).port))
  for (const port of [...ports, admin.port])
    for (let at = 0; at < messages.length; at += 50)
      await Promise.all(messages.slice(at, at + 50).map((message) => shout(port, message)))

  // An error thrown anywhere would have failed this run: vitest reports what nobody catches.
  expect(await ask(`${sandbox.apiUrl}/version`)).toBe(200)
  expect(await ask(sandbox.proxyUrl)).toBe(404)
  expect(await ask(`http://127.0.0.1:${admin.port}//`)).toBe(404)
})
