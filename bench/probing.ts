import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { CheckResult, Expectation } from '../src/model/verify/expectation.js'
import { createVerifier } from '../src/verification/probing/create-verifier.js'
import { proofRequest } from '../test/support/probe-request.js'
import { inPairs, median } from './measure.js'

type Row = (what: string, figure: string, baseline?: string) => void

const file = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url))

interface Load {
  perSecond: number
  /** MiB. */
  heapEarly: number
  heapLate: number
}

/** The prober against autocannon, each a process of its own, on the same server, in turn; and its memory. */
export async function prober(row: Row): Promise<void> {
  const server = execa(process.execPath, ['--import', 'tsx', file('bench/bare-server.ts')], { reject: false })
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer]
    const origin = `http://127.0.0.1:${String(port).trim()}`
    const load = async (count: number) => {
      const args = ['--expose-gc', '--import', 'tsx', file('bench/probe-load.ts'), origin, String(count)]
      return JSON.parse((await execa(process.execPath, args)).stdout) as Load
    }
    const byAutocannon = async () => {
      const args = [
        file('node_modules/autocannon/autocannon.js'),
        '-j',
        '-c',
        '10',
        '-a',
        '40000',
        `${origin}/echo`,
      ]
      const { stdout } = await execa(process.execPath, args)
      const { requests, duration } = JSON.parse(stdout) as { requests: { total: number }; duration: number }
      return requests.total / duration
    }
    const { a, b } = await inPairs(5, async () => (await load(40_000)).perSecond, byAutocannon)
    row(
      'the prober at full speed: requests/s',
      `${(median(a) / median(b)).toFixed(2)}×`,
      `autocannon with 10 connections (${median(b).toFixed(0)}/s)`,
    )
    const { heapEarly, heapLate } = await load(1_000_000)
    row(
      'heap of the prober after 1,000,000 probes',
      `${(heapLate / heapEarly).toFixed(2)}×`,
      `after 100,000 (${heapEarly.toFixed(1)} MB)`,
    )
  } finally {
    server.kill()
  }
}

/** How long checks take on a sandbox whose proxy serves the routes already, probes as fast as they go. */
export async function checks(row: Row, origin: string, share: number): Promise<void> {
  const both = { paths: ['/echo'], primary: 'v1', canary: 'v2' }
  const expectations: Expectation[] = [
    { ...both, kind: 'regular', headers: {}, share },
    { ...both, kind: 'canary', headers: { stage: 'canary' }, share: 1 },
  ]
  const results: CheckResult[] = []
  for (let round = 0; round < 9; round += 1) {
    const request = proofRequest(origin, { expectations })
    const proof = await createVerifier().verify(request, { converged() {}, progress() {}, check() {} })
    if (proof.verdict !== 'pass') throw new Error(proof.checks.map(({ reason }) => reason).join('; '))
    results.push(...proof.checks)
  }
  for (const kind of ['regular', 'canary'] as const) {
    const own = results.filter(({ expectation }) => expectation.kind === kind)
    const answers = median(own.map(({ sent }) => sent))
    row(
      `a check of ${kind === 'canary' ? 'the header' : `${share * 100} %`}, --probe-rate 0: time`,
      `${(median(own.map(({ elapsedMs }) => elapsedMs)) / 1000).toFixed(2)} s`,
      `aim ${share > 0 && share < 1 && kind === 'regular' ? 2 : 1} s (${answers} answers)`,
    )
  }
}
