import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../src/sandbox/random.js'
import { noPty, openTerminal, type Terminal } from '../test/support/pty.js'
import type { Arena } from './arena.js'
import { endOf } from './canary-process.js'
import {
  type Bench,
  type Case,
  inSeconds,
  measure,
  onBenches,
  type PartOptions,
  type PartReport,
  quantiles,
  Tally,
} from './part.js'
import { isRunning } from './processes.js'
import { revisionsOf } from './release.js'
import { type Move, nextMove, targetOf } from './subject.js'

/** How a command is interrupted, with how often each comes among ten cases. */
const SHARES = {
  'ctrl-c': 5,
  'ctrl-c twice': 1,
  sigterm: 1,
  hangup: 1,
  'parent dies': 1,
  'stdin closes': 1,
} as const

export type Interruption = keyof typeof SHARES

/** What an interrupted command came to: how it ended (undefined where nobody can know), and what it said. */
interface Interrupted {
  end?: string
  said: string
  /** Milliseconds from the key to the first word about it. */
  reactionMs?: number
  /** It had ended before it was interrupted: no case. */
  wasLate?: boolean
}

/** Exit codes that may come of each; a signal's name is what comes of it before canary listens. */
const ENDS: Record<Interruption, string[]> = {
  'ctrl-c': ['130', 'SIGINT'],
  'ctrl-c twice': ['130', 'SIGINT'],
  sigterm: ['143', 'SIGTERM'],
  hangup: ['143', 'SIGHUP'],
  'parent dies': [],
  'stdin closes': ['0'],
}

/** A command that ends well this soon after it was interrupted had nothing left to do. Milliseconds. */
const DONE_ANYWAY_MS = 400

/**
 * Interrupts at moments spread over start, shift, finish and abort, most of them typed at a pseudo-terminal: canary tells
 * the stage, leaves no unfinished revision, and the same command again reaches the target.
 */
export async function interrupts(options: PartOptions): Promise<PartReport> {
  const tally = new Tally('interrupts', options)
  if (noPty !== undefined) {
    tally.report.notes.push(`not run: ${noPty}`)
    return tally.end()
  }
  const random = seededRandom(options.seed)
  const pending = interruptions(options.count)
  const reactions: number[] = []
  const report = await onBenches(tally, async (bench) => {
    const usual = options.usual ?? (await measure(bench, options.log))
    for (let rollout = -1; !tally.isOver;) {
      const interruption = pending.shift()
      if (!interruption) return
      if (bench.subject.at.name === 'stable') rollout += 1
      const move = nextMove(bench.subject, rollout)
      const fraction = random()
      const found = await interruptOnce(tally, bench, move, interruption, fraction * usual[move.kind])
      if (!found || found.wasLate) pending.push(interruption)
      else if (found.reactionMs !== undefined) reactions.push(found.reactionMs)
    }
  })
  if (reactions.length > 0) {
    const slow = reactions.filter((ms) => ms > 300).length
    report.notes.push(
      `from Ctrl-C to the first word: ${quantiles(reactions)}; ${slow} of ${reactions.length} over 0.3 s`,
    )
  }
  return report
}

/** The kinds of interruption by their shares, mixed. */
function interruptions(count: number): Interruption[] {
  const round = Object.entries(SHARES).flatMap(([kind, share]) =>
    Array<Interruption>(share).fill(kind as Interruption),
  )
  return Array.from({ length: count }, (_, index) => round[(index * 3) % round.length]!)
}

/** Undefined where the case failed before the command was interrupted. */
async function interruptOnce(
  tally: Tally,
  bench: Bench,
  move: Move,
  interruption: Interruption,
  afterMs: number,
): Promise<Interrupted | undefined> {
  const { arena, subject } = bench
  let result: Interrupted | undefined
  const name = `${move.kind} ${interruption} after ${inSeconds(afterMs)}`
  await tally.run(bench, name, async (found) => {
    result = await INTERRUPT[interruption](arena, move.args, afterMs)
    subject.at = move.target
    if (result.wasLate) return undefined
    found.outputs['interrupted.txt'] = result.said
    found.outputs['history-after.txt'] = await arena.look('helm', ['history', subject.app, '-n', subject.app])
    if (result.end !== undefined) tally.countExit(result.end)
    await judge(found, bench, interruption, result)
    const again = await arena.canary(
      interruption === 'ctrl-c twice' ? [...move.args, '--recover'] : move.args,
    )
    found.outputs['again-stderr.txt'] = again.stderr
    found.outputs['again-stdout.txt'] = again.stdout
    if (again.code !== 0) found.problems.push(`the same command again ended with ${endOf(again)}`)
    found.problems.push(...(await subject.check(move.target)))
    const reaction = result.reactionMs === undefined ? '' : `, said so after ${inSeconds(result.reactionMs)}`
    return `${result.end ?? 'gone'}${reaction}`
  })
  return result
}

