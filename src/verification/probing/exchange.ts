import type { Dispatcher } from 'undici'
import type { TransportFailure } from '../../model/verify/answer-errors.js'
import type { Outcome } from '../answers/classify.js'

const MAX_BODY_BYTES = 64 * 1024
/** How long to wait for the first event of a stream: it may name the version. */
const FIRST_EVENT_MS = 250

/** How a failed request ended. */
export interface Broken {
  error: Error
  /** Whether it failed before the head of an answer. */
  beforeAnswer: boolean
}

/**
 * One request and its answer, as undici's dispatcher reports them. `answered` gets the outcome, once; `ended` is called
 * when the connection is free again, with `broken` if the request failed.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller?: Dispatcher.DispatchController
  private aborted = false
  private head?: { status: number; headers: Record<string, string> }
  private chunks: Buffer[] = []
  private bytes = 0
  /** Timer for the first event of an event stream. */
  private firstEvent?: NodeJS.Timeout

  constructor(
    private readonly answered: (outcome: Outcome) => void,
    private readonly ended: (broken?: Broken) => void,
  ) {}

  /** Closes the connection, established or not. */
  abort(): void {
    clearTimeout(this.firstEvent)
    this.aborted = true
    this.controller?.abort(new Error('aborted'))
  }

  /** The outcome of a request that did not finish within `seconds`. */
  unfinished(seconds: number): Outcome {
    if (!this.head) return { failure: 'timeout', message: `no answer within ${seconds} s` }
    const { status, headers } = this.head
    const type = headers['content-type'] ?? 'no content-type'
    return {
      failure: 'endless-body',
      message: `http ${status} (${type}): the headers came, the body did not end within ${seconds} s`,
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.aborted) controller.abort(new Error('aborted'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    const joined = Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ])
    this.head = { status, headers: Object.fromEntries(joined) as Record<string, string> }
    if (isEventStream(this.head.headers)) this.firstEvent = setTimeout(() => this.cut(), FIRST_EVENT_MS)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.bytes >= MAX_BODY_BYTES) return
    this.chunks.push(chunk.subarray(0, MAX_BODY_BYTES - this.bytes))
    this.bytes += chunk.length
    if (this.bytes >= MAX_BODY_BYTES || this.firstEvent) this.cut()
  }

  onResponseEnd(): void {
    clearTimeout(this.firstEvent)
    this.deliver()
    this.ended()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.firstEvent)
    // Deferred: undici's client accepts no new request while it reports an error.
    setImmediate(() => this.ended({ error, beforeAnswer: this.head === undefined }))
  }

  /** The body may never end: take what arrived as the answer and close the connection. */
  private cut(): void {
    this.deliver()
    this.abort()
  }

  private deliver(): void {
    if (!this.head) return
    const body = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks)
    this.answered({ answer: { ...this.head, body: body.toString('utf8') } })
  }
}

function isEventStream(headers: Record<string, string>): boolean {
  return /^(text\/event-stream|multipart\/x-mixed-replace)\b/i.test(headers['content-type'] ?? '')
}

/** TLS alerts for a rejected or missing client certificate. */
const CLIENT_CERTIFICATE =
  /_ALERT_(CERTIFICATE_(REQUIRED|REVOKED|EXPIRED|UNKNOWN)|(BAD|UNSUPPORTED)_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/

/** Why a request got no answer. */
export function failureOf(error: Error): TransportFailure {
  const code = 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'reset'
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'unreachable'
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'headers-too-large'
  if (error.name === 'HTTPParserError') return isHttp2(error) ? 'http2-only' : 'not-http'
  if (code.endsWith('_ALERT_NO_APPLICATION_PROTOCOL')) return 'http2-only'
  if (CLIENT_CERTIFICATE.test(code)) return 'client-certificate'
  if (/^Proxy response \(\d+\)/.test(error.message)) return 'http-proxy'
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return 'tls'
  return 'connection-error'
}

/** Whether the server answered with an HTTP/2 frame, SETTINGS or GOAWAY of stream 0, as HTTP/2-only servers do. */
function isHttp2(error: Error): boolean {
  const data = 'data' in error ? String(error.data) : ''
  return /^\0[^]{2}[\x04\x07][^]\0{4}/.test(data)
}
