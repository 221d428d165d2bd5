/**
 * `npm run soak`: rollouts disturbed in every way that is known, with users' traffic throughout, and a table of what came
 * of it. Exits 1 if anything was not as it must be. See docs/soak.md.
 *
 *     npm run soak -- --part kills --count 100 --seconds 1800 --seed 7 --helm 4 --workers 2
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HELM_MAJORS } from '../scripts/tools.js'
import { EVERY_PROVIDER } from '../test/support/providers.js'
import { apiErrors } from './api-errors.js'
import { buildApart } from './build.js'
import { interrupts } from './interrupts.js'
import { kills } from './kills.js'
import type { PartOptions, PartReport } from './part.js'
import { requests } from './requests.js'
import { races } from './races.js'
import { runbookKills } from './runbook-kills.js'

/** Each part with its own budget: how many cases, and the seconds after which no more begin. */
const PARTS: Record<
  string,
  { run: (options: PartOptions) => Promise<PartReport>; count: number; seconds: number }
> = {
  kills: { run: kills, count: 100, seconds: 1800 },
  races: { run: races, count: 50, seconds: 900 },
  'api-errors': { run: apiErrors, count: 30, seconds: 1200 },
  interrupts: { run: interrupts, count: 40, seconds: 900 },
  requests: { run: requests, count: 10_000, seconds: 1800 },
  'runbook-kills': { run: runbookKills, count: 40, seconds: 1800 },
}

const { values: flags } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    count: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    helm: { type: 'string', default: '4' },
    provider: { type: 'string', multiple: true, default: EVERY_PROVIDER.map(({ provider }) => provider) },
    workers: { type: 'string', default: '2' },
  },
})
const unknown = flags.part.find((name) => !(name in PARTS))
const major = HELM_MAJORS.find((known) => String(known) === flags.helm)
const providers = EVERY_PROVIDER.filter(({ provider }) => flags.provider.includes(provider))
if (unknown !== undefined || !major || providers.length === 0) {
  const names = EVERY_PROVIDER.map(({ provider }) => provider)
  console.error(
    `--part is one of ${Object.keys(PARTS).join(', ')}; --helm one of ${HELM_MAJORS.join(', ')}; --provider one of ${names.join(', ')}`,
  )
  process.exit(2)
}

const folder = await mkdtemp(path.join(tmpdir(), 'canary-soak-kept-'))
const build = await buildApart()
const reports: PartReport[] = []
try {
  for (const name of flags.part) {
    const { run, count, seconds } = PARTS[name]!
    console.log(`${name}, Helm ${major}, seed ${flags.seed}`)
    reports.push(
      await run({
        root: build.root,
        major,
        providers,
        count: Number(flags.count ?? count),
        seconds: Number(flags.seconds ?? seconds),
        seed: Number(flags.seed),
        workers: Number(flags.workers),
        folder,
        log: (line) => console.log(line),
      }),
    )
  }
} finally {
  await build.remove()
}

printTable(reports)
const isGood = reports.every(
  ({ problems, failedRequests, tried, reached }) =>
    problems.length + failedRequests === 0 && tried === reached,
)
if (isGood) await rm(folder, { recursive: true, force: true })
process.exitCode = isGood ? 0 : 1

function printTable(rows: PartReport[]): void {
  const header = ['part', 'tried', 'reached', 'exits', 'requests', 'failed', 'orphans', 'seconds']
  const lines = rows.map((row) => [
    row.part,
    String(row.tried),
    String(row.reached),
    Object.entries(row.exits)
      .map(([code, count]) => `${code}: ${count}`)
      .join(', '),
    String(row.requests),
    String(row.failedRequests),
    String(row.orphans),
    row.seconds.toFixed(0),
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  )
  console.log('')
  for (const line of [header, ...lines]) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
  }
  for (const { part, notes, problems } of rows) {
    for (const note of notes) console.log(`${part}: ${note}`)
    for (const problem of problems) console.log(`${part}: NOT AS IT MUST BE: ${problem}`)
  }
}
