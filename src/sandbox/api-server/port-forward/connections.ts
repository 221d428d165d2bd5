import { connect } from 'node:net'
import type { SpdyStream } from './spdy-session.js'

/** Two streams make one forwarded connection. */
interface Pair {
  data?: SpdyStream
  error?: SpdyStream
}

/**
 * Kubernetes' protocol above the streams: for each connection the client opens a stream for its bytes and one for what
 * goes wrong with it, tied together by `requestid`.
 * @param realPortOf the port of this machine that stands for one of the pod; undefined where nothing listens
 * @returns what to do with each new stream
 */
export function forwardConnections(
  podName: string,
  realPortOf: (port: number) => number | undefined,
): (stream: SpdyStream) => void {
  const waiting = new Map<string, Pair>()
  return (stream) => {
    const { streamtype, port = '', requestid = port } = stream.headers
    if (streamtype !== 'data' && streamtype !== 'error') return void stream.destroy()
    const pair = { ...waiting.get(requestid), [streamtype]: stream }
    waiting.set(requestid, pair)
    if (!pair.data || !pair.error) return
    waiting.delete(requestid)
    forward(pair.data, pair.error, { podName, port: Number(port), realPort: realPortOf(Number(port)) })
  }
}

function forward(
  data: SpdyStream,
  error: SpdyStream,
  { podName, port, realPort }: { podName: string; port: number; realPort: number | undefined },
): void {
  error.resume()
  const fail = (why: string) => {
    error.end(`error forwarding port ${port} to pod ${podName}, uid : ${why}`)
    data.end()
    data.resume()
  }
  if (realPort === undefined) {
    return fail(
      `failed to connect to localhost:${port} inside the pod, IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
    )
  }
  const socket = connect({ host: '127.0.0.1', port: realPort, allowHalfOpen: true, noDelay: true })
  socket.once('error', ({ message }) => fail(message))
  socket.once('close', () => {
    if (!data.writableEnded) data.end()
    if (!error.writableEnded) error.end()
  })
  data.once('close', () => socket.destroy())
  data.pipe(socket)
  socket.pipe(data)
}
