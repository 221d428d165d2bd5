import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../src/sandbox/random.js'
import { type CanaryProcess, endOf } from './canary-process.js'
import {
  type Bench,
  inSeconds,
  measure,
  onBenches,
  type PartOptions,
  type PartReport,
  quantiles,
  Tally,
} from './part.js'
import { descendants, killTree, signal } from './processes.js'
import { isUpgrading, revisionsOf } from './release.js'
import { type Move, type MoveKind, nextMove, ROLLOUTS, type Subject } from './subject.js'

/** What dies: canary alone (its helm goes on), or canary with its helm and kubectl. */
type Victims = 'alone' | 'with children'

interface Recovery {
  /** How long the command took that went on, milliseconds. */
  ms: number
  /** Whether it found a revision pending or failed. */
  foundUnfinished: boolean
}

interface Moment {
  /** Of the command's usual duration, 0 to 1. */
  fraction: number
  victims: Victims
  /** In the middle of an upgrade instead: the moments that leave a revision pending are too short to be met by chance. */
  duringUpgrade: boolean
}

/** How long helm is at an upgrade once its revision is there, about: milliseconds. */
const UPGRADE_MS = 15

/**
 * SIGKILL at moments spread over start, shift, finish and abort; then the same command with --recover, which has to
 * reach the target with no orphans and no failed request.
 */
export async function kills(options: PartOptions): Promise<PartReport> {
  const tally = new Tally('kills', options)
  const pending = moments(options.count, seededRandom(options.seed))
  const recoveries: Recovery[] = []
  const report = await onBenches(tally, async (bench) => {
    const usual = options.usual ?? (await measure(bench, options.log))
    for (let rollout = -1; !tally.isOver && anyLeft(pending);) {
      if (bench.subject.at.name === 'stable') rollout += 1
      const move = nextMove(bench.subject, rollout)
      const moment = pending[move.kind].shift()
      if (!moment) {
        await bench.subject.go(move)
        continue
      }
      const wasLate = await killOnce(tally, bench, move, moment, usual[move.kind], recoveries)
      if (wasLate) pending[move.kind].push({ ...moment, fraction: moment.fraction * 0.9 })
    }
  })
  if (recoveries.length > 0) {
    const unfinished = recoveries.filter((recovery) => recovery.foundUnfinished).length
    report.notes.push(
      `the same command again, with --recover: ${quantiles(recoveries.map(({ ms }) => ms))}`,
      `${unfinished} of the killed commands left a revision unfinished`,
    )
  }
  return report
}

/** Moments for each command, as often as it comes in the rollouts: one in each of as many equal parts of its duration. */
function moments(count: number, random: () => number): Record<MoveKind, Moment[]> {
  const order = ROLLOUTS.flat()
  const spread = (kind: MoveKind): Moment[] => {
    const share = Array.from({ length: count }, (_, index) => order[index % order.length]).filter(
      (other) => other === kind,
    ).length
    const inOrder = Array.from({ length: share }, (_, index): Moment => {
      return {
        fraction: (index + random()) / share,
        victims: index % 2 === 0 ? 'with children' : 'alone',
        duringUpgrade: index % 3 === 2,
      }
    })
    return inOrder
      .map((moment) => ({ moment, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ moment }) => moment)
  }
  return { start: spread('start'), shift: spread('shift'), finish: spread('finish'), abort: spread('abort') }
}

function anyLeft(pending: Record<MoveKind, Moment[]>): boolean {
  return Object.values(pending).some((left) => left.length > 0)
}

/** Whether the command had ended by itself before its moment came: no case then. */
async function killOnce(
  tally: Tally,
  bench: Bench,
  move: Move,
  { fraction, victims, duringUpgrade }: Moment,
  usualMs: number,
  recoveries: Recovery[],
): Promise<boolean> {
  const { arena, subject } = bench
  let wasLate = false
  const aim = duringUpgrade ? 'in an upgrade' : `at ${Math.round(fraction * 100)}%`
  await tally.run(bench, `${move.kind} ${victims} ${aim}`, async (found) => {
    const victim = arena.spawn(move.args)
    if (duringUpgrade) await intoUpgrade(subject, victim, fraction * UPGRADE_MS)
    else await sleep(fraction * usualMs)
    wasLate = victim.hasEnded
    if (victims === 'alone') victim.signal('SIGKILL')
    else await killTree(victim.pid)
    const killed = await victim.ended
    subject.at = move.target
    if (wasLate && killed.code === 0) return undefined
    found.outputs['killed-stderr.txt'] = killed.stderr
    const newest = (await revisionsOf(arena, subject.app)).at(-1)
    const foundUnfinished = newest?.status !== 'deployed'
    found.outputs['after-kill.txt'] = `revision ${newest?.revision} is ${newest?.status}\n`
    const again = await arena.canary([...move.args, '--recover'])
    found.outputs['again-stdout.txt'] = again.stdout
    found.outputs['again-stderr.txt'] = again.stderr
    tally.countExit(endOf(again))
    recoveries.push({ ms: again.ms, foundUnfinished })
    if (again.code !== 0) found.problems.push(`the same command with --recover ended with ${endOf(again)}`)
    found.problems.push(...(await subject.check(move.target)))
    const left = foundUnfinished ? `, revision ${newest?.revision} left ${newest?.status}` : ''
    return `killed after ${inSeconds(killed.ms)}${left}, the target reached in ${inSeconds(again.ms)}`
  })
  return wasLate
}

/**
 * Resolves this long after the command's first upgrade has made its revision, or once the command has ended. Helm runs
 * in little bits until that revision is seen, lest it be done before.
 */
async function intoUpgrade({ arena, app }: Subject, command: CanaryProcess, ms: number): Promise<void> {
  let helm: number | undefined
  while (helm === undefined && !command.hasEnded) {
    await sleep(2)
    helm = (await descendants(command.pid)).find((child) => child.command.startsWith('helm upgrade '))?.pid
  }
  if (helm === undefined) return
  for (;;) {
    signal(helm, 'SIGSTOP')
    const isThere = command.hasEnded || (await isUpgrading(arena, app))
    signal(helm, 'SIGCONT')
    if (isThere) break
    await sleep(5)
  }
  await sleep(ms)
}
