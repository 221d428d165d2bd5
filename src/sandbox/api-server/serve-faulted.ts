import { type IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { urlOf } from '../door.js'
import { parseResourceRequest } from './request.js'
import { ApiError, type StatusBody } from './status.js'

/** What goes wrong with one request, whatever it asks for. */
export interface ApiFault {
  delayMs?: number
  /** The answer instead of the real one. */
  answer?: StatusBody
  /** `reset`: closed unread; `stalled`: never answered; `lost`: carried out, then closed without the answer. */
  connection?: 'reset' | 'stalled' | 'lost'
  /** A watch ends after this. */
  watchMs?: number
  /** A watch from a version gets "too old". */
  isExpired?: boolean
}

/** The parts of a request that decide what may go wrong with it. */
export interface FaultedRequest {
  isWatch: boolean
  /** Whether it changes objects; access reviews (also a POST) do not. */
  isWrite: boolean
  /** Plural of the kind it is for; undefined for discovery and the like. */
  resource?: string
}

/** Decides what goes wrong with the next request. */
export type FaultOf = (request: FaultedRequest) => ApiFault

/** Seconds after which a client with a 429 may retry. */
const RETRY_AFTER = '1'

/** Serves a request with its fault; `serve` handles it without one. */
export async function serveFaulted(
  faultOf: FaultOf,
  request: IncomingMessage,
  response: ServerResponse,
  serve: (response: ServerResponse) => Promise<void>,
): Promise<void> {
  const { delayMs, answer, connection, watchMs, isExpired } = faultOf(whatItIs(request))
  if (delayMs) await sleep(delayMs, undefined, { ref: false })
  if (connection === 'stalled') return
  if (connection === 'reset') return void request.socket.resetAndDestroy()
  if (connection === 'lost') {
    // Into a response without a socket: nobody gets it.
    const unsent = new ServerResponse(request)
    await serve(unsent).catch(() => undefined)
    unsent.emit('close') // ends what would go on writing, as a followed log does
    return void request.socket.resetAndDestroy()
  }
  if (answer) {
    request.resume()
    const retry = answer.code === 429 ? { 'retry-after': RETRY_AFTER } : {}
    response.writeHead(answer.code, { 'content-type': 'application/json', ...retry })
    return void response.end(`${JSON.stringify(answer)}\n`)
  }
  const since = isExpired ? versionOf(request) : undefined
  if (since !== undefined) {
    const { body } = new ApiError(410, 'Expired', `too old resource version: ${since} (${Number(since) + 1})`)
    response.writeHead(200, { 'content-type': 'application/json' })
    return void response.end(`${JSON.stringify({ type: 'ERROR', object: body })}\n`)
  }
  if (watchMs !== undefined) setTimeout(() => response.end(), watchMs).unref()
  await serve(response)
}

function whatItIs(incoming: IncomingMessage): FaultedRequest {
  try {
    const url = urlOf(incoming)
    const request = url && parseResourceRequest(incoming.method ?? 'GET', url)
    if (!request) return { isWatch: false, isWrite: false }
    const { verb, resource, subresource } = request
    const isWatch = verb === 'watch'
    if (subresource === 'portforward') return { isWatch, isWrite: false, resource: resource.plural }
    return { isWatch, isWrite: !isWatch && verb !== 'get' && verb !== 'list', resource: resource.plural }
  } catch {
    return { isWatch: false, isWrite: false } // it is refused where it is served
  }
}

/** The version from which a watch resumes; undefined if it starts with the present objects. */
function versionOf(incoming: IncomingMessage): string | undefined {
  const version = urlOf(incoming)?.searchParams.get('resourceVersion') ?? ''
  return version === '' || version === '0' ? undefined : version
}