async function judge(
  { problems }: Case,
  { arena, subject }: Bench,
  interruption: Interruption,
  { end, said }: Interrupted,
): Promise<void> {
  const wanted = ENDS[interruption]
  if (end !== undefined && end !== '0' && !wanted.includes(end)) {
    problems.push(`ended with ${end}, not with ${wanted.join(' or ')}`)
  }
  // A second Ctrl-C leaves helm to end by itself; it may still be at it.
  if (interruption === 'ctrl-c twice') return
  const newest = (await revisionsOf(arena, subject.app)).at(-1)!
  if (newest.status !== 'deployed')
    problems.push(`revision ${newest.revision} is ${newest.status} afterwards`)
  if (end !== '130' && end !== '143') return
  if (interruption === 'hangup' || /Nothing was changed/.test(said)) return
  // `echo: revision 5, weighted: 30 % …`
  const told = /revision (\d+), (\w+):/.exec(said.slice(said.search(/Interrupted/)))
  const stage = targetOf(newest.config).name
  if (!told) problems.push('the stage is not told')
  else if (told[1] !== String(newest.revision) || told[2] !== stage) {
    problems.push(`told revision ${told[1]}, ${told[2]}; there is revision ${newest.revision}, ${stage}`)
  }
}

type Interrupt = (arena: Arena, args: string[], afterMs: number) => Promise<Interrupted>

const INTERRUPT: Record<Interruption, Interrupt> = {
  'ctrl-c': (arena, args, afterMs) => pressCtrlC(arena, args, afterMs),
  'ctrl-c twice': (arena, args, afterMs) => pressCtrlC(arena, args, afterMs, 300),
  hangup: async (arena, args, afterMs) => {
    const terminal = await openAt(arena, args)
    const wasLate = await endsWithin(terminal, afterMs)
    if (!wasLate) terminal.close()
    return { end: await terminal.ended, said: terminal.screen(), wasLate }
  },
  sigterm: async (arena, args, afterMs) => {
    const running = arena.spawn(args)
    await sleep(afterMs)
    const wasLate = running.hasEnded
    running.signal('SIGTERM')
    const ended = await running.ended
    return { end: endOf(ended), said: ended.stderr, wasLate }
  },
  'parent dies': killParent,
  'stdin closes': closeStdin,
}

/** Types Ctrl-C at a terminal, and once more after `againMs`. */
async function pressCtrlC(
  arena: Arena,
  args: string[],
  afterMs: number,
  againMs?: number,
): Promise<Interrupted> {
  const terminal = await openAt(arena, args)
  if (await endsWithin(terminal, afterMs)) return { said: '', wasLate: true }
  const pressed = performance.now()
  terminal.type('\x03')
  const hearsOfIt = terminal.shows(/Stopping|Interrupted/).then(
    () => performance.now() - pressed,
    () => undefined, // it ended at once, before it listened
  )
  if (againMs !== undefined && !(await endsWithin(terminal, againMs))) terminal.type('\x03')
  const end = await terminal.ended
  const endedMs = performance.now() - pressed
  const reactionMs = await hearsOfIt
  const said = terminal.screen()
  // What ends well in spite of it has to have been at its end.
  if (end === '0' && endedMs > DONE_ANYWAY_MS) return { end: '0, though interrupted', said, reactionMs }
  return { end, said, reactionMs }
}

async function openAt(arena: Arena, args: string[]): Promise<Terminal> {
  const terminal = await openTerminal([arena.runJs, ...args, '--yes'], { env: arena.env, cwd: arena.home })
  await terminal.pid()
  return terminal
}

/** Waits a while; whether the program ended in it. */
async function endsWithin(terminal: Terminal, ms: number): Promise<boolean> {
  return Promise.race([terminal.ended.then(() => true), sleep(ms, false)])
}

/** A program that runs canary and reads its output by pipes: it is killed, and canary is alone. */
const PARENT = `
  const child = require('node:child_process').spawn(process.execPath, process.argv.slice(1))
  child.stdout.resume(), child.stderr.resume()
  child.on('exit', () => process.exit())
  console.log(child.pid)`

/** How long a canary without a parent may go on, milliseconds. */
const ALONE_MS = 60_000

async function killParent(arena: Arena, args: string[], afterMs: number): Promise<Interrupted> {
  const parent = spawn(process.execPath, ['-e', PARENT, arena.runJs, ...args], {
    env: arena.env,
    cwd: arena.home,
  })
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  )
  await sleep(afterMs)
  const wasLate = !(await isRunning(pid))
  parent.kill('SIGKILL')
  const deadline = performance.now() + ALONE_MS
  while (await isRunning(pid)) {
    if (performance.now() > deadline) throw new Error(`canary (pid ${pid}) goes on though its parent is gone`)
    await sleep(50)
  }
  return { said: '', wasLate }
}

/** Whoever has typed into canary's stdin closes it: nothing changes by that. */
async function closeStdin(arena: Arena, args: string[], afterMs: number): Promise<Interrupted> {
  const child = spawn(process.execPath, [arena.runJs, ...args], { env: arena.env, cwd: arena.home })
  let said = ''
  child.stdout.resume()
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<string>((resolve) =>
    child.once('close', (code, signal) => resolve(String(code ?? signal))),
  )
  await sleep(afterMs)
  child.stdin.end()
  return { end: await ended, said }
}
