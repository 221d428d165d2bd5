import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import type { Json } from '../../../../src/model/values.js'
import { readVerifyValues } from '../../../../src/rollout/values/verify-values.js'

const env = (name: string) => (name === 'TOKEN' ? 'Bearer secret' : undefined)
const read = (verify?: Json) => readVerifyValues(verify, env)

test('nothing said is a plain GET, statuses from 200 to 399, and a tolerance by the weight', () => {
  expect(read()).toMatchObject({
    probe: { method: 'GET', headers: {} },
    assertions: { status: [[200, 399]], headers: {} },
    metrics: [],
  })
  expect(read().tolerance).toBeUndefined()
  expect(read().paths).toBeUndefined()
  expect(read({})).toEqual(read())
})

test('everything said', () => {
  const settings = read({
    version: { json: '$.version' },
    tolerance: 2.5,
    paths: ['/echo', '/echo/items?page=1'],
    request: { method: 'post', headers: { authorization: 'env:TOKEN', 'x-a': '1' }, body: '{}' },
    expect: { status: [200, '300-399,404'], body: '"ok"', headers: { 'Content-Type': '^application/json' } },
    analysis: { maxErrorRate: 1, relativeRisk: 2, latency: { shift: 10, min: 1 } },
    prometheus: 'http://prometheus:9090/',
    metrics: [{ name: 'errors', query: 'sum(errors)', max: 0 }],
  })
  expect(settings).toEqual({
    version: { json: '$.version' },
    tolerance: 0.025,
    paths: ['/echo', '/echo/items?page=1'],
    probe: { method: 'POST', headers: { authorization: 'Bearer secret', 'x-a': '1' }, body: '{}' },
    assertions: {
      status: [
        [200, 200],
        [300, 399],
        [404, 404],
      ],
      body: '"ok"',
      headers: { 'content-type': '^application/json' },
    },
    analysisLimits: { maxErrorRate: 0.01, relativeRisk: 2, latency: { shift: 0.1, minMs: 1 } },
    prometheus: 'http://prometheus:9090',
    metrics: [{ name: 'errors', query: 'sum(errors)', max: 0 }],
  })
})

test('a number may be a text, which is what --set makes of 2.5', () => {
  expect(read({ tolerance: '2.5' }).tolerance).toBe(0.025)
  expect(read({ expect: { errorRate: 0.5 } }).assertions.errorRate).toBe(0.005)
})

describe('refused, with the place', () => {
  test.each<[name: string, verify: Json, says: string]>([
    ['an unknown key', { tolerence: 2 }, 'verify.tolerence: unknown key'],
    ['an unknown key further down', { expect: { code: 200 } }, 'verify.expect.code: unknown key'],
    ['no map', 'x', 'verify: "x" is not a map'],
    [
      'more errors than answers',
      { expect: { errorRate: 51 } },
      'verify.expect.errorRate: 51 is out of range',
    ],
    ['a tolerance of 0', { tolerance: 0 }, 'verify.tolerance: 0 is out of range'],
    ['a tolerance that is none', { tolerance: 'auto' }, 'verify.tolerance: "auto" is not a number'],
    ['a path without a slash', { paths: ['echo'] }, 'verify.paths[0]: "echo" does not begin with "/"'],
    ['a path that no client sends', { paths: ['/a b'] }, 'verify.paths[0]: "/a b" has characters'],
    [
      'a path with dots',
      { paths: ['/a', '/a/../b'] },
      'verify.paths[1]: "/a/../b" has "." or ".." as a segment',
    ],
    ['a path twice', { paths: ['/a', '/a'] }, 'verify.paths: lists /a twice'],
    ['no path', { paths: [] }, 'verify.paths: is empty'],
    [
      'a version rule of a wrong type',
      { version: { header: 1 } },
      'verify.version.header: 1 is not a string',
    ],
    ['a method that is none', { request: { method: 'BREW' } }, '"BREW" is not a method'],
    ['a body of a GET', { request: { body: 'x' } }, 'a GET request has no body'],
    [
      'a header name that is none',
      { request: { headers: { 'a b': 'c' } } },
      'verify.request.headers.a b: is no name of a header',
    ],
    [
      'a header that probes set',
      { request: { headers: { 'User-Agent': 'x' } } },
      'verify.request.headers.User-Agent: is set by probes themselves',
    ],
    [
      'a header that HTTP does not carry',
      { request: { headers: { 'x-a': 'é' } } },
      'verify.request.headers.x-a: has a value with characters',
    ],
    ['a variable that is not set', { request: { headers: { a: 'env:NONE' } } }, 'NONE is not set'],
    ['a status that is none', { expect: { status: '2xx' } }, '"2xx" is not a status'],
    ['a range the wrong way round', { expect: { status: '300-200' } }, '"300-200" is not a status'],
    ['a pattern that is none', { expect: { body: '(' } }, 'verify.expect.body: is not a regular expression'],
    [
      'analysis out of range',
      { analysis: { maxErrorRate: 0 } },
      'verify.analysis.maxErrorRate: 0 is out of range',
    ],
    ['a URL that is none', { prometheus: 'prometheus' }, 'verify.prometheus: "prometheus" is not'],
    [
      'a variable that is not filled in',
      { prometheus: 'http://p', metrics: [{ name: 'a', query: 'x{y="{{version}}"}', max: 0 }] },
      'verify.metrics[0].query: unknown variable {{version}}',
    ],
    [
      'metrics and nobody to ask',
      { metrics: [{ name: 'a', query: 'b', max: 0 }] },
      'verify.prometheus is missing',
    ],
    [
      'a metric without a bound',
      { prometheus: 'http://p', metrics: [{ name: 'a', query: 'b' }] },
      'has neither min nor max',
    ],
    [
      'a metric with bounds the wrong way round',
      { prometheus: 'http://p', metrics: [{ name: 'a', query: 'b', min: 2, max: 1 }] },
      'min 2 is more than max 1',
    ],
  ])('%s', (_name, verify, says) => {
    expect(() => read(verify)).toThrow(UsageError)
    expect(() => read(verify)).toThrow(says)
  })
})
