import { createHash, timingSafeEqual } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'

/**
 * Whether a request may come from a program of this user: web pages reach loopback ports, too, and a name that an
 * attacker points at 127.0.0.1 makes them same-origin. So a Host other than this machine is refused, and any request
 * with an Origin, which browsers send (403). Undefined if it is allowed, else the reason.
 */
export function refusedCaller({ host = '', origin }: IncomingHttpHeaders): string | undefined {
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host))
    return `requests for the host "${host}" are not served here, only for this machine`
  return origin === undefined ? undefined : 'requests of web pages (with an Origin) are not served here'
}

/** Compares two texts in a time that does not depend on where they differ. */
export function isSame(text: string, secret: string): boolean {
  const digest = (one: string) => createHash('sha256').update(one).digest()
  return timingSafeEqual(digest(text), digest(secret))
}

/** The URL of a request whose target is a path, as it is on the wire; undefined for `*` and other targets. */
export function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  const whole = `http://sandbox${url}`
  return url.startsWith('/') && URL.canParse(whole) ? new URL(whole) : undefined
}

/** Handles a request; if the handler throws, the answer is 500, and the sandbox continues. */
export function safely(response: ServerResponse, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (response.headersSent) response.destroy()
    else
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`the sandbox failed: ${String(error)}\n`)
  }
}

/** An HTTP server whose handler may throw. */
export function createGuarded(
  options: ServerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  return createServer(options, (request, response) => safely(response, () => handle(request, response)))
}
