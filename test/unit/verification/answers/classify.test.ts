import { ENVOY_ANSWERS } from '../../../../src/routing/envoy/answers.js'
import { expect, test } from 'vitest'
import type { AnswerAssertions } from '../../../../src/model/verify/verify-settings.js'
import type { HttpAnswer } from '../../../../src/verification/answers/attribution.js'
import { compileClassify, isConnectionError } from '../../../../src/verification/answers/classify.js'
import { errorText, hintFor } from '../../../../src/verification/answers/error-texts.js'
import { errorOf } from '../../../support/answer-errors.js'

const fingerprint = { header: 'X-Canary-Routes', value: 'abc' }
const wanted = { 'x-canary-routes': 'abc' }

function classified(
  answer: Partial<HttpAnswer>,
  assertions: Partial<AnswerAssertions> = {},
  isProven = true,
) {
  const classify = compileClassify({
    app: 'echo',
    versionRule: { body: '^(?<version>v.*)' },
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
    proxy: ENVOY_ANSWERS,
    assertions: { status: [[200, 399]], headers: {}, ...assertions },
    fingerprint: isProven ? fingerprint : undefined,
  })
  return classify({ answer: { status: 200, headers: {}, body: '', ...answer } })
}

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
  { name: 'a redirect in front', answer: { status: 302 }, type: 'error', is: 'redirect' },
  {
    name: 'a redirect of a version',
    answer: { status: 302, headers: wanted, body: 'v1' },
    type: 'version',
    is: 'v1',
  },
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
  const seen = classified(answer)
  expect(seen.type).toBe(type)
  if (seen.type === 'version') expect(seen.version).toBe(is)
  if (seen.type === 'error') expect(errorText(seen.error)).toBe(is)
})

test('without a fingerprint any routes do', () => {
  expect(classified({ body: 'v1' }, {}, false)).toEqual({ type: 'version', version: 'v1', routes: 'untold' })
})

test.each<{ name: string; assertions: Partial<AnswerAssertions>; answer?: Partial<HttpAnswer>; is?: string }>(
  [
    { name: 'a status among those', assertions: { status: [[200, 204]] }, is: undefined },
    { name: 'another status', assertions: { status: [[204, 204]] }, is: 'http 200 (unexpected)' },
    { name: 'an error status', assertions: { status: [[404, 404]] }, answer: { status: 404 }, is: undefined },
    {
      name: 'a redirect where none is',
      assertions: { status: [[200, 299]] },
      answer: { status: 301 },
      is: 'redirect',
    },
    { name: 'the body', assertions: { body: '^v\\d$' }, is: undefined },
    { name: 'another body', assertions: { body: 'w' }, is: 'unexpected body' },
    { name: 'a header', assertions: { headers: { 'x-canary-routes': '^a' } }, is: undefined },
    {
      name: 'another header',
      assertions: { headers: { 'X-Canary-Routes': 'z' } },
      is: 'unexpected header x-canary-routes',
    },
    { name: 'no header', assertions: { headers: { 'x-none': '' } }, is: 'no header x-none' },
  ],
)('asserted: $name', ({ assertions, answer, is }) => {
  const seen = classified({ headers: wanted, body: 'v1', ...answer }, assertions)
  expect(seen).toEqual(
    is === undefined
      ? { type: 'version', version: 'v1', routes: 'wanted' }
      : { type: 'error', error: { ...errorOf(is), status: answer?.status ?? 200 }, routes: 'wanted' },
  )
})

test('a version other than the one that the proxy chose is a fallback, whatever the header proves', () => {
  const seen = classified({ headers: { ...wanted, 'x-canary-version': 'v2' }, body: 'v1' })
  expect(seen).toMatchObject({
    type: 'error',
    error: { kind: 'fallback', detail: 'v1 answered for v2' },
    routes: 'wanted',
  })
})

test('every kind has a hint; a broken connection is told from an answer', () => {
  for (const kind of [
    'redirect',
    'http 503 (empty)',
    'http 404 (no route)',
    'timeout',
    'refused',
    'foreign routes',
    'fallback (v1 answered for v2)',
    'unexpected header x-a',
  ]) {
    expect(hintFor(errorOf(kind))).toMatch(/\w{3}/)
  }
  expect(['refused', 'reset', 'tls'].map(errorOf).every(isConnectionError)).toBe(true)
  expect(['timeout', 'http 503', 'foreign routes', 'redirect'].map(errorOf).some(isConnectionError)).toBe(
    false,
  )
})

test.each<[string, Partial<HttpAnswer>, string]>([
  [
    'nginx wants a client certificate',
    { status: 400, body: '<center>No required SSL certificate was sent</center>' },
    'http 400 (client certificate)',
  ],
  [
    'the app speaks HTTP/2 only',
    {
      status: 502,
      body: 'upstream connect error or disconnect/reset before headers. reset reason: protocol error',
    },
    'http 502 (protocol error)',
  ],
  ['a gRPC server', { status: 415, headers: { 'content-type': 'application/grpc' } }, 'http 415 (grpc)'],
])('%s', (_name, answer, kind) => {
  expect(classified(answer)).toMatchObject({ type: 'error', error: errorOf(kind) })
})

test('where the routes name one version alone, an answer through them that names none is of that version', () => {
  const classify = compileClassify({
    app: 'echo',
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
    proxy: ENVOY_ANSWERS,
    assertions: { status: [[200, 399]], headers: {} },
    fingerprint,
    soleVersion: 'v1',
  })
  const observed = (answer: Partial<HttpAnswer>) =>
    classify({ answer: { status: 200, headers: wanted, body: 'hello', ...answer } })
  expect(observed({})).toEqual({ type: 'version', version: 'v1', routes: 'wanted' })
  expect(observed({ body: 'version:echo-v2' })).toMatchObject({ version: 'v2' })
  expect(observed({ headers: { ...wanted, 'x-canary-version': 'v2' } }).type).toBe('unidentified')
  expect(observed({ headers: {} })).toMatchObject({ type: 'error', error: { kind: 'no-routes-header' } })
  expect(observed({ status: 500 })).toMatchObject({ type: 'error', error: errorOf('http 500') })
})
