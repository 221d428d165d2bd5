import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from '../../../src/verification/probing/create-verifier.js'
import { proofRequest } from '../../support/probe-request.js'

/** Run in a process of its own, with little memory: counts answers whose bodies are huge or never end. */
const PIECE = Buffer.alloc(64 * 1024, 'x')
/** What 459 answers may cost at most, all that is cut off after 64 KiB. Whole, they would be 23 GB. */
const MOST_MEMORY = 150 * 2 ** 20

function pour(response: ServerResponse, pieces: number): void {
  let left = pieces
  response.writeHead(200, { 'x-version': 'v1' })
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= 1
      if (!response.write(PIECE)) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
}

for (const [name, pieces] of [
  ['endless', Infinity],
  ['50 MB', (50 * 2 ** 20) / PIECE.length],
] as const) {
  const server = createServer((_, response) => pour(response, pieces))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const before = process.memoryUsage().rss
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 20)
  const { verdict } = await createVerifier().verify(
    proofRequest(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      expectations: [{ kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }],
      versionRule: { header: 'x-version' },
      timeoutMs: 300_000,
    }),
    { converged() {}, progress() {}, check() {} },
  )
  clearInterval(timer)
  const memory = most < MOST_MEMORY ? 'memory fine' : `${Math.round(most / 2 ** 20)} MiB`
  process.stdout.write(`${name}: ${verdict}, ${memory}\n`)
  server.closeAllConnections()
  server.close()
}
