import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KubeObject } from '../api-server/objects.js'
import type { FaultRegistry } from '../faults.js'

/** A pod's container as a real listener on the loopback interface. */
export interface PodServer {
  /** The real port behind the pod's own address. */
  port: number
  close(): Promise<void>
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

const DEFAULT_IMAGE = /^(docker\.io\/)?hashicorp\/http-echo(:|@|$)/

/** Starts what the pod's first container would run: http-echo, or a small JSON answer for any other image. */
export async function startPodServer(pod: KubeObject, faults: FaultRegistry): Promise<PodServer> {
  const answer = answerOf(pod)
  const { app = '', version = '' } = pod.metadata.labels ?? {}
  const concerns = (fault: { app: string; version?: string }) =>
    fault.app === app && (fault.version === undefined || fault.version === version)

  function handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    const latency = faults.of('latency').find(concerns)
    const errors = faults.of('error-rate').find(concerns)
    const fails = errors !== undefined && Math.random() * 100 < errors.percent
    const send = () => {
      if (fails)
        response.writeHead(errors.status ?? 500, { 'content-type': 'text/plain' }).end('an ordered error\n')
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    }
    if (latency) setTimeout(send, latency.ms)
    else send()
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, handle)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) }
}

function answerOf(pod: KubeObject): Answer {
  const container = pod.spec.containers[0]
  const args: string[] = container.args ?? []
  const flag = (name: string) =>
    args.map((arg) => new RegExp(`^--?${name}=(.*)$`, 's').exec(arg)?.[1]).find(Boolean)
  if (DEFAULT_IMAGE.test(container.image)) {
    const body = `${flag('text') ?? ''}\n`
    return {
      status: Number(flag('status-code') ?? 200),
      headers: {
        'x-app-name': 'http-echo',
        'x-app-version': '',
        'content-length': String(Buffer.byteLength(body)),
        'content-type': 'text/plain; charset=utf-8',
      },
      body,
    }
  }
  const { app, version } = pod.metadata.labels ?? {}
  const body = `${JSON.stringify({ app, version, image: container.image, pod: pod.metadata.name })}\n`
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
    body,
  }
}

/** Closes a server with its idle connections; requests under way are answered first. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((closed) => {
    server.close(() => closed())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 50).unref()
  })
}
