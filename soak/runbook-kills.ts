import { isDeepStrictEqual } from 'node:util'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stageOf } from '../src/rollout/stage.js'
import { seededRandom } from '../src/sandbox/random.js'
import { startTraffic } from '../test/helpers/traffic.js'
import { type Arena, startArena } from './arena.js'
import { type CanaryProcess, endOf } from './canary-process.js'
import { inSeconds, type PartOptions, type PartReport, quantiles } from './part.js'
import { descendants, killTree, signal } from './processes.js'
import { isUpgrading, orphansOf, revisionsOf } from './release.js'

const APPS = ['echo', 'foxtrot', 'golf']
const CLUSTERS = ['east', 'west']
const PER_SECOND = 50

/** When canary is killed. */
interface Moment {
  /** After this part of the time that the run takes undisturbed, 0 to 1. */
  fraction: number
  /** With the helm and kubectl that it started; else helm goes on by itself. */
  withChildren: boolean
  /** Then in the middle of the next upgrade, or once the journal has its next line. */
  then?: 'in an upgrade' | 'after a line of the journal'
}

interface Place {
  cluster: string
  arena: Arena
  app: string
}

/**
 * SIGKILL at moments spread over a runbook of two waves and three apps in two clusters, then the same command again,
 * nothing added: all apps have to reach the new version, no step whose revision was deployed may be made twice, every
 * stage has to be proven, and the journal has to be whole. Users' requests go on throughout.
 */
export async function runbookKills(options: PartOptions): Promise<PartReport> {
  const started = performance.now()
  const report: PartReport = { ...EMPTY, exits: {}, notes: [], problems: [] }
  const arenas = await Promise.all(CLUSTERS.map(() => startArena(options.root, options.major)))
  const places = CLUSTERS.flatMap((cluster, index) =>
    APPS.map((app): Place => ({ cluster, arena: arenas[index]!, app })),
  )
  try {
    const bench = new Bench(places)
    await bench.install()
    const users = places.map(({ arena, app }) => startTraffic(`${arena.proxyUrl}/${app}`, PER_SECOND))
    const usual = options.usual ? 8000 : await bench.undisturbed()
    options.log(`  undisturbed: ${inSeconds(usual)}`)
    const again: number[] = []
    for (const moment of moments(options.count, seededRandom(options.seed))) {
      if (performance.now() - started > options.seconds * 1000) break
      const { problems, outcome, ms, end } = await bench.kill(moment, usual)
      if (outcome === undefined) continue
      report.tried += 1
      report.exits[end] = (report.exits[end] ?? 0) + 1
      again.push(ms)
      if (problems.length === 0) report.reached += 1
      else report.problems.push(`${nameOf(moment)}: ${problems.join('; ')}`)
      options.log(
        `  ${problems.length === 0 ? '✔' : '✖'} ${nameOf(moment)}: ${[outcome, ...problems].join('; ')}`,
      )
      if (problems.length > 0) await bench.settle()
    }
    for (const traffic of users) {
      const { sent, failed, failures } = await traffic.stop()
      report.requests += sent
      report.failedRequests += failed
      if (failed > 0) report.problems.push(`requests failed: ${JSON.stringify(failures)}`)
    }
    if (again.length > 0) report.notes.push(`the same command again: ${quantiles(again)}`)
    report.notes.push(`${bench.unfinished} of the killed runs left a revision pending`)
  } finally {
    await Promise.all(arenas.map((arena) => arena.close()))
  }
  return { ...report, seconds: (performance.now() - started) / 1000 }
}

const EMPTY = {
  part: 'runbook-kills',
  tried: 0,
  reached: 0,
  requests: 0,
  failedRequests: 0,
  orphans: 0,
  seconds: 0,
}

/** One in each of as many equal parts of the run's time, every way of killing in turn; in any order. */
function moments(count: number, random: () => number): Moment[] {
  return Array.from({ length: count }, (_, index): Moment => {
    const then =
      index % 4 === 1 ? 'in an upgrade' : index % 4 === 2 ? 'after a line of the journal' : undefined
    return { fraction: (index + random()) / count, withChildren: index % 2 === 1, then }
  })
    .map((moment) => ({ moment, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ moment }) => moment)
}

