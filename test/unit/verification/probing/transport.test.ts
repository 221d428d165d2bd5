import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  connect,
  createServer as createRawServer,
  type Server,
  type Socket,
} from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import { createVerifier } from '../../../../src/verification/probing/create-verifier.js'
import type { VerificationRequest, Transport } from '../../../../src/verification/probing/verifier.js'
import { proofRequest, transportTo } from '../../../support/probe-request.js'
import { byText } from '../../../support/answer-errors.js'

const pem = (name: string) => readFile(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8')
const NAME = 'app.example.com'

const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))))
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return (server.address() as AddressInfo).port
}

/** A gateway that speaks TLS, and tells what it was asked for. */
async function gateway(options: { requestCert?: boolean } = {}): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const tls = { key: await pem('server.key'), cert: await pem('server.pem'), ca: await pem('ca.pem') }
  const server = createTlsServer({ ...tls, ...options, rejectUnauthorized: true }, (request, response) => {
    const { servername } = request.socket as unknown as { servername: string }
    asked.push(`${request.headers.host} by ${servername}`)
    response.end('version:echo-v1\n')
  })
  return { port: await listening(server), asked }
}

/** `few`: what can't pass is asked a few times for a second; what can, has the time that it takes. */
async function prove(transport: Transport, few = false, rest: Partial<VerificationRequest> = {}) {
  const pace = few ? { timeoutMs: 1000, rate: 50 } : {}
  const expectations = [{ kind: 'regular' as const, paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }]
  const request = { ...proofRequest('http://unused', { expectations, ...pace, ...rest }), transport }
  return createVerifier().verify(request, { converged() {}, progress() {}, check() {} })
}

describe('https', () => {
  test('a CA of its own, the name by --resolve', async () => {
    const { port, asked } = await gateway()
    const proof = await prove(
      transportTo(`https://${NAME}:${port}`, {
        resolve: { [`${NAME}:${port}`]: '127.0.0.1' },
        tls: { ca: await pem('ca.pem') },
      }),
    )
    expect(proof.checks[0]!.reason).toContain('v1 answered 459 of 459')
    expect(new Set(asked)).toEqual(new Set([`${NAME}:${port} by ${NAME}`]))
  })

  test('the Host is the server name', async () => {
    const { port, asked } = await gateway()
    const tls = { ca: await pem('ca.pem') }
    const proof = await prove(transportTo(`https://127.0.0.1:${port}`, { host: NAME, tls }))
    expect(proof.verdict).toBe('pass')
    expect(new Set(asked)).toEqual(new Set([`${NAME} by ${NAME}`]))
  })

  test('a client certificate', async () => {
    const { port } = await gateway({ requestCert: true })
    const tls = { ca: await pem('ca.pem'), cert: await pem('client.pem'), key: await pem('client.key') }
    expect(await prove(transportTo(`https://127.0.0.1:${port}`, { host: NAME, tls }))).toMatchObject({
      verdict: 'pass',
    })
  })

  test.each([
    ['a CA that is not known', { host: NAME }],
    ['a certificate for another name', { host: 'other.example.com', ca: true }],
  ])('%s is inconclusive, with the words of TLS and what to give', async (_name, { host, ca }: any) => {
    const { port } = await gateway()
    const tls = ca ? { ca: await pem('ca.pem') } : {}
    const { verdict, checks } = await prove(transportTo(`https://127.0.0.1:${port}`, { host, tls }), true)
    expect(verdict).toBe('inconclusive')
    expect(checks[0]!.reason).toMatch(/^1 × tls among 1 regular requests; expected none \(first: tls: .*\)/)
    expect(checks[0]!.hint).toContain('--ca-file')
  })

  test('certificates that can not be used are refused before any probe', async () => {
    const [cert, key, other] = [await pem('client.pem'), await pem('client.key'), await pem('server.key')]
    for (const tls of [
      { cert, key: other },
      { cert: 'x', key },
    ])
      await expect(prove(transportTo('https://127.0.0.1:9', { tls }))).rejects.toThrow(UsageError)
  })
})

