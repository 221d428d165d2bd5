import { ENVOY_ANSWERS } from '../../../src/routing/envoy/answers.js'
import { spawn } from 'node:child_process'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/model/errors.js'
import { compileAttribution } from '../../../src/verification/answers/attribution.js'
import { compileClassify } from '../../../src/verification/answers/classify.js'
import { createVerifier } from '../../../src/verification/probing/create-verifier.js'
import { proofRequest, transportTo } from '../../support/probe-request.js'
import type { VerificationRequest } from '../../../src/verification/probing/verifier.js'

const closers: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closers.map((close) => close())))

/** A server that answers each request with these bytes, whatever they are. */
async function raw(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function prove(origin: string, more: Partial<VerificationRequest> = {}) {
  const request = proofRequest(origin, {
    expectations: [{ kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }],
    rate: 100,
    timeoutMs: 60_000,
    ...more,
  })
  return createVerifier().verify(request, { converged() {}, progress() {}, check() {} })
}

const OK = 'HTTP/1.1 200 OK\r\n'
const BODY = 'version:echo-v1'
const drip = (socket: Socket, piece: string) => {
  const timer = setInterval(() => socket.write(piece), 50)
  socket.on('close', () => clearInterval(timer))
}

/** What a proxy does, and what the check says of it. */
const ANSWERS: [name: string, answer: (socket: Socket) => void, reason: RegExp][] = [
  ['no status text', (s) => s.write(`HTTP/1.1 200\r\ncontent-length: 15\r\n\r\n${BODY}`), /^v1 answered/],
  ['no headers, to the end of the connection', (s) => s.end(`${OK}\r\n${BODY}`), /^v1 answered/],
  ['an answer of HTTP/1.0', (s) => s.end(`HTTP/1.0 200 OK\r\n\r\n${BODY}`), /^v1 answered/],
  [
    'hints before the answer',
    (s) => s.end(`HTTP/1.1 103 Early Hints\r\n\r\n${OK}\r\n${BODY}`),
    /^v1 answered/,
  ],
  ['a header bomb', (s) => s.write(`${OK}x: ${'y'.repeat(1e6)}\r\n\r\n`), /headers too large/],
  [
    'a thousand headers',
    (s) => s.write(`${OK}${`x: ${'y'.repeat(1000)}\r\n`.repeat(1000)}\r\n`),
    /headers too large/,
  ],
  ['binary', (s) => s.write(Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10])), /not http/],
  ['a greeting', (s) => s.end('220 mail.example ESMTP\r\n'), /not http/],
  ['nothing, and goodbye', (s) => s.destroy(), /reset/],
  ['half a status line', (s) => s.end('HTTP/1.1 2'), /reset|not http/],
  ['half a body', (s) => s.end(`${OK}content-length: 100\r\n\r\nhalf`), /reset/],
  ['a chunk that stops', (s) => s.end(`${OK}transfer-encoding: chunked\r\n\r\nff\r\nhalf`), /reset|not http/],
  ['a chunk of no size', (s) => s.end(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`), /not http|reset/],
  [
    'two lengths',
    (s) => s.end(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    /does not match content-length/,
  ],
  [
    'a redirect to itself',
    (s) => s.end('HTTP/1.1 302 Found\r\nlocation: /echo\r\ncontent-length: 0\r\n\r\n'),
    /redirect/,
  ],
  [
    'an upgrade',
    (s) => s.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    /reset|error/,
  ],
  ['a status beyond all', (s) => s.end('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'), /http 999/],
  ['silence', () => {}, /timeout/],
  ['headers, a byte now and then', (s) => (s.write(`${OK}x: `), drip(s, 'y')), /timeout/],
  [
    'a body, a byte now and then',
    (s) => (s.write(`${OK}content-length: 9999\r\n\r\n`), drip(s, 'y')),
    /endless body/,
  ],
  ['hints without end', (s) => drip(s, 'HTTP/1.1 102 Processing\r\n\r\n'), /timeout/],
]

describe.concurrent('a proxy that answers with', () => {
  test.each(ANSWERS)('%s', async (_name, answer, reason) => {
    // A probe is given 5 s, and ends the check then; connections that break are tried again until the end.
    const timeoutMs = /timeout|endless|v1/.test(reason.source) ? 60_000 : 3000
    const proof = await prove(await raw(answer), { timeoutMs, rate: 0 })
    const [check] = proof.checks
    expect(check!.reason).toMatch(reason)
    expect(check!.reason.length).toBeLessThan(400)
    expect(proof.verdict === 'pass').toBe(reason.source.startsWith('^v1'))
  })
})

describe('what an answer may say of its version', () => {
  const request = { app: 'echo', versionHeaderIsProof: true, versionHeader: 'x-version' }
  const answer = (body: string, headers: Record<string, string> = {}) => ({ status: 200, headers, body })

  test('a pattern that needs time without end is broken off, and told', () => {
    const attribute = compileAttribution({ ...request, versionRule: { body: '^(a+)+$|(?<version>v1)' } })
    expect(attribute(answer('x v1')).version).toBe('v1')
    expect(() => attribute(answer(`${'a'.repeat(50)}!`))).toThrow(
      'verify.version.body "^(a+)+$|(?<version>v1)" takes more than 1 s on an answer of 51 characters.',
    )
  })

  test('the proof ends with it', async () => {
    const origin = await raw((socket) => socket.end(`${OK}\r\n${'a'.repeat(50)}!`))
    const versionRule = { body: '^(a+)+$|(?<version>v1)' }
    await expect(prove(origin, { versionRule })).rejects.toThrow(
      /verify\.version\.body .* takes more than 1 s/,
    )
  })

  test.each<[string, object, RegExp]>([
    ['a number', { header: 5 }, /verify\.version\.header is 5, not a text/],
    ['a map', { json: {} }, /verify\.version\.json is \{\}, not a text/],
    ['no pattern', { body: '(' }, /not a regular expression/],
    ['too long a pattern', { body: `(?<version>${'x'.repeat(1000)})` }, /longer than 1000 characters/],
    ['no path', { json: '..' }, /not a path/],
  ])('a rule that is %s', (_name, versionRule, says) => {
    expect(() => compileAttribution({ ...request, versionRule })).toThrow(UsageError)
    expect(() => compileAttribution({ ...request, versionRule })).toThrow(says)
  })

  test('anything: it is classified', () => {
    const rules = [undefined, { header: 'x-v' }, { json: '$.a.b[0]' }, { body: 'v=(?<version>[^;]*)' }]
    const fingerprint = { header: 'X-Routes', value: 'abc' }
    const assertions = { status: [[200, 399]] as [number, number][], body: '^[^x]*$', headers: {} }
    const classifiers = rules.map((versionRule) =>
      compileClassify({ ...request, proxy: ENVOY_ANSWERS, versionRule, fingerprint, assertions }),
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.json({ maxDepth: 4 }),
      fc.constantFrom(
        '{"a":{"b":["v1"]}}',
        '{"a":{"b":"x"}}',
        'null',
        'v=1;',
        `version:echo-${'x'.repeat(1000)}`,
      ),
      fc.constantFrom(
        '['.repeat(60_000),
        '{"a":'.repeat(10_000),
        '\0'.repeat(1000),
        'version:echo-__proto__',
      ),
    )
    const headers = fc.dictionary(fc.constantFrom('x-v', 'x-version', 'x-routes', '__proto__'), text)
    fc.assert(
      fc.property(text, headers, fc.integer({ min: 200, max: 599 }), (body, fields, status) => {
        for (const classify of classifiers) {
          const seen = classify({ answer: { status, headers: fields, body } })
          if (seen.type === 'version') expect(seen.version.length).toBeLessThan(102)
        }
      }),
      { seed: 4, numRuns: 100 },
    )
  })

  test('a version that is called like what every object has is counted like any other', async () => {
    for (const version of ['constructor', '__proto__', 'toString']) {
      const origin = await raw((socket) => socket.end(`${OK}\r\nversion:echo-${version}`))
      const { checks } = await prove(origin)
      expect(checks[0]!.reason).toContain(`${version} answered 1 of 1 regular requests`)
      expect(JSON.stringify(checks[0]!.byVersion)).toBe(`{"${version}":1}`)
    }
  })
})

test.each<[string, Partial<VerificationRequest>]>([
  ['of the connection', { probe: { method: 'GET', headers: { 'Transfer-Encoding': 'chunked' } } }],
  ['Host', { probe: { method: 'GET', headers: { HOST: 'a' } } }],
  ['no name', { probe: { method: 'GET', headers: { 'a b': 'c' } } }],
  ['no value', { probe: { method: 'GET', headers: { a: 'b\r\nc: d' } } }],
  ['a host with a path', { transport: transportTo('http://127.0.0.1:9', { host: 'a/b' }) }],
  ['a host with a line break', { transport: transportTo('http://127.0.0.1:9', { host: 'a\nb' }) }],
  ['an origin that is none', { transport: transportTo('http://') }],
])('probes that could not be sent are wrong usage: %s', async (_name, more) => {
  await expect(prove('http://127.0.0.1:9', more)).rejects.toBeInstanceOf(UsageError)
})

test('huge and endless bodies need little memory', async () => {
  const script = fileURLToPath(new URL('hungry-probes.ts', import.meta.url))
  const child = spawn(process.execPath, ['--max-old-space-size=64', '--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(said).toBe('endless: pass, memory fine\n50 MB: pass, memory fine\n')
  expect(code).toBe(0)
})
