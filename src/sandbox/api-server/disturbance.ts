import type { IncomingMessage } from 'node:http'
import { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StatusBody } from './status.js'

/** What goes wrong with one request, apart from what it asks for. */
export interface Disturbance {
  delayMs?: number
  /** The answer in place of the real one. */
  answer?: StatusBody
  /** `reset`: closed unread; `stalled`: never answered; `lost`: carried out, then closed without the answer. */
  connection?: 'reset' | 'stalled' | 'lost'
  /** A watch ends after this. */
  watchMs?: number
}

/** Decides what goes wrong with the next request. */
export type Disturb = (request: { isWatch: boolean }) => Disturbance

/** Seconds after which a client that was told 429 may come again. */
const RETRY_AFTER = '1'

/** Serves a request as the disturbance has it; `serve` is what happens where all is well. */
export async function serveDisturbed(
  request: IncomingMessage,
  response: ServerResponse,
  { delayMs, answer, connection, watchMs }: Disturbance,
  serve: (response: ServerResponse) => Promise<void>,
): Promise<void> {
  if (delayMs) await sleep(delayMs, undefined, { ref: false })
  if (connection === 'stalled') return
  if (connection === 'reset') return void request.socket.resetAndDestroy()
  if (connection === 'lost') {
    await serve(new ServerResponse(request)) // without a socket: nobody gets it
    return void request.socket.resetAndDestroy()
  }
  if (answer) {
    request.resume()
    const retry = answer.code === 429 ? { 'retry-after': RETRY_AFTER } : {}
    response.writeHead(answer.code, { 'content-type': 'application/json', ...retry })
    return void response.end(`${JSON.stringify(answer)}\n`)
  }
  if (watchMs !== undefined) setTimeout(() => response.end(), watchMs).unref()
  await serve(response)
}
