import type { Dispatcher } from 'undici'
import type { Outcome, TransportFailure } from './classify.js'

const MAX_BODY_BYTES = 64 * 1024

/** How a request ended that did not end well. */
export interface Broken {
  error: Error
  /** Whether not even the head of an answer had come. */
  beforeAnswer: boolean
}

/**
 * One request and its answer, as undici's dispatcher reports them. `answered` gets the outcome, once; `ended` is
 * called when the connection is free again, with `broken` where the request did not end well.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller?: Dispatcher.DispatchController
  private aborted = false
  private head?: { status: number; headers: Record<string, string> }
  private chunks: Buffer[] = []
  private bytes = 0

  constructor(
    private readonly answered: (outcome: Outcome) => void,
    private readonly ended: (broken?: Broken) => void,
  ) {}

  /** Closes the connection under the request, whether or not it is made yet. */
  abort(): void {
    this.aborted = true
    this.controller?.abort(new Error('aborted'))
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
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.bytes >= MAX_BODY_BYTES) return
    this.chunks.push(chunk.subarray(0, MAX_BODY_BYTES - this.bytes))
    this.bytes += chunk.length
    if (this.bytes < MAX_BODY_BYTES) return
    // The rest may never end: what is here is the answer, and the connection goes.
    this.deliver()
    this.abort()
  }

  onResponseEnd(): void {
    this.deliver()
    this.ended()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // Later, as undici's client bears no new request while it reports an error.
    setImmediate(() => this.ended({ error, beforeAnswer: this.head === undefined }))
  }

  private deliver(): void {
    if (!this.head) return
    const body = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks)
    this.answered({ answer: { ...this.head, body: body.toString('utf8') } })
  }
}

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
  if (error.name === 'HTTPParserError') return 'not http'
  if (/^Proxy response \(\d+\)/.test(error.message)) return 'http proxy'
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return 'tls'
  return 'connection error'
}
