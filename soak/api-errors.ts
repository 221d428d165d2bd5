import type { Fault } from '../src/sandbox/faults.js'
import { type Ended, endOf } from './canary-process.js'
import { type Bench, type Case, onBenches, type PartOptions, type PartReport, Tally } from './part.js'
import { describe, type Move, nextMove } from './subject.js'

/** A tenth of all API calls fails: told so by the API, or, in every second rollout, half of them carried out unheard. */
const FAULTS: Fault[][] = [
  [{ kind: 'api-errors', percent: 10 }],
  [
    { kind: 'api-errors', percent: 5 },
    { kind: 'api-lost', percent: 5 },
  ],
]

/**
 * Rollouts (start, shift, finish) with a tenth of all API calls failing: each command is done, or it stops in a stage
 * that status names, and the same command with --recover gets to the target.
 */
export async function apiErrors(options: PartOptions): Promise<PartReport> {
  const tally = new Tally('api-errors', options)
  const commands = { done: 0, stopped: 0 }
  let begun = 0
  let straight = 0
  const report = await onBenches(tally, async (bench) => {
    while (begun < options.count && !tally.isOver) {
      const faults = FAULTS[begun % FAULTS.length]!
      begun += 1
      const name = `rollout ${begun}, ${faults.map(({ kind }) => kind).join(' and ')}`
      await tally.run(bench, name, async (found) => {
        const ends: string[] = []
        for (let step = 0; step < 3; step += 1) {
          ends.push(await moveUnder(faults, tally, found, bench, nextMove(bench.subject, 0)))
        }
        const stopped = ends.filter((end) => end !== '0').length
        commands.done += ends.length - stopped
        commands.stopped += stopped
        if (stopped === 0) straight += 1
        return stopped === 0 ? 'done' : `stopped: ${ends.join(', ')}, each resumed`
      })
    }
  })
  report.notes.push(
    `${straight} of ${report.tried} rollouts done without a stop; of their commands ${commands.done} done, ${commands.stopped} stopped and resumed`,
  )
  return report
}

/** How the command ended under errors; what stopped is resumed without them. */
async function moveUnder(
  faults: Fault[],
  tally: Tally,
  found: Case,
  bench: Bench,
  move: Move,
): Promise<string> {
  const { arena, subject } = bench
  for (const fault of faults) await arena.order(fault)
  const first = await arena.canary(move.args).finally(() => arena.clearFaults())
  keep(found, `${move.kind}`, first)
  tally.countExit(endOf(first))
  if (first.code !== 0) {
    const { stage, unfinished } = await subject.observe()
    if (stage.name === 'unknown')
      found.problems.push(`canary ${move.args.join(' ')} stopped in an unknown stage`)
    if (first.code === 1 || first.code === undefined) {
      found.problems.push(`canary ${move.args.join(' ')} ended with ${endOf(first)}`)
    }
    const again = await arena.canary([...move.args, '--recover'])
    keep(found, `${move.kind}-again`, again)
    if (again.code !== 0) {
      const from = `${describe(stage)}${unfinished ? ', unfinished' : ''}`
      found.problems.push(`${move.kind} from ${from} with --recover ended with ${endOf(again)}`)
    }
  }
  const problems = await subject.check(move.target)
  if (problems.length > 0) throw new Error(`after ${move.args.join(' ')}: ${problems.join('; ')}`)
  subject.at = move.target
  return endOf(first)
}

function keep(found: Case, name: string, { stdout, stderr }: Ended): void {
  found.outputs[`${name}.txt`] = `${stderr}${stdout}`
}
