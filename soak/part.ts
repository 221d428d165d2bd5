import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HelmMajor } from '../scripts/tools.js'
import type { ProviderCase } from '../test/support/providers.js'
import { type Arena, startArena } from './arena.js'
import { type MoveKind, nextMove, ROLLOUTS, Subject } from './subject.js'

/** What a part of the soak is run with. */
export interface PartOptions {
  /** The build to run: a folder with bin and dist. */
  root: string
  major: HelmMajor
  /** Of the workers' clusters, in turn. */
  providers: ProviderCase[]
  /** How many cases at most. */
  count: number
  /** No case begins after this many seconds. */
  seconds: number
  seed: number
  /** Smaller proofs and fewer users, where a few cases are all. */
  isBrief?: boolean
  /** Clusters at work side by side. */
  workers: number
  /** How long each command takes with nothing in its way, milliseconds; measured where not given. */
  usual?: Record<MoveKind, number>
  /** Where the artefacts of failing cases are kept. */
  folder: string
  log: (line: string) => void
}

/** How long processes may outlive the last command of a case, milliseconds. */
const LEFT_OVER_MS = 3000

/** What came of a part: a row of the table. */
export interface PartReport {
  part: string
  tried: number
  /** Cases in which all was as it must be. */
  reached: number
  /** How often a command of a case ended with which code or signal. */
  exits: Record<string, number>
  requests: number
  failedRequests: number
  orphans: number
  seconds: number
  /** What was measured, a line each. */
  notes: string[]
  /** What was not as it must be, a line each, with the folder of its artefacts. */
  problems: string[]
}

/** One worker's place in a part: its cluster, and the app its cases go on with. */
export interface Bench {
  arena: Arena
  subject: Subject
  worker: number
}

/** A case as it is being run: what it finds wrong, and what its commands said. */
export interface Case {
  name: string
  problems: string[]
  outputs: Record<string, string>
}

/** Counts what comes of cases, and keeps the artefacts of those that fail. */
export class Tally {
  readonly report: PartReport
  private readonly started = performance.now()

  constructor(
    part: string,
    readonly options: PartOptions,
  ) {
    this.report = {
      part,
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
  }

  get isOver(): boolean {
    return performance.now() - this.started > this.options.seconds * 1000
  }

  countExit(end: string): void {
    this.report.exits[end] = (this.report.exits[end] ?? 0) + 1
  }

  /**
   * Runs one case, which tells what came of it, or undefined where it turned out to be none. An app whose case failed is
   * left as it is, and the next case begins with another.
   */
  async run(bench: Bench, name: string, body: (found: Case) => Promise<string | undefined>): Promise<void> {
    const { arena, subject } = bench
    const found: Case = { name, problems: [], outputs: {} }
    const failedBefore = subject.traffic.report.failed
    const started = performance.now()
    let outcome: string | undefined = ''
    try {
      outcome = await body(found)
    } catch (error) {
      found.problems.push(error instanceof Error ? error.message : String(error))
    }
    if (outcome === undefined) return
    found.problems.push(...(await leftOver(arena)))
    this.report.tried += 1
    const failed = subject.traffic.report.failed - failedBefore
    if (failed > 0) {
      found.problems.push(`${failed} requests failed: ${JSON.stringify(subject.traffic.report.failures)}`)
    }
    if (found.problems.some((problem) => problem.startsWith('orphans'))) this.report.orphans += 1
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (found.problems.length === 0) {
      this.report.reached += 1
      this.options.log(`  ✔ ${name}: ${outcome} (${seconds} s)`)
      return
    }
    const kept = await this.keep(arena, subject.app, found)
    this.report.problems.push(`${name}: ${found.problems.join('; ')} [${kept}]`)
    this.options.log(`  ✖ ${name}: ${found.problems.join('; ')} (${seconds} s)\n    kept in ${kept}`)
    await this.retire(bench)
    bench.subject = await Subject.install(arena, nextName(subject.app))
  }

  /** Ends an app's traffic and counts it. */
  async retire({ subject }: Bench): Promise<void> {
    const { sent, failed } = await subject.traffic.stop()
    this.report.requests += sent
    this.report.failedRequests += failed
  }

  end(): PartReport {
    this.report.seconds = (performance.now() - this.started) / 1000
    return this.report
  }

  private async keep(arena: Arena, app: string, { name, problems, outputs }: Case): Promise<string> {
    const folder = path.join(this.options.folder, `${this.report.part}-${name.replaceAll(/[^\w.%-]+/g, '-')}`)
    await mkdir(folder, { recursive: true })
    await arena.clearFaults()
    const files = {
      ...outputs,
      'problems.txt': `${problems.join('\n')}\n`,
      'helm-history.txt': await arena.look('helm', ['history', app, '-n', app]),
      'helm-values.txt': await arena.look('helm', ['get', 'values', app, '-n', app]),
      'kubectl-get-all.txt': await arena.look('kubectl', ['get', 'all', '-n', app, '--show-labels']),
      'kubectl-get-leases.txt': await arena.look('kubectl', ['get', 'leases', '-n', app, '-o', 'yaml']),
    }
    await Promise.all(
      Object.entries(files).map(([file, content]) => writeFile(path.join(folder, file), content)),
    )
    return folder
  }
}

/** Runs `work` on as many clusters as there are workers, each with an app installed, and closes all of it. */
export async function onBenches(tally: Tally, work: (bench: Bench) => Promise<void>): Promise<PartReport> {
  const { root, major, providers, workers, isBrief } = tally.options
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const provider = providers[worker % providers.length]
      const arena = await startArena({ root, major, provider, isBrief })
      try {
        const bench = { arena, worker, subject: await Subject.install(arena, 'echo') }
        await work(bench)
        await tally.retire(bench)
      } finally {
        await arena.close()
      }
    }),
  )
  return tally.end()
}

/** How long each command takes here with nothing in its way, milliseconds. */
export async function measure(
  { subject }: Bench,
  log: (line: string) => void,
): Promise<Record<MoveKind, number>> {
  const usual: Record<MoveKind, number> = { start: 0, shift: 0, finish: 0, abort: 0 }
  for (const [rollout, kinds] of ROLLOUTS.entries()) {
    for (const kind of kinds) usual[kind] = await subject.go(nextMove(subject, rollout))
  }
  const told = Object.entries(usual).map(([kind, ms]) => `${kind} ${inSeconds(ms)}`)
  log(`  undisturbed: ${told.join(', ')}`)
  return usual
}

/** Of durations in milliseconds: `median 1.2 s, longest 3.4 s`. */
export function quantiles(durations: number[]): string {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number) => inSeconds(sorted[Math.floor((sorted.length - 1) * share)]!)
  return `median ${at(0.5)}, longest ${at(1)}`
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 100 ? 3 : 2)} s`
}

/** `echo`, `echo-2`, `echo-3`, … */
function nextName(app: string): string {
  const [base = app, number = '1'] = app.split('-')
  return `${base}-${Number(number) + 1}`
}

/** Processes of a case that still run though its last command has ended. */
export async function leftOver(arena: Pick<Arena, 'processes'>): Promise<string[]> {
  const deadline = performance.now() + LEFT_OVER_MS
  let left = await arena.processes()
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(100)
    left = await arena.processes()
  }
  return left.map(({ pid, command }) => `process ${pid} is left over: ${command}`)
}
