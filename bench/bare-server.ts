/** `node --import tsx bench/bare-server.ts`: answers every request alike; prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((_request, response) => response.end('version:echo-v1\n'))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
