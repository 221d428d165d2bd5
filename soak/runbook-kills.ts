import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../src/sandbox/random.js'
import { startTraffic } from '../test/support/traffic.js'
import { type CanaryProcess, endOf } from './canary-process.js'
import { inSeconds, leftOver, type PartOptions, type PartReport, quantiles } from './part.js'
import { killTree, signal } from './processes.js'
import { revisionsOf } from './release.js'
import { type Order, RunbookBench } from './runbook-bench.js'
import { problemsAfter } from './runbook-checks.js'

/** The same command is tried so often; more than once is a failure. */
const MOST_RUNS = 3

/** Lines of the journal right after which a run is killed. */
const EVENTS = [
  ...[
    'run-step',
    'planned',
    'step-started',
    'upgraded',
    'verifying',
    'verified',
    'step-done',
    'run-step-done',
  ],
  ...['app-ended', 'wave-started'],
]

/** When a run is killed, and how. */
interface Moment {
  order: Order
  /** After this part of the time that the run takes undisturbed, 0 to 1. */
  fraction: number
  /** With the helm and kubectl that it started; else helm goes on by itself. */
  withChildren: boolean
  /** Then in the middle of the next upgrade, or once the journal has its next line of a type. */
  then?: { inUpgrade: true } | { event: string }
}

/** What came of one rollout. */
interface Result {
  /** How often it was killed. */
  kills: number
  problems: string[]
  outcome: string
  /** Of the run that went on. */
  ms: number
  /** How often the same command had to be given until it was done. */
  runs: number
  end: string
  foundUnfinished: boolean
  outputs: Record<string, string>
}

/**
 * SIGKILL at moments spread over a runbook of two waves and three apps in two clusters, then the same command again,
 * nothing added: all apps have to reach the new version, no step whose revision was deployed may be made twice, every
 * stage has to be proven, and the journal has to be whole. Users' requests go on throughout.
 * Each rollout is killed once, or as often as is said.
 */
export async function runbookKills(options: PartOptions, killsPerRollout = 1): Promise<PartReport> {
  const started = performance.now()
  const report: PartReport = {
    part: 'runbook-kills',
    tried: 0,
    reached: 0,
    exits: {},
    requests: 0,
    failedRequests: 0,
    orphans: 0,
    seconds: 0,
    notes: [],
    problems: [],
  }
  const results: Result[] = []
  const bench = await RunbookBench.start(options.root, options.major, options.isBrief)
  try {
    const users = bench.places.map(({ arena, app }) =>
      startTraffic(`${arena.proxyUrl}/${app}`, arena.perSecond / 2),
    )
    const usual = options.usual ? GUESSED : await undisturbed(bench, options.log)
    const pending = moments(options.count, seededRandom(options.seed))
    while (pending.length > 0) {
      if (performance.now() - started > options.seconds * 1000) break
      const chain = pending.splice(0, killsPerRollout)
      const result = await rollout(bench, chain, usual)
      if (!result) {
        pending.push(...chain.map((moment) => ({ ...moment, fraction: moment.fraction * 0.9 })))
        continue
      }
      results.push(result)
      const { problems, outcome, outputs } = result
      const name = chain.map(nameOf).join('; ')
      options.log(`  ${problems.length === 0 ? '✔' : '✖'} ${name}: ${[outcome, ...problems].join('; ')}`)
      if (problems.length === 0) continue
      const kept = await keep(path.join(options.folder, `runbook-${bench.version}`), bench, outputs)
      report.problems.push(`${name}: ${problems.join('; ')} [${kept}]`)
      await bench.settle()
    }
    for (const traffic of users) {
      const { sent, failed, failures } = await traffic.stop()
      report.requests += sent
      report.failedRequests += failed
      if (failed > 0) report.problems.push(`${failed} requests failed: ${JSON.stringify(failures)}`)
    }
  } finally {
    await bench.close()
  }
  count(results, report)
  return { ...report, seconds: (performance.now() - started) / 1000 }
}

/** How long an undisturbed run takes, about, where it isn't measured: milliseconds. */
const GUESSED: Record<Order, number> = { 'one after the other': 8000, 'side by side': 5000 }

async function undisturbed(bench: RunbookBench, log: (line: string) => void): Promise<Record<Order, number>> {
  const usual = { ...GUESSED }
  for (const order of ['one after the other', 'side by side'] as const) {
    const { code, stderr, ms } = await bench.home.canary(await bench.nextCommand(order))
    if (code !== 0) throw new Error(`the undisturbed run ended with ${code}:\n${stderr}`)
    usual[order] = ms
    log(`  undisturbed, the clusters ${order}: ${inSeconds(ms)}`)
  }
  return usual
}

function count(results: Result[], report: PartReport): void {
  for (const { kills, end, problems } of results) {
    report.tried += kills
    report.reached += problems.length === 0 ? kills : 0
    report.exits[end] = (report.exits[end] ?? 0) + 1
    if (problems.some((problem) => problem.includes(': orphan '))) report.orphans += 1
  }
  if (results.length === 0) return
  const more = results.filter(({ runs }) => runs > 1).length
  const unfinished = results.filter(({ foundUnfinished }) => foundUnfinished).length
  report.notes.push(
    `the same command again: ${quantiles(results.map(({ ms }) => ms))}; ${more} of ${results.length} needed more than one`,
    `${unfinished} of the killed runs left a revision unfinished`,
  )
}