describe('who speaks otherwise than probes do', () => {
  /** A TLS server that answers the first message with a fatal alert. */
  async function alerting(alert: number): Promise<string> {
    const server = createRawServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, alert])))
    })
    return `https://127.0.0.1:${await listening(server)}`
  }

  test.each([
    ['certificate required', 116, 'client certificate', '--cert-file'],
    ['bad certificate', 42, 'client certificate', '--cert-file'],
    ['an unknown CA', 48, 'client certificate', '--cert-file'],
    ['no application protocol', 120, 'http/2 only', '--proxy-url'],
    ['a handshake that fails', 40, 'tls', '--ca-file'],
  ])('TLS alert %s', async (_name, alert, kind, remedy) => {
    const { verdict, checks } = await prove(transportTo(await alerting(alert)), true)
    expect(verdict).toBe('inconclusive')
    expect(Object.keys(byText(checks[0]!.errors))).toEqual([kind])
    expect(checks[0]!.hint).toContain(remedy)
  })

  test('HTTP/2 with prior knowledge, as gRPC servers do', async () => {
    const port = await listening(createHttp2Server())
    const { verdict, checks } = await prove(transportTo(`http://127.0.0.1:${port}`), true)
    expect(verdict).toBe('inconclusive')
    expect(Object.keys(byText(checks[0]!.errors))).toEqual(['http/2 only'])
  })

  async function answering(listener: RequestListener) {
    return transportTo(`http://127.0.0.1:${await listening(createServer(listener))}`)
  }

  test('headers up to 256 KiB are read; beyond that the limit is named', async () => {
    const withHeaders = (kib: number) =>
      answering((_request, response) => {
        for (let index = 0; index < kib / 4; index += 1) response.setHeader(`x-${index}`, 'a'.repeat(4000))
        response.end('version:echo-v1')
      })
    expect(await prove(await withHeaders(240))).toMatchObject({ verdict: 'pass' })
    const { verdict, checks } = await prove(await withHeaders(300), true)
    expect(verdict).toBe('inconclusive')
    expect(Object.keys(byText(checks[0]!.errors))).toEqual(['headers too large'])
    expect(checks[0]!.hint).toContain('256 KiB')
  })

  test('an event stream is read up to its first event, or its headers where none comes', async () => {
    const streaming = (first?: string) =>
      answering((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-version': 'v1' }).flushHeaders()
        if (first !== undefined) response.write(first)
      })
    expect(await prove(await streaming('version:echo-v1\n'))).toMatchObject({ verdict: 'pass' })
    const silent = await prove(await streaming(), true, { versionRule: { header: 'x-version' } })
    expect(silent.checks[0]).toMatchObject({ errors: [] })
    expect(Object.keys(silent.checks[0]!.byVersion)).toEqual(['v1'])
  })

  test('any other answer that does not end is named, with what came of it', async () => {
    const poll = await answering((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    })
    const { checks } = await prove(poll, true, { timeoutMs: 30_000 })
    expect(byText(checks[0]!.errors)).toHaveProperty('endless body')
    expect(checks[0]!.reason).toContain('http 200 (application/json): the headers came, the body did not end')
  })
})

describe('an HTTP proxy', () => {
  /** A proxy that makes tunnels, and tells where to. */
  async function httpProxy(status = 200): Promise<{ url: string; tunnels: string[] }> {
    const tunnels: string[] = []
    const server = createServer()
    server.on('connect', ({ url = '', headers }, socket: Socket) => {
      tunnels.push(`${url} ${headers['proxy-authorization'] ?? 'nobody'}`)
      if (status !== 200) return socket.end(`HTTP/1.1 ${status} no\r\n\r\n`)
      const [host, port] = url.split(':')
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
      sockets.add(onward)
      onward.on('error', () => socket.destroy())
      return socket.on('error', () => onward.destroy())
    })
    return { url: `http://ann:secret@127.0.0.1:${await listening(server)}`, tunnels }
  }

  test('is gone through where it is given, for https and for http', async () => {
    const { port } = await gateway()
    const plain = await listening(createServer((_request, response) => response.end('version:echo-v1\n')))
    const { url, tunnels } = await httpProxy()
    const tls = { ca: await pem('ca.pem') }
    for (const origin of [`https://127.0.0.1:${port}`, `http://127.0.0.1:${plain}`]) {
      const proof = await prove(transportTo(origin, { host: NAME, tls, httpProxy: url }))
      expect(proof.verdict).toBe('pass')
    }
    const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`
    expect(new Set(tunnels)).toEqual(new Set([`127.0.0.1:${port} ${basic}`, `127.0.0.1:${plain} ${basic}`]))
  })

  test('that refuses is inconclusive, and said to', async () => {
    const { url } = await httpProxy(407)
    const { verdict, checks } = await prove(transportTo('http://127.0.0.1:9', { httpProxy: url }), true)
    expect(verdict).toBe('inconclusive')
    expect(checks[0]!.reason).toContain('1 × http proxy among 1 regular requests')
    expect(checks[0]!.reason).toContain('407')
  })
})

test('a canary header on every probe is refused: none would be regular', () => {
  const expectations = [
    {
      kind: 'canary' as const,
      paths: ['/echo'],
      headers: { stage: 'canary' },
      primary: 'v1',
      canary: 'v2',
      share: 1,
    },
  ]
  const probe = { method: 'GET', headers: { Stage: 'canary' } }
  const request = proofRequest('http://127.0.0.1:9', { expectations, probe })
  expect(() => createVerifier().check(request)).toThrow('The probe header "Stage" is a canary header')
})