function nameOf({ fraction, withChildren, then }: Moment): string {
  return [`at ${Math.round(fraction * 100)}%`, then, withChildren ? 'with its children' : 'alone']
    .filter(Boolean)
    .join(', ')
}

class Bench {
  unfinished = 0
  private version = 1
  private readonly home: Arena

  constructor(private readonly places: Place[]) {
    this.home = places[0]!.arena
  }

  private get args(): string[] {
    return ['run', 'rollout.yaml', '--var', `to=v${this.version}`]
  }

  async install(): Promise<void> {
    await writeFile(path.join(this.home.home, 'install.yaml'), this.runbook('  - install: v1\n', 1))
    await writeFile(path.join(this.home.home, 'rollout.yaml'), this.runbook(STEPS, 2))
    await this.must(['run', 'install.yaml', '--yes', '--var', 'to=v1'])
  }

  /** Milliseconds that a run takes with nothing in its way. */
  async undisturbed(): Promise<number> {
    this.version += 1
    return this.must(this.args)
  }

  /** After a case that went wrong: all apps stable again, so that the next one begins like the others. */
  async settle(): Promise<void> {
    for (const { arena, app } of this.places) await arena.canary(['abort', app])
  }

  /** `outcome` is undefined where the run had ended by itself before its moment came. */
  async kill(moment: Moment, usualMs: number) {
    this.version += 1
    const victim = this.home.spawn(this.args)
    await sleep(moment.fraction * usualMs)
    if (moment.then === 'in an upgrade') await this.intoUpgrade(victim, moment.fraction * 20)
    if (moment.then === 'after a line of the journal') await this.afterLine(victim)
    const wasLate = victim.hasEnded
    if (moment.withChildren) await killTree(victim.pid)
    else victim.signal('SIGKILL')
    const killed = await victim.ended
    if (wasLate && killed.code === 0) return { outcome: undefined, problems: [], ms: 0, end: '' }
    const left = await this.unfinishedNow()
    if (left.length > 0) this.unfinished += 1
    const journalBefore = await this.journalText()
    const again = await this.home.canary(this.args)
    const problems =
      again.code === 0 ? [] : [`the same command again ended with ${endOf(again)}: ${again.stderr}`]
    for (const place of this.places) problems.push(...(await this.problemsOf(place)))
    problems.push(...this.journalProblems(journalBefore, await this.journalText()))
    const was = left.length > 0 ? `, ${left.join(' and ')} left pending` : ''
    const outcome = `killed after ${inSeconds(killed.ms)}${was}, done ${inSeconds(again.ms)} later`
    return { outcome, problems, ms: again.ms, end: endOf(again) }
  }