/** One in each of as many equal parts of the run's time, every way of killing in turn; in any order. */
function moments(count: number, random: () => number): Moment[] {
  return Array.from({ length: count }, (_, index): Moment => {
    const event = EVENTS[Math.floor(random() * EVENTS.length)]!
    const thens = [{ inUpgrade: true } as const, { event }, undefined, undefined]
    return {
      order: Math.floor(index / 8) % 2 === 0 ? 'side by side' : 'one after the other',
      fraction: (index + random()) / count,
      withChildren: (index + Math.floor(index / 4)) % 2 === 0,
      then: thens[index % thens.length],
    }
  })
    .map((moment) => ({ moment, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ moment }) => moment)
}

function nameOf({ order, fraction, withChildren, then }: Moment): string {
  const aim = then && ('event' in then ? `after a line ${then.event}` : 'in an upgrade')
  const victims = withChildren ? 'with its children' : 'alone'
  return [order, `at ${Math.round(fraction * 100)}%`, aim, victims].filter(Boolean).join(', ')
}

/**
 * One rollout, killed at these moments one after the other, and gone on with each time. Undefined where a run had ended by
 * itself before its moment came: no case then.
 */
async function rollout(
  bench: RunbookBench,
  chain: Moment[],
  usual: Record<Order, number>,
): Promise<Result | undefined> {
  const { order } = chain[0]!
  const command = await bench.nextCommand(order)
  const outputs: Record<string, string> = {}
  const told: string[] = []
  const journals: string[] = []
  let foundUnfinished = false
  for (const [index, moment] of chain.entries()) {
    const victim = bench.home.spawn(command)
    await waitFor(moment, bench, victim, usual[order] / chain.length)
    const wasLate = victim.hasEnded
    if (moment.withChildren) await killTree(victim.pid)
    else victim.signal('SIGKILL')
    const killed = await victim.ended
    if (wasLate && killed.code === 0) return undefined
    const left = await unfinished(bench)
    foundUnfinished ||= left.length > 0
    told.push(
      `killed after ${inSeconds(killed.ms)}${left.length > 0 ? ` (${left.join(', ')} unfinished)` : ''}`,
    )
    journals.push(await bench.journalText())
    outputs[`killed-${index}-stderr.txt`] = killed.stderr
    outputs[`killed-${index}-journal.jsonl`] = journals.at(-1)!
  }
  const problems: string[] = []
  let again = await bench.home.canary(command)
  let [runs, ms] = [1, again.ms]
  for (; again.code !== 0 && runs < MOST_RUNS; runs += 1) {
    problems.push(`the same command again ended with ${endOf(again)}: ${again.stderr}`)
    outputs[`again-${runs}.txt`] = again.stdout + again.stderr
    again = await bench.home.canary(command)
    ms += again.ms
  }
  outputs['again-last.txt'] = again.stdout + again.stderr
  problems.push(...(await problemsAfter(bench, journals)), ...(await leftOver(bench.home)))
  const outcome = `${told.join(', ')}, done ${inSeconds(ms)} later`
  return { kills: chain.length, problems, outcome, ms, runs, end: endOf(again), foundUnfinished, outputs }
}

/** Resolves when the moment has come, or the run has ended. */
async function waitFor(
  { fraction, then, withChildren }: Moment,
  bench: RunbookBench,
  victim: CanaryProcess,
  usualMs: number,
): Promise<void> {
  await Promise.race([sleep(fraction * usualMs), victim.ended])
  if (!then) return
  if ('event' in then) return bench.untilEvent(then.event, victim)
  const helm = await bench.stopInUpgrade(victim)
  // Killed with canary it never goes on.
  if (helm !== undefined && !withChildren) signal(helm, 'SIGCONT')
}

/** Apps whose newest revision is not deployed. */
async function unfinished(bench: RunbookBench): Promise<string[]> {
  const found = await Promise.all(
    bench.places.map(async ({ cluster, arena, app }) => {
      const newest = (await revisionsOf(arena, app)).at(-1)
      return newest?.status === 'deployed' ? [] : [`${cluster}/${app}`]
    }),
  )
  return found.flat()
}

/** Keeps what a case that went wrong has left, and says where. */
async function keep(folder: string, bench: RunbookBench, outputs: Record<string, string>): Promise<string> {
  await mkdir(folder, { recursive: true })
  const histories = await Promise.all(
    bench.places.map(async ({ cluster, arena, app }) => {
      return [`helm-history-${cluster}-${app}.txt`, await arena.look('helm', ['history', app, '-n', app])]
    }),
  )
  const journal = ['journal.jsonl', await bench.journalText()]
  for (const [file, content] of [...Object.entries(outputs), journal, ...histories]) {
    await writeFile(path.join(folder, file!), content!)
  }
  return folder
}
