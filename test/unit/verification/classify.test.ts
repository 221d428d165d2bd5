import { expect, test } from 'vitest'
import type { HttpAnswer } from '../../../src/verification/attribution.js'
import { classify, hintFor, isConnectionError } from '../../../src/verification/classify.js'

const fingerprint = { header: 'X-Canary-Routes', value: 'abc' }
const wanted = { 'x-canary-routes': 'abc' }
const identify = ({ body }: HttpAnswer) => (body.startsWith('v') ? body : undefined)

test.each<{ name: string; answer: Partial<HttpAnswer>; type: string; is?: string }>([
  { name: 'a version', answer: { headers: wanted, body: 'v1' }, type: 'version', is: 'v1' },
  { name: 'no version', answer: { headers: wanted, body: 'hello' }, type: 'unidentified' },
  { name: 'a version without content', answer: { status: 204, headers: wanted }, type: 'unidentified' },
  {
    name: 'a version through other routes',
    answer: { headers: { 'x-canary-routes': 'def' }, body: 'v1' },
    type: 'error',
    is: 'foreign routes',
  },
  { name: 'a version without routes', answer: { body: 'v1' }, type: 'error', is: 'no routes header' },
  { name: 'a redirect', answer: { status: 302, headers: wanted }, type: 'error', is: 'redirect' },
  {
    name: 'an empty subset',
    answer: { status: 503, headers: wanted, body: 'no healthy upstream' },
    type: 'error',
    is: 'http 503 (no healthy upstream)',
  },
  { name: 'a missing upstream', answer: { status: 503 }, type: 'error', is: 'http 503 (empty)' },
  { name: 'no route', answer: { status: 404 }, type: 'error', is: 'http 404 (no route)' },
  {
    name: 'a replaced route',
    answer: {
      status: 404,
      body: 'Gloo Gateway has invalid configuration. Administrators should run `glooctl check` to find out.',
    },
    type: 'error',
    is: 'http 404 (invalid gateway configuration)',
  },
  {
    name: "the application's own empty 404",
    answer: { status: 404, headers: { ...wanted, 'x-envoy-upstream-service-time': '1' } },
    type: 'error',
    is: 'http 404',
  },
  {
    name: "the application's own empty 503",
    answer: { status: 503, headers: { ...wanted, 'x-envoy-upstream-service-time': '1' } },
    type: 'error',
    is: 'http 503',
  },
  { name: 'a refusal', answer: { status: 401, body: 'who?' }, type: 'error', is: 'http 401' },
  { name: 'a crash', answer: { status: 500, headers: wanted, body: 'v1' }, type: 'error', is: 'http 500' },
])('$name', ({ answer, type, is }) => {
  const seen = classify({ answer: { status: 200, headers: {}, body: '', ...answer } }, identify, fingerprint)
  expect(seen.type).toBe(type)
  if (seen.type === 'version') expect(seen.version).toBe(is)
  if (seen.type === 'error') expect(seen.kind).toBe(is)
})

test('without a fingerprint any routes do', () => {
  const answer = { status: 200, headers: {}, body: 'v1' }
  expect(classify({ answer }, identify)).toEqual({ type: 'version', version: 'v1', routes: 'untold' })
})

test('every kind has a hint; a broken connection is told from an answer', () => {
  for (const kind of [
    'redirect',
    'http 503 (empty)',
    'http 404 (no route)',
    'timeout',
    'refused',
    'foreign routes',
  ]) {
    expect(hintFor(kind)).toBeTruthy()
  }
  expect(['refused', 'reset', 'tls'].every(isConnectionError)).toBe(true)
  expect(['timeout', 'http 503', 'foreign routes', 'redirect'].some(isConnectionError)).toBe(false)
})
