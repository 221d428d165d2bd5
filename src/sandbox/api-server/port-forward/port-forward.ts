import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { RESOURCES } from '../resources.js'
import type { ResourceRequest } from '../request.js'
import { badRequest, notFound } from '../status.js'
import type { ObjectStore } from '../store.js'
import { forwardConnections } from './connections.js'
import { SpdySession } from './spdy-session.js'
import { acceptKey, WebSocketTunnel } from './websocket.js'

/** The real port behind a port of a pod's loopback interface; undefined if nothing listens. */
export type FindPort = (namespace: string, pod: string, port: number) => number | undefined

const PROTOCOL = 'portforward.k8s.io'
/** SPDY frames in WebSocket messages: kubectl's first choice. */
const TUNNELED = `SPDY/3.1+${PROTOCOL}`

/**
 * GET or POST …/pods/<name>/portforward: the connection becomes a SPDY session, as it is or within a WebSocket, that lasts
 * as long as both sides and the pod do.
 * @param head what of the session came with the request; undefined where the client asked for no upgrade
 * @throws ApiError where there is no such pod, or the client speaks neither of the two
 */
export function servePortForward(
  store: ObjectStore,
  { namespace = '', name = '' }: ResourceRequest,
  { request, response, head }: { request: IncomingMessage; response: ServerResponse; head?: Buffer },
  findPort: FindPort,
): void {
  const pod = store.get(RESOURCES.pods, namespace, name)
  if (!pod) throw notFound(RESOURCES.pods, name)
  if (head === undefined) throw badRequest('Upgrade request required')
  const upgrade = handshake(request)
  const { socket } = response
  if (!socket) return // nobody is to get the answer
  response.detachSocket(socket)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade.headers.join('\r\n')}\r\n\r\n`)
  if (head.length > 0) socket.unshift(head)
  const session = new SpdySession(
    upgrade.over(socket),
    forwardConnections(name, (port) => findPort(namespace, name, port)),
  )
  const unsubscribe = store.subscribe(({ type, object }) => {
    if (type === 'DELETED' && object.metadata.uid === pod.metadata.uid) session.end()
  })
  void session.serve().finally(unsubscribe)
}

function handshake({ headers }: IncomingMessage): { headers: string[]; over: (socket: Duplex) => Duplex } {
  const upgrade = (headers.upgrade ?? '').toLowerCase()
  if (upgrade === 'spdy/3.1') {
    return {
      headers: ['Upgrade: SPDY/3.1', 'Connection: Upgrade', `X-Stream-Protocol-Version: ${PROTOCOL}`],
      over: (socket) => socket,
    }
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const key = headers['sec-websocket-key']
  if (upgrade !== 'websocket' || key === undefined || !offered.includes(TUNNELED))
    throw badRequest(`unable to upgrade: this server speaks SPDY/3.1, and ${TUNNELED} over WebSocket`)
  return {
    headers: [
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      `Sec-WebSocket-Protocol: ${TUNNELED}`,
    ],
    over: (socket) => new WebSocketTunnel(socket),
  }
}
