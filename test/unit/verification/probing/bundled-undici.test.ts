import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type * as undici from 'undici'
import { afterEach, expect, test } from 'vitest'

/** What the build puts in the place of undici. */
const clients = new URL('../../../../scripts/undici-clients.mjs', import.meta.url).href
const { Agent, ProxyAgent } = (await import(clients)) as Pick<typeof undici, 'Agent' | 'ProxyAgent'>

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

async function listening(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('an agent asks by itself, and through an HTTP proxy', async () => {
  const origin = await listening(createServer((_, response) => response.end('answer')))
  const tunnel = createServer().on('connect', (request, socket) => {
    const { hostname, port } = new URL(`http://${request.url}`)
    const there = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      there.pipe(socket).pipe(there)
    })
  })
  const proxy = new ProxyAgent({ uri: await listening(tunnel), proxyTunnel: true })
  for (const agent of [new Agent(), proxy]) {
    const { body } = await agent.request({ origin, path: '/', method: 'GET' })
    expect(await body.text()).toBe('answer')
    await agent.destroy()
  }
})
