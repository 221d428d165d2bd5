import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seededRandom } from '../src/sandbox/random.js'
import { endOf, type Ended } from './canary-process.js'
import { lostUpdates } from './lost-updates.js'
import { type Bench, type Case, onBenches, type PartOptions, type PartReport, Tally } from './part.js'
import { revisionsOf } from './release.js'
import { type Move, type Subject, targetOf } from './subject.js'

/** Two operators at one app; `from` is brought about first. */
interface Race {
  name: string
  from: 'stable' | 'header' | 'weighted' | 'shifted'
  moves: (subject: Subject) => [Move, Move]
  /** Both wait for one another instead of ending with exit 10. */
  waiting?: boolean
}

const RACES: Race[] = [
  {
    name: 'start against start of another version',
    from: 'stable',
    moves: (subject) => [subject.start(), subject.start()],
  },
  {
    name: 'shift 20 against shift 60',
    from: 'header',
    moves: (subject) => [subject.shift(20), subject.shift(60)],
  },
  {
    name: 'abort against shift',
    from: 'weighted',
    moves: (subject) => [subject.abort(), subject.shift(80)],
  },
  {
    name: 'finish against abort',
    from: 'shifted',
    moves: (subject) => [subject.finish(), subject.abort()],
  },
  {
    name: 'shift 40 against the same',
    from: 'header',
    moves: (subject) => [subject.shift(40), subject.shift(40)],
  },
  {
    name: 'shift 40 against shift 80, waiting',
    from: 'header',
    moves: (subject) => [subject.shift(40), subject.shift(80)],
    waiting: true,
  },
  {
    name: 'finish against shift back',
    from: 'weighted',
    moves: (subject) => [subject.finish(), subject.shift(10)],
  },
]

/** The second operator begins this much after the first, at most: milliseconds. */
const JITTER_MS = 500

/** How a loser may end: another operator holds the app, or the stage no longer fits. */
const LOST = ['10', '6']

/**
 * Two operators who start different commands on one app within half a second: each revision has one winner, the other
 * is told so (exit 10 or 6) or comes after and fits; no update is lost.
 */
export async function races(options: PartOptions): Promise<PartReport> {
  const tally = new Tally('races', options)
  const random = seededRandom(options.seed)
  let begun = 0
  const report = await onBenches(tally, async (bench) => {
    while (begun < options.count && !tally.isOver) {
      const race = RACES[begun % RACES.length]!
      begun += 1
      await bringTo(bench.subject, race.from)
      await runRace(tally, bench, race, random)
    }
  })
  return report
}

async function bringTo(subject: Subject, stage: Race['from']): Promise<void> {
  const isReached = () => subject.at.name === stage
  if (isReached()) return
  if (stage === 'stable' || subject.at.name === 'deployed') await subject.go(subject.abort())
  if (isReached()) return
  if (subject.at.name === 'stable') await subject.go(subject.start())
  if (isReached()) return
  await subject.go(subject.shift({ stable: 0, header: 0, weighted: 50, shifted: 100 }[stage]))
}

async function runRace(tally: Tally, bench: Bench, race: Race, random: Random): Promise<void> {
  const { arena, subject } = bench
  const moves = race.moves(subject)
  if (random() < 0.5) moves.reverse()
  const jitter = Math.floor(random() * JITTER_MS)
  await tally.run(bench, `${race.name}, ${moves[0].kind} first by ${jitter} ms`, async (found) => {
    const before = (await revisionsOf(arena, subject.app)).at(-1)?.revision ?? 0
    const flags = race.waiting ? ['--wait-for-lock', '30s'] : []
    const first = arena.spawn([...moves[0].args, ...flags])
    await sleep(jitter)
    const second = arena.spawn([...moves[1].args, ...flags])
    const ended = await Promise.all([first.ended, second.ended])
    for (const [index, { stdout, stderr }] of ended.entries()) {
      found.outputs[`operator-${index + 1}.txt`] =
        `$ canary ${moves[index]!.args.join(' ')}\n${stderr}${stdout}`
    }
    for (const end of ended) tally.countExit(endOf(end))
    if (race.waiting && ended.some(({ code }) => code === 10)) found.problems.push('one did not wait')
    await judge(found, bench, moves, ended, before)
    return ended.map((end, index) => `${moves[index]!.kind} ${endOf(end)}`).join(', ')
  })
}

async function judge(
  found: Case,
  { arena, subject }: Bench,
  moves: Move[],
  ended: Ended[],
  before: number,
): Promise<void> {
  const { problems, outputs } = found
  const winners = moves.filter((_, index) => ended[index]!.code === 0)
  for (const [index, end] of ended.entries()) {
    if (end.code !== 0 && !LOST.includes(endOf(end))) {
      problems.push(`canary ${moves[index]!.args.join(' ')} ended with ${endOf(end)}, not with 0, 6 or 10`)
    }
  }
  const revisions = await revisionsOf(arena, subject.app)
  outputs['revisions.json'] = JSON.stringify(revisions, undefined, 2)
  problems.push(...lostUpdates(revisions, before))
  const newest = revisions.at(-1)!
  const last = targetOf(newest.config)
  if (winners.length === 0 && newest.revision === before) problems.push('nobody won')
  problems.push(...(await subject.check(last)))
  // Whoever is told that it worked has had it so: its own revision is there, or the stage had been reached already.
  for (const { args } of winners) {
    const words = `canary ${args.join(' ')}: `
    if (newest.revision > before && !revisions.some(({ description }) => description.startsWith(words))) {
      const other = winners.length === 2 && winners[0]!.args.join() === winners[1]!.args.join()
      if (!other) problems.push(`canary ${args.join(' ')} ended well but made no revision`)
    }
  }
  subject.at = last
}
