import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { ExternalError } from '../model/errors.js'
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

/** A cluster 5 s away is still worked with; a connection that says nothing for so long is taken for lost. */
const ANSWER_TIMEOUT_MS = 30_000
/** Largest are lists of Helm's records, up to 1.4 MB each: those of some dozens of releases with full histories. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** JSON where nothing else is said. */
interface MediaTypes {
  contentType?: string
  accept?: string
}

const JSON_TYPE = 'application/json'

/**
 * HTTP over the socket. Node's own client and not undici: it is loaded already, while undici costs as much CPU again as
 * all of bare Node, in commands like `status` that send no probe.
 */
export class ApiTransport {
  private connection?: Promise<Connection>
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(
    private readonly connect: () => Promise<Connection>,
    private readonly answerTimeoutMs = ANSWER_TIMEOUT_MS,
  ) {}

  /**
   * Sends one request and reads the whole answer. Rejects when there is none in time, with ExternalError when it is too
   * large.
   */
  async exchange(method: string, url: string, body?: unknown, types: MediaTypes = {}): Promise<Answer> {
    await this.connected()
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.answerTimeoutMs)
    try {
      const response = await this.open(method, url, body, late.signal, types)
      const text = await wholeText(response, `${method} ${url}`)
      return { status: response.statusCode ?? 0, headers: response.headers, text }
    } catch (error) {
      throw late.signal.aborted ? new Error(`no whole answer within ${this.answerTimeoutMs / 1000} s`) : error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends one request; the answer's body is left to be read as it comes. */
  async open(
    method: string,
    url: string,
    body?: unknown,
    signal?: AbortSignal,
    { contentType = JSON_TYPE, accept = JSON_TYPE }: MediaTypes = {},
  ): Promise<IncomingMessage> {
    const { socketPath } = await this.connected()
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      accept,
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

  private connected(): Promise<Connection> {
    this.connection ??= this.connect()
    return this.connection
  }

  async close(): Promise<void> {
    this.agent.destroy()
    const connection = await this.connection?.catch(() => undefined)
    await connection?.close()
  }
}

/** Throws ExternalError, and breaks the connection, where the body is too large to be kept. */
async function wholeText(response: IncomingMessage, request: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      throw new ExternalError(`The cluster's answer is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB.`, {
        command: request,
        code: response.statusCode,
        nextSteps: ['name the namespace with -n/--namespace: then only what is in it is read'],
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
