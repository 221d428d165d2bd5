import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { ClusterOptions, PinnedCluster } from '../options.js'
import { startKubectl } from './kubectl-process.js'
import { type Login, tooLong } from './login.js'
import type { PrivateFolder } from '../private-folder.js'

/** One complete answer of the API. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Where the API listens for this command, and how to stop that. */
interface Connection {
  socketPath: string
  /** The login that requests may have to wait for. */
  login?: Login
  close(): Promise<void>
}

/**
 * Starts the command's one `kubectl proxy`, on a socket only this user can reach: it supports every authentication that
 * kubectl does. A path in the server's URL (Rancher's `/k8s/clusters/…`) is prepended to each request, as helm does;
 * kubectl has had this since 1.23, and an older one is refused only if there is such a path. Throws ExternalError
 * without kubectl, or if it cannot use the kubeconfig.
 */
export async function startApiProxy(
  options: ClusterOptions,
  pin: () => Promise<PinnedCluster>,
  folder: PrivateFolder,
): Promise<Connection> {
  const socketPath = path.join(folder.path(), 'api.sock')
  const said = (line: string) =>
    void pin().then(({ loginCommand }) => loginCommand !== undefined && options.say?.(line))
  const start = (...flags: string[]) =>
    startKubectl(['proxy', `--unix-socket=${socketPath}`, ...flags], /^Starting to serve on /m, options, said)
  const [service, { loginCommand }] = await Promise.all([
    start('--append-server-path').catch(async (error: unknown) => {
      if (!(error instanceof ExternalError) || !/unknown flag/.test(error.stderr ?? '')) throw error
      const { serverPath } = await pin()
      if (serverPath !== undefined) throw tooOldForPaths(serverPath, error)
      return start()
    }),
    pin(),
  ])
  const { waitsForProgram: runs, close } = service
  const { say, signal } = options
  return {
    socketPath,
    login: loginCommand === undefined ? undefined : { command: loginCommand, runs, say, signal },
    close,
  }
}

function tooOldForPaths(serverPath: string, { command, code, stderr }: ExternalError): ExternalError {
  return new ExternalError(
    `This kubectl ignores the path of the cluster's URL in the kubeconfig (${serverPath}); kubectl 1.23 and newer support it.`,
    {
      state: 'Nothing was changed: without the path canary would read another cluster than helm changes.',
      command,
      code,
      stderr,
      nextSteps: [
        'install kubectl 1.23 or newer (https://kubernetes.io/docs/tasks/tools/), first on PATH',
        kubectlCommand(['version', '--client']),
      ],
    },
  )
}

/** A cluster with 5 s of latency still works; a connection that is silent for longer counts as lost. */
const ANSWER_TIMEOUT_MS = 30_000
/**
 * The largest are lists of Helm's records, up to 1.4 MB each: this fits those of some dozens of releases with full
 * histories.
 */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Headers of an answer: a gateway before the API server may add cookies by the dozen. */
const MAX_HEADER_BYTES = 256 * 1024

/** Defaults to JSON. */
interface MediaTypes {
  contentType?: string
  accept?: string
}

const JSON_TYPE = 'application/json'

/**
 * HTTP over the socket. Node's own client instead of undici: it is already loaded, while undici costs as much CPU again
 * as bare Node, in commands like `status` that send no probe.
 */
export class ApiTransport {
  private connection?: Promise<Connection>
  /** Why no more requests are sent: the login failed to end. */
  private failure?: Error
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(
    private readonly connect: () => Promise<Connection>,
    private readonly answerTimeoutMs = ANSWER_TIMEOUT_MS,
  ) {}

  /**
   * Sends one request and reads the whole answer. Rejects if there is none in time; with ExternalError if it is too
   * large, or if a login takes too long or is interrupted.
   */
  async exchange(method: string, url: string, body?: unknown, types: MediaTypes = {}): Promise<Answer> {
    const { login } = await this.connected()
    const late = new AbortController()
    const done = new AbortController()
    const silence = () => new Error(`no complete answer within ${this.answerTimeoutMs / 1000} s`)
    let why: Error | undefined
    void tooLong(this.answerTimeoutMs, login, silence, done.signal).then((error) => {
      why = error
      if (error instanceof ExternalError) this.giveUp(error)
      if (error) late.abort()
    })
    try {
      const response = await this.open(method, url, body, late.signal, types)
      const text = await wholeText(response, `${method} ${url}`)
      return { status: response.statusCode ?? 0, headers: response.headers, text }
    } catch (error) {
      throw why ?? this.failure ?? error
    } finally {
      done.abort()
    }
  }

  /** Sends one request; the caller reads the answer's body as it arrives. */
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
      // Node sends a DELETE's body without a length by default: it would be read as the next request on the connection.
      ...(payload === undefined
        ? {}
        : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
    }
    return new Promise((resolve, reject) => {
      const options = { socketPath, agent: this.agent, method, path: url, headers }
      const outgoing = request({ ...options, maxHeaderSize: MAX_HEADER_BYTES }, (response) => {
        response.on('error', () => undefined) // the body's reader gets it; an abort may come when nobody reads
        resolve(response)
      })
      // Not through request's own `signal`: that also reaches the connection, which outlives this request in the agent.
      const abort = () => outgoing.destroy()
      signal?.addEventListener('abort', abort)
      outgoing.on('error', reject).on('close', () => signal?.removeEventListener('abort', abort))
      outgoing.end(payload)
      if (signal?.aborted) abort()
    })
  }

  private connected(): Promise<Connection> {
    if (this.failure) return Promise.reject(this.failure)
    this.connection ??= this.connect()
    return this.connection
  }

  /** Ends kubectl with its login command: each further request would start another one. */
  private giveUp(why: Error): void {
    this.failure ??= why
    void this.close()
  }

  async close(): Promise<void> {
    this.agent.destroy()
    const connection = await this.connection?.catch(() => undefined)
    await connection?.close()
  }
}

/** Throws ExternalError, and breaks the connection, if the body is too large. */
async function wholeText(response: IncomingMessage, request: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      throw new ExternalError(`The cluster's answer is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB.`, {
        command: request,
        code: response.statusCode,
        nextSteps: ['name the namespace with -n/--namespace to read only its objects'],
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