  private async problemsOf({ cluster, arena, app }: Place): Promise<string[]> {
    const [revisions, orphans, journal] = await Promise.all([
      revisionsOf(arena, app),
      orphansOf(arena, app),
      this.journal(),
    ])
    const where = `${cluster}/${app}`
    const problems = orphans.map((orphan) => `${where}: orphan ${orphan}`)
    const newest = revisions.at(-1)
    const stage = newest && stageOf(newest.config)
    const target = { name: 'stable', primary: `v${this.version}` }
    if (newest?.status !== 'deployed' || !isDeepStrictEqual(stage, target)) {
      problems.push(`${where}: revision ${newest?.revision} is ${newest?.status}: ${JSON.stringify(stage)}`)
    }
    const inEffect = revisions.filter(({ status }) => ['deployed', 'superseded'].includes(status))
    const made = inEffect.map(({ description }) => description.replace(/ \(by .*/, ''))
    const runId = String(journal[0]?.runId)
    const ofRun = made.filter((description) => description.includes(`(run ${runId}, `))
    for (const [index, description] of ofRun.entries()) {
      if (ofRun.indexOf(description) !== index) problems.push(`${where}: made twice: ${description}`)
    }
    const proven = journal.filter(
      (line) =>
        line.type === 'proven' && line.verdict === 'pass' && line.app === app && line.cluster === cluster,
    )
    for (const { revision, config, description } of inEffect) {
      if (!description.includes(`(run ${runId}, `)) continue
      const was = stageOf(config)
      if (!proven.some((line) => isDeepStrictEqual(line.stage, JSON.parse(JSON.stringify(was))))) {
        problems.push(`${where}: revision ${revision} was never proven: ${JSON.stringify(was)}`)
      }
    }
    return problems
  }

  /** All lines are JSON of the journal's form, and what stood there before the run went on still does. */
  private journalProblems(before: string, after: string): string[] {
    const whole = before.slice(0, before.lastIndexOf('\n') + 1)
    const problems = after.startsWith(whole) ? [] : ['the journal lost lines']
    if (!after.endsWith('\n')) problems.push('the journal ends in the middle of a line')
    const lines = after.split('\n').slice(0, -1)
    for (const [index, line] of lines.entries()) {
      try {
        const { v, time, runId, type } = JSON.parse(line) as Record<string, unknown>
        if (v !== 1 || typeof time !== 'string' || typeof runId !== 'string' || typeof type !== 'string')
          throw new Error()
      } catch {
        problems.push(`line ${index + 1} of the journal is no event: ${line.slice(0, 80)}`)
      }
    }
    return problems
  }

  private async journal(): Promise<Record<string, unknown>[]> {
    const lines = (await this.journalText()).split('\n').filter(Boolean)
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>]
      } catch {
        return []
      }
    })
  }

  /** Of the newest run; empty where there is none yet. */
  private async journalText(): Promise<string> {
    const folder = path.join(this.home.env.XDG_STATE_HOME!, 'canary', 'runs')
    const files = await readdir(folder).catch(() => [])
    const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')))
    return texts.find((text) => text.includes(`"vars":{"to":"v${this.version}"}`)) ?? ''
  }

  private async unfinishedNow(): Promise<string[]> {
    const found = await Promise.all(
      this.places.map(async ({ cluster, arena, app }) => {
        const newest = (await revisionsOf(arena, app)).at(-1)
        return newest?.status === 'deployed' ? [] : [`${cluster}/${app}`]
      }),
    )
    return found.flat()
  }

  private async afterLine(victim: CanaryProcess): Promise<void> {
    const before = (await this.journalText()).length
    while (!victim.hasEnded && (await this.journalText()).length === before) await sleep(1)
  }

  /** Resolves this long after the next upgrade has made its revision; its helm runs in little bits until then. */
  private async intoUpgrade(victim: CanaryProcess, ms: number): Promise<void> {
    while (!victim.hasEnded) {
      await sleep(2)
      const helm = (await descendants(victim.pid)).find(({ command }) => command.startsWith('helm upgrade '))
      const app = helm?.command.split(' ')[2]
      const place = this.places.find((one) => one.app === app && helm?.command.includes(one.arena.home))
      if (!helm || !place) continue
      for (;;) {
        signal(helm.pid, 'SIGSTOP')
        const isThere = victim.hasEnded || (await isUpgrading(place.arena, place.app))
        const hasEnded = !(await descendants(victim.pid)).some(({ pid }) => pid === helm.pid)
        signal(helm.pid, 'SIGCONT')
        if (isThere || hasEnded) break
        await sleep(5)
      }
      await sleep(ms)
      return
    }
  }

  private async must(args: string[]): Promise<number> {
    const { code, stderr, ms } = await this.home.canary(args)
    if (code !== 0) throw new Error(`canary ${args.join(' ')} ended with ${code}:\n${stderr}`)
    return ms
  }

  private runbook(steps: string, parallel: number): string {
    const clusters = CLUSTERS.map((cluster, index) => {
      const { arena } = this.places.find((place) => place.cluster === cluster)!
      const after = index === 0 ? '' : `, after: ${CLUSTERS[index - 1]}`
      return `  ${cluster}: { context: canary-sandbox, kubeconfig: ${path.join(arena.home, 'kubeconfig')}${after} }`
    })
    return [
      'apiVersion: canary/v1',
      'kind: Runbook',
      'vars: { to: { required: true } }',
      'clusters:',
      ...clusters,
      'waves:',
      `  - { name: edge, apps: [${APPS[0]}] }`,
      `  - { name: rest, apps: [${APPS.slice(1).join(', ')}], parallel: ${parallel} }`,
      `apps: { ${APPS.map((app) => `${app}: {}`).join(', ')} }`,
      'steps:',
      steps,
    ].join('\n')
  }
}

const STEPS = `  - start: \${to}
  - shift: 25
  - run: echo "$CANARY_CLUSTER $CANARY_APP $to" >> ran.txt
  - pause: 300ms
  - shift: 100
  - finish
`
