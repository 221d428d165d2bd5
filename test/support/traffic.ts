import { Pool } from 'undici'

export interface TrafficReport {
  sent: number
  failed: number
  /** What the failures looked like, with counts. */
  failures: Record<string, number>
  /** Answers with counts, by what was read from them. */
  bodies: Record<string, number>
}

/** How long an answer may take; a user would have given up. */
const TIMEOUT_MS = 10_000

export interface Traffic {
  /** What there was so far. */
  report: TrafficReport
  stop(): Promise<TrafficReport>
}

/** What the default image answers. */
const seedAnswer = (body: string) => (body.startsWith('version:') ? body : undefined)

/**
 * A user's requests: GETs at a steady rate, every one counted, until stopped. An answer has to be one that `read` finds
 * something in.
 *
 * @param isFresh a connection for each request, instead of kept ones
 */
export function startTraffic(
  url: string,
  perSecond: number,
  read: (body: string) => string | undefined = seedAnswer,
  headers: Record<string, string> = {},
  isFresh = false,
): Traffic {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, {
    connections: 10,
    pipelining: isFresh ? 0 : 1,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  const report: TrafficReport = { sent: 0, failed: 0, failures: {}, bodies: {} }
  const running = new Set<Promise<void>>()

  async function send(): Promise<void> {
    report.sent += 1
    try {
      const { statusCode, body } = await pool.request({ path: pathname, method: 'GET', headers })
      const text = (await body.text()).trim()
      const answer = statusCode === 200 ? read(text) : undefined
      if (answer !== undefined) {
        report.bodies[answer] = (report.bodies[answer] ?? 0) + 1
      } else {
        fail(`${statusCode} ${text}`)
      }
    } catch (error) {
      fail(String(error))
    }
  }
  function fail(what: string): void {
    report.failed += 1
    report.failures[what] = (report.failures[what] ?? 0) + 1
  }

  const started = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond)
    for (let sent = report.sent; sent < due; sent += 1) {
      const request = send().finally(() => running.delete(request))
      running.add(request)
    }
  }, 5)
  return {
    report,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(running)
      await pool.close()
      return report
    },
  }
}

/** Four kinds of users, `perSecond` each: kept and fresh connections, with and without the canary header. */
export function startUsers(url: string, perSecond: number): Record<string, Traffic> {
  const traffic = (headers: Record<string, string>, isFresh: boolean) =>
    startTraffic(url, perSecond, undefined, headers, isFresh)
  const header = { stage: 'canary' }
  return {
    'kept connections': traffic({}, false),
    'kept connections, with the header': traffic(header, false),
    'fresh connections': traffic({}, true),
    'fresh connections, with the header': traffic(header, true),
  }
}
