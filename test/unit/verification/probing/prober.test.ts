import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome } from '../../../../src/verification/answers/classify.js'
import { Prober, type ProberOptions } from '../../../../src/verification/probing/prober.js'
import { transportTo } from '../../../support/probe-request.js'
import { startServer } from './http-server.js'

type Server = Awaited<ReturnType<typeof startServer>>
let server: Server | undefined
let prober: Prober<Committed> | undefined
afterEach(async () => {
  await prober?.stop()
  await server?.close()
  server = undefined
})

interface Committed {
  index: number
  outcome: Outcome
}

/** Probes until `count` outcomes are committed, in the order they were. */
async function probe(
  count: number,
  handler: RequestListener,
  options: Partial<ProberOptions<Committed>> | ((origin: string) => Partial<ProberOptions<Committed>>) = {},
): Promise<Committed[]> {
  server = await startServer(handler)
  return probeOrigin(count, server.origin, typeof options === 'function' ? options(server.origin) : options)
}

async function probeOrigin(
  count: number,
  origin: string,
  options: Partial<ProberOptions<Committed>> = {},
): Promise<Committed[]> {
  const committed: Committed[] = []
  await new Promise<void>((resolve, reject) => {
    prober = new Prober<Committed>({
      transport: transportTo(origin),
      next: () => ({ method: 'GET', path: '/echo', headers: {} }),
      rate: () => 0,
      read: (outcome, { index }) => ({ index, outcome }),
      commit: (result) => {
        committed.push(result)
        if (committed.length === count) resolve()
      },
      onBug: reject,
      ...options,
    })
    prober.start()
  })
  await prober?.stop()
  return committed.slice(0, count)
}

function statusOf({ outcome }: Committed): number | string {
  return 'answer' in outcome ? outcome.answer.status : outcome.failure
}

test('outcomes come in issue order, whatever order the answers came in', async () => {
  let seen = 0
  const held: (() => void)[] = []
  const committed = await probe(200, (_request, response) => {
    seen += 1
    // Every third answer waits for the next two requests.
    held.push(() => response.end('x'))
    if (seen % 3 === 0) for (const answer of held.splice(0).reverse()) answer()
    else if (seen % 10 === 0) held.splice(0).forEach((answer) => answer())
  })
  expect(committed.map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_, index) => index))
})

test('a request is a plain GET with the headers it was given, Host included', async () => {
  const requests: { method?: string; url?: string; headers: unknown }[] = []
  await probe(
    1,
    ({ method, url, headers }, response) => {
      requests.push({ method, url, headers })
      response.end('x')
    },
    (origin) => ({
      transport: transportTo(origin, { host: 'app.example.com' }),
      next: () => ({ method: 'GET', path: '/echo', headers: { stage: 'canary', 'user-agent': 'canary/1' } }),
    }),
  )
  expect(requests[0]).toEqual({
    method: 'GET',
    url: '/echo',
    headers: { host: 'app.example.com', connection: 'keep-alive', stage: 'canary', 'user-agent': 'canary/1' },
  })
})

test('redirects are answers, nothing follows them', async () => {
  const urls = new Set<string | undefined>()
  const [first] = await probe(20, ({ url }, response) => {
    urls.add(url)
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect(statusOf(first!)).toBe(302)
  expect([...urls]).toEqual(['/echo'])
})

test('an endless body is cut, and probing goes on', async () => {
  const committed = await probe(20, (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(32 * 1024, 'x')));
    }
    response.on('drain', more)
    more()
  })
  const bodies = committed.map(({ outcome }) => ('answer' in outcome ? outcome.answer.body.length : -1))
  expect(new Set(bodies)).toEqual(new Set([64 * 1024]))
})

test('connections are renewed after 50 probes, so that other proxies get their turn', async () => {
  const connections = new Set<Socket>()
  await probe(1000, ({ socket }, response) => {
    connections.add(socket)
    response.end('x')
  })
  expect(connections.size).toBeGreaterThanOrEqual(20)
})

test('no more than ten probes are under way at once, and one that hangs holds up the order only', async () => {
  let open = 0
  let most = 0
  let hanging: (() => void) | undefined
  let answered = 0
  const committed = await probe(300, (_request, response) => {
    open += 1
    most = Math.max(most, open)
    const answer = () => {
      open -= 1
      response.end('x')
    }
    if (!hanging) hanging = answer
    else {
      answered += 1
      answer()
      if (answered === 250) hanging()
    }
  })
  expect(most).toBeLessThanOrEqual(10)
  expect(committed.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, index) => index))
})

test('issuing runs at most a thousand probes ahead of one that hangs', async () => {
  let seen = 0
  let seenAtRelease = 0
  let release = () => {}
  const committed = await probe(1001, (_request, response) => {
    seen += 1
    if (seen > 1) response.end('x')
    else {
      release = () => {
        seenAtRelease = seen
        response.end('x')
      }
    }
    // Some turns of the event loop, in which more would come if more were sent.
    if (seen === 1000) void turns(50).then(release)
  })
  expect(seenAtRelease).toBe(1000)
  expect(committed).toHaveLength(1001)
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('the rate is kept evenly', async () => {
  const times: number[] = []
  await probe(
    60,
    (_request, response) => {
      times.push(performance.now())
      response.end('x')
    },
    { rate: () => 400 },
  )
  // 60 probes at 400 a second take 147.5 ms at least, but for what a late timer may catch up with.
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(100)
})

describe('no answer', () => {
  test('a closed port is refused', async () => {
    const closed = await startServer((_request, response) => response.end())
    await closed.close()
    const [first] = await probeOrigin(1, closed.origin)
    expect(statusOf(first!)).toBe('refused')
  })

  test('a connection that is new and closes is a reset', async () => {
    const [first] = await probe(1, ({ socket }) => socket.destroy())
    expect(statusOf(first!)).toBe('reset')
    expect(prober!.reissued).toBe(0)
  })

  test('a connection that breaks in the middle of an answer is a reset', async () => {
    const [first] = await probe(1, ({ socket }, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => socket.destroy())
    })
    expect(statusOf(first!)).toBe('reset')
  })

  test('something that does not speak HTTP says so', async () => {
    server = await startServer(() => {})
    server.server.prependListener('connection', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    const [first] = await probeOrigin(1, server.origin)
    expect(statusOf(first!)).toBe('not-http')
  })
})

test('a used connection that closes without an answer: the probe is sent once more, and counted as such', async () => {
  const served = new WeakMap<Socket, number>()
  let closed = 0
  const committed = await probe(400, ({ socket }, response) => {
    const before = served.get(socket) ?? 0
    if (before === 3 && closed < 3) {
      closed += 1
      socket.destroy()
      return
    }
    served.set(socket, before + 1)
    response.end('x')
  })
  const lost = committed.filter((entry) => statusOf(entry) === 'reset').length
  expect(closed).toBe(3)
  // Of three at about the 30th probe only one may be sent again: that is 1 %, or one.
  expect([prober!.reissued, lost]).toEqual([1, 2])
})

test('what the reader throws is handed on, not taken for a broken connection', async () => {
  await expect(
    probe(1, (_request, response) => response.end('x'), {
      read: () => {
        throw new Error('a bug')
      },
    }),
  ).rejects.toThrow('a bug')
})
