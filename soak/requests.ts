import type { Like } from '../src/sandbox/gateway/gateway-api/like.js'
import { GLOO } from '../test/support/providers.js'
import { startUsers } from '../test/support/traffic.js'
import { type Arena, startArena } from './arena.js'
import { type PartOptions, type PartReport, Tally } from './part.js'

/** How long pods that are to go serve on, milliseconds. */
const DRAIN_MS = 2000

const LIKES: Like[] = ['envoy-gateway', 'contour', 'traefik']

/** Through every stage, an abort, and back to where it began. */
const ROUND = [
  ['start', 'echo', 'v2'],
  ['shift', 'echo', '20'],
  ['shift', 'echo', '60'],
  ['shift', 'echo', '100'],
  ['finish', 'echo', 'v2'],
  ['start', 'echo', 'v3'],
  ['shift', 'echo', '50'],
  ['abort', 'echo'],
  ['undo', 'echo', 'v1'],
]

/** What came of the users of one gateway. */
interface Counted {
  sent: number
  failed: number
  problems: string[]
}

/**
 * Undisturbed rollouts, counted: at least `count` requests of four kinds of users through every stage and back, on each
 * gateway that the sandbox plays. Each gateway is a case.
 */
export async function requests(options: PartOptions): Promise<PartReport> {
  const tally = new Tally('requests', options)
  const { report } = tally
  const { root, major, isBrief } = options
  for (const provider of options.providers) {
    for (const like of provider.provider === GLOO.provider ? [undefined] : LIKES) {
      if (tally.isOver) break
      const sandbox = { drainMs: DRAIN_MS, ...(like ? { like } : {}) }
      const arena = await startArena({ root, major, provider, isBrief, sandbox })
      try {
        const { sent, failed, problems } = await countRequests(arena, options.count)
        const name = like ?? provider.provider
        const note = `${name}: ${failed} of ${sent} requests failed`
        report.tried += 1
        report.reached += problems.length === 0 ? 1 : 0
        report.requests += sent
        report.failedRequests += failed
        report.notes.push(note)
        report.problems.push(...problems.map((problem) => `${name}: ${problem}`))
        options.log(`  ${problems.length === 0 ? '✔' : '✖'} ${note}`)
      } finally {
        await arena.close()
      }
    }
  }
  return tally.end()
}

async function countRequests(arena: Arena, atLeast: number): Promise<Counted> {
  const problems: string[] = []
  const isDone = async (args: string[]): Promise<boolean> => {
    const { code, stderr } = await arena.canary(args)
    if (code !== 0) problems.push(`canary ${args.join(' ')} ended with ${code}: ${stderr}`)
    return code === 0
  }
  if (!(await isDone(['install', 'echo', 'v1', ...arena.provider.install])))
    return { sent: 0, failed: 0, problems }
  const users = startUsers(`${arena.proxyUrl}/echo`, arena.perSecond)
  const total = (key: 'sent' | 'failed') =>
    Object.values(users).reduce((sum, { report }) => sum + report[key], 0)
  do {
    for (const args of ROUND) if (!(await isDone(args))) break
  } while (problems.length === 0 && total('sent') < atLeast)
  for (const [kind, one] of Object.entries(users)) {
    const { failed, failures } = await one.stop()
    if (failed > 0) problems.push(`users of ${kind}: ${JSON.stringify(failures)}`)
  }
  return { sent: total('sent'), failed: total('failed'), problems }
}
