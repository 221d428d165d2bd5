import { describe, expect, test } from 'vitest'
import {
  seen,
  proxy,
  serve,
  prefix,
  to,
  route,
  ask,
  counts,
  useConformanceWorld,
} from './conformance-world.js'

useConformanceWorld()

describe('filters', () => {
  const filtered = (filters: object[], matches = [prefix('/pre')]) =>
    route([{ matches, filters, backendRefs: [to('a')] }])

  test('request headers are set, added and removed', async () => {
    const requestHeaderModifier = {
      set: [{ name: 'X-Set', value: 'new' }],
      add: [{ name: 'X-Add', value: 'more' }],
      remove: ['X-Gone'],
    }
    serve([filtered([{ type: 'RequestHeaderModifier', requestHeaderModifier }])])
    await ask('/pre', { headers: { 'x-set': 'old', 'x-add': 'some', 'x-gone': 'yes' } })
    expect(seen[0]!.headers).toMatchObject({ 'x-set': 'new', 'x-add': 'some, more' })
    expect(seen[0]!.headers).not.toHaveProperty('x-gone')
  })

  test('response headers too, also of one backend, and on a 500 of the proxy', async () => {
    const responseHeaderModifier = {
      set: [{ name: 'X-Routes', value: 'h' }],
      add: [{ name: 'X-List', value: 'b' }],
      remove: ['X-Of-App'],
    }
    const filter = { type: 'ResponseHeaderModifier', responseHeaderModifier }
    const own = { responseHeaderModifier: { set: [{ name: 'x-version', value: 'v1' }] }, type: filter.type }
    serve([
      route([
        { matches: [prefix('/pre')], filters: [filter], backendRefs: [to('a', 1, { filters: [own] })] },
        { matches: [prefix('/bad')], filters: [filter], backendRefs: [to('none')] },
      ]),
    ])
    const { headers } = await ask('/pre')
    expect(headers).toMatchObject({ 'x-routes': 'h', 'x-version': 'v1', 'x-list': ['a', 'b'] })
    expect(headers).not.toHaveProperty('x-of-app')
    expect((await ask('/bad')).headers).toMatchObject({ 'x-routes': 'h' })
  })

  test.each([
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/' }, '/pre', '/'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/' }, '/pre/x?y=1', '/x?y=1'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/new/' }, '/pre/x', '/new/x'],
    [{ type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' }, '/pre', '/new'],
    [{ type: 'ReplaceFullPath', replaceFullPath: '/all' }, '/pre/x?y=1', '/all?y=1'],
  ])('a path is rewritten by %o: %s to %s', async (path, from, expected) => {
    serve([filtered([{ type: 'URLRewrite', urlRewrite: { hostname: 'in.example.com', path } }])])
    await ask(from)
    expect(seen[0]).toMatchObject({ url: expected, host: 'in.example.com' })
  })

  test.each([
    [{}, 302, 'http://a.org:PORT/pre/x?y=1'],
    [{ hostname: 'b.org', statusCode: 301 }, 301, 'http://b.org:PORT/pre/x?y=1'],
    [{ scheme: 'https' }, 302, 'https://a.org/pre/x?y=1'],
    [{ scheme: 'https', port: 8443 }, 302, 'https://a.org:8443/pre/x?y=1'],
    [{ port: 80 }, 302, 'http://a.org/pre/x?y=1'],
    [
      { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' }, statusCode: 308 },
      308,
      'http://a.org:PORT/new/x?y=1',
    ],
    [{ path: { type: 'ReplaceFullPath', replaceFullPath: '/all' } }, 302, 'http://a.org:PORT/all?y=1'],
  ])('a redirect by %o', async (requestRedirect, status, location) => {
    serve([route([{ matches: [prefix('/pre')], filters: [{ type: 'RequestRedirect', requestRedirect }] }])])
    const answer = await ask('/pre/x?y=1', { host: 'a.org' })
    expect(answer.status).toBe(status)
    expect(answer.headers.location).toBe(location.replace('PORT', String(proxy.port)))
  })

  const mirror = (name: string, more: object = {}) => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: { name, port: 80 }, ...more },
  })
  const copies = (name: string) => proxy.counters.cluster(`app/${name}/80`).upstream_rq_total

  test.each([
    ['all', [mirror('b')], { b: [40, 40] }],
    ['by several mirrors', [mirror('b'), mirror('c')], { b: [40, 40], c: [40, 40] }],
    ['by percent', [mirror('b', { percent: 50 })], { b: [8, 32] }],
    ['none of them', [mirror('b', { percent: 0 })], { b: [0, 0] }],
    ['by a fraction', [mirror('b', { fraction: { numerator: 1, denominator: 2 } })], { b: [8, 32] }],
  ] as [string, object[], Record<string, [number, number]>][])(
    'requests are mirrored: %s',
    async (_, filters, wanted) => {
      serve([filtered(filters)])
      expect(await counts('/pre', 40)).toEqual({ '200 a': 40 })
      for (const [name, [least, most]] of Object.entries(wanted)) {
        expect(copies(name)).toBeGreaterThanOrEqual(least)
        expect(copies(name)).toBeLessThanOrEqual(most)
      }
    },
  )

  test('pages of allowed origins may ask, by a preflight and by the request', async () => {
    const cors = {
      allowOrigins: ['https://*.example.com'],
      allowMethods: ['PUT'],
      exposeHeaders: ['x-of-app'],
      maxAge: 60,
    }
    serve([filtered([{ type: 'CORS', cors }])])
    const origin = 'https://shop.example.com'
    const before = await ask('/pre', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    })
    expect(before).toMatchObject({
      status: 200,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-max-age': '60',
      },
    })
    expect(seen).toEqual([])
    const after = await ask('/pre', { headers: { origin } })
    expect(after.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-of-app',
    })
    const other = await ask('/pre', { headers: { origin: 'https://example.org' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })
})
