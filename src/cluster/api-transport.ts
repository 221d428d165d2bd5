import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import path from 'node:path'
import type { ClusterOptions } from './cluster.js'
import { startKubectl } from './kubectl.js'
import type { PrivateFolder } from './private-folder.js'

/** One whole answer of the API. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Where the API listens for this command, and how to end that. */
interface Connection {
  socketPath: string
  close(): Promise<void>
}

/**
 * Starts the command's one `kubectl proxy`, on a socket only this user can reach: it brings every authentication that
 * kubectl has. Throws ExternalError when there is no kubectl, or it can't use the kubeconfig.
 */
export async function startApiProxy(options: ClusterOptions, folder: PrivateFolder): Promise<Connection> {
  const socketPath = path.join(folder.path(), 'api.sock')
  const { close } = await startKubectl(
    ['proxy', `--unix-socket=${socketPath}`],
    /^Starting to serve on /m,
    options,
  )
  return { socketPath, close }
}

/**
 * HTTP over the socket. Node's own client and not undici: it is loaded already, while undici costs as much CPU again as
 * all of bare Node, in commands like `status` that send no probe.
 */
export class ApiTransport {
  private connection?: Promise<Connection>
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(private readonly connect: () => Promise<Connection>) {}

  /** Sends one request and reads the whole answer. Rejects when there is none. */
  async exchange(method: string, url: string, body?: unknown, contentType?: string): Promise<Answer> {
    const response = await this.open(method, url, body, undefined, contentType)
    response.setEncoding('utf8')
    let text = ''
    for await (const chunk of response) text += chunk as string
    return { status: response.statusCode ?? 0, headers: response.headers, text }
  }

  /** Sends one request; the answer's body is left to be read as it comes. */
  async open(
    method: string,
    url: string,
    body?: unknown,
    signal?: AbortSignal,
    contentType = 'application/json',
  ): Promise<IncomingMessage> {
    this.connection ??= this.connect()
    const { socketPath } = await this.connection
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      accept: 'application/json',
      ...(payload === undefined ? {} : { 'content-type': contentType }),
    }
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, agent: this.agent, method, path: url, headers }, (response) => {
        response.on('error', () => undefined) // whoever reads the body gets it; an abort may come when nobody does
        resolve(response)
      })
      // Not by request's own `signal`: that reaches the connection too, which outlives this request in the agent.
      const abort = () => outgoing.destroy()
      signal?.addEventListener('abort', abort)
      outgoing.on('error', reject).on('close', () => signal?.removeEventListener('abort', abort))
      outgoing.end(payload)
      if (signal?.aborted) abort()
    })
  }

  async close(): Promise<void> {
    this.agent.destroy()
    const connection = await this.connection?.catch(() => undefined)
    await connection?.close()
  }
}
