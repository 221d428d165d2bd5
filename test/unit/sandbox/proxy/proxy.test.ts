import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FaultRegistry } from '../../../../src/sandbox/faults.js'
import { EMPTY_CONFIG } from '../../../../src/sandbox/gateway/routes.js'
import type { ProxyState } from '../../../../src/sandbox/gateway/proxy-feed.js'
import { translate } from '../../../../src/sandbox/gateway/gloo/translate.js'
import { type GatewayProxy, startProxy } from '../../../../src/sandbox/proxy/proxy.js'
import { closeServer } from '../../../../src/sandbox/workloads/close-server.js'
import { routeTable, single, upstream, virtualService } from '../../../contract/routing/objects.js'

let pod: Server
let proxy: GatewayProxy
let state: ProxyState
let faults: FaultRegistry
let seen: { url?: string; method?: string; headers: IncomingHttpHeaders; body: string }
let behave: (response: ServerResponse) => void

beforeEach(async () => {
  behave = (response) =>
    response.writeHead(200, { 'x-of-pod': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('hello')
  pod = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      seen = { url: request.url, method: request.method, headers: request.headers, body }
      behave(response)
    })
  })
  await new Promise<void>((listening) => pod.listen(0, '127.0.0.1', listening))
  state = { config: EMPTY_CONFIG, endpoints: new Map() }
  faults = new FaultRegistry()
  proxy = await startProxy({
    state,
    faults,
    portOf: (ip) => (ip === 'pod' ? (pod.address() as AddressInfo).port : ip === 'dead' ? 1 : undefined),
  })
})
afterEach(async () => {
  await Promise.all([proxy.close(), closeServer(pod)])
})

/** Serves one route of echo, at these endpoints. */
function serve(route: object, ips = ['pod']): void {
  state.config = translate({
    virtualServices: [virtualService()],
    routeTables: [routeTable('echo', [route])],
    upstreams: [upstream('echo')],
  }).config
  const labels = { app: 'echo', version: 'v1' }
  state.endpoints = new Map([['echo_echo', ips.map((ip) => ({ ip, port: 8080, labels }))]])
}

function ask(path = '/echo', init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${proxy.port}${path}`, { redirect: 'manual', ...init })
}

describe('what goes through', () => {
  test('method, path, query, headers and body there; status, headers and body back', async () => {
    serve(single('echo', 'v1'))
    behave = (response) => response.writeHead(418, { 'set-cookie': ['a=1', 'b=2'] }).end('tea')
    const answer = await ask('/echo/a%20b?x=1', { method: 'POST', body: 'milk', headers: { 'x-mine': '1' } })
    expect(seen).toMatchObject({ url: '/echo/a%20b?x=1', method: 'POST', body: 'milk' })
    expect(seen.headers).toMatchObject({ 'x-mine': '1', 'x-forwarded-proto': 'http' })
    expect([answer.status, await answer.text()]).toEqual([418, 'tea'])
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(answer.headers.get('server')).toBe('envoy')
    expect(answer.headers.get('x-envoy-upstream-service-time')).toMatch(/^\d+$/)
  })

  test('a body without a length, of whatever method, arrives as one body', async () => {
    serve(single('echo', 'v1'))
    for (const method of ['DELETE', 'OPTIONS', 'PATCH']) {
      const body = new Blob(['{"a":1}']).stream()
      const answer = await ask('/echo', { method, body, duplex: 'half' })
      expect(answer.status).toBe(200)
      expect(seen).toMatchObject({ method, body: '{"a":1}' })
    }
    await ask('/echo')
    expect(seen).toMatchObject({ method: 'GET', body: '' })
  })

  test('headers are removed, added and replaced on both ways, the route after its destination', async () => {
    const change = (key: string, value: string, append: boolean) => ({ header: { key, value }, append })
    const headers = (own: object) => ({ headerManipulation: own })
    const route = single('echo', 'v1') as any
    route.options = headers({
      requestHeadersToRemove: ['X-Secret'],
      requestHeadersToAdd: [change('x-more', '2', true)],
      responseHeadersToRemove: ['x-of-pod'],
      responseHeadersToAdd: [change('x-version', 'of the route', false)],
    })
    route.routeAction = {
      multi: {
        destinations: [
          {
            weight: 1,
            destination: route.routeAction.single,
            options: headers({
              responseHeadersToAdd: [change('X-Version', 'v1', false), change('x-list', 'b', true)],
            }),
          },
        ],
      },
    }
    serve(route)
    behave = (response) => response.writeHead(200, { 'x-of-pod': 'yes', 'x-list': 'a' }).end()
    const answer = await ask('/echo', { headers: { 'x-secret': 's', 'x-more': '1' } })
    expect(seen.headers['x-secret']).toBeUndefined()
    expect(seen.headers['x-more']).toBe('1, 2')
    expect(answer.headers.get('x-of-pod')).toBeNull()
    expect(answer.headers.get('x-version')).toBe('of the route')
    expect(answer.headers.get('x-list')).toBe('a, b')
  })

  test('a prefix is rewritten', async () => {
    serve({ ...single('echo', 'v1'), options: { prefixRewrite: '/' } })
    await ask('/echo?x=1')
    expect(seen.url).toBe('/?x=1')
  })
})

describe('what the proxy answers itself', () => {
  const action = (matchers: object[], own: object) => ({ matchers, ...own })

  test('404 without a route, with an empty body', async () => {
    const answer = await ask()
    expect([answer.status, await answer.text(), answer.headers.get('x-envoy-upstream-service-time')]).toEqual(
      [404, '', null],
    )
  })

  test.each([
    ['no endpoint', [], 'no healthy upstream'],
    ['a pod that is gone', ['gone'], /^upstream connect error .* Connection refused$/],
    ['a pod that does not answer', ['dead'], /^upstream connect error .* Connection refused$/],
  ])('503 with %s', async (_, ips, body) => {
    serve(single('echo', 'v1'), ips)
    const answer = await ask()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toBe('text/plain')
    expect(await answer.text()).toEqual(body instanceof RegExp ? expect.stringMatching(body) : body)
  })

  test('a direct response', async () => {
    serve(action([{ prefix: '/echo' }], { directResponseAction: { status: 403, body: 'closed' } }))
    const answer = await ask()
    expect([answer.status, await answer.text()]).toEqual([403, 'closed'])
  })

  test.each([
    [{ httpsRedirect: true }, 301, /^https:\/\/127\.0\.0\.1:\d+\/echo\?x=1$/],
    [{ hostRedirect: 'example.com', responseCode: 'FOUND' }, 302, /^http:\/\/example\.com\/echo\?x=1$/],
    [{ pathRedirect: '/a b', responseCode: 'PERMANENT_REDIRECT' }, 308, /\/a%20b\?x=1$/],
  ])('a redirect by %o', async (redirectAction, status, location) => {
    serve(action([{ prefix: '/echo' }], { redirectAction }))
    const answer = await ask('/echo?x=1')
    expect(answer.status).toBe(status)
    expect(answer.headers.get('location')).toMatch(location)
  })

  test('nothing while it is down, and again when it is up', async () => {
    serve(single('echo', 'v1'))
    const down = faults.add({ kind: 'proxy-down' })
    await expect(ask()).rejects.toThrow()
    faults.remove(down.id)
    expect((await ask()).status).toBe(200)
  })
})

test('an answer that breaks off is broken off for the client too', async () => {
  serve(single('echo', 'v1'))
  behave = (response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('half', () => response.destroy())
  }
  const answer = await ask()
  await expect(answer.text()).rejects.toThrow()
})
