import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { isatty } from 'node:tty'
import type { PinnedCluster } from '../options.js'
import { explainKubectl, KubectlEnded, kubectlFlags } from './kubectl.js'
import { type Login, tooLong } from './login.js'
import { sleep } from '../../lib/sleep.js'
import { descendantsOf } from '../../lib/process/process-tree.js'
import { LineSplitter } from '../../lib/process/line-splitter.js'

/** A kubectl that serves this command until it is closed (a proxy, a port-forward). */
export interface KubectlService {
  /** The match of the line that reported it ready. */
  ready: RegExpExecArray
  /** Resolves when it has ended, closed or not. */
  ended: Promise<void>
  /** Whether it waits for a program it started: the kubeconfig's login command. */
  waitsForProgram: () => Promise<boolean>
  /** Ends it with everything it started. */
  close: () => Promise<void>
}

/**
 * kubectl in its own session, so that the terminal's Ctrl-C does not end it while the command still needs it to report
 * the state; and tied to this process: a shell waits on descriptor 3, which closes when this process ends for whatever
 * reason, and then ends kubectl and its children. `$$` is the shell that becomes kubectl, and the number of the process
 * group. A login command that ignores the request to end is killed.
 */
const TIED_TO_PARENT =
  "(trap '' TERM INT HUP; read -r _ <&3; kill -s TERM -- -$$; sleep 1; kill -s KILL -- -$$) >/dev/null 2>&1 & " +
  'exec kubectl "$@" 3<&-'

/** How long kubectl may take to become ready. */
const READY_TIMEOUT_MS = 30_000
/** How long it may take to end after the request to. */
const GRACE_MS = 2000
/** How long its output is read after it has ended. */
const LAST_WORDS_MS = 500
/** Characters of stderr kept for an error. */
const KEPT = 8192

/** kubectl's own lines on stderr: its log, and errors that are reported anyway or fixed by a new start. */
const OWN_WORDS = /^[IWEF]\d{4} \d\d:\d\d:\d\d|^error: (?!get-token)/

interface TiedKubectl {
  argv: string[]
  output: { stdout: string; stderr: string }
  /** Calls back whenever stdout has grown. */
  onStdout: (listen: () => void) => void
  /** Resolves with the exit code; undefined if a signal ended it. Rejects if it could not be started. */
  ended: Promise<number | undefined>
  waitsForProgram: () => Promise<boolean>
  end: () => Promise<void>
  /** From here on it does not keep this process alive. */
  unref: () => void
}

/**
 * Starts kubectl. Lines of a login command on stderr go to `said` as they come. Such a command may also prompt at the
 * terminal: kubectl has our stdin.
 */
function startTied(args: string[], options: PinnedCluster, said: (line: string) => void): TiedKubectl {
  const argv = [...args, ...kubectlFlags(options)]
  const child = spawn('/bin/sh', ['-c', TIED_TO_PARENT, 'kubectl', ...argv], {
    detached: true,
    stdio: [isatty(0) ? 'inherit' : 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  const [, stdout, stderr, leash] = child.stdio as unknown as [unknown, Duplex, Duplex, Duplex]
  leash.on('error', () => undefined) // kubectl may end first and close the other end
  let isGone = false
  const group = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined && !isGone) process.kill(-child.pid, name)
    } catch {
      // all of it has ended
    }
  }
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('exit', (code) => {
      leash.destroy()
      group('SIGKILL')
      isGone = true // its pid may soon be reused
      const end = () => resolve(code ?? undefined)
      child.once('close', end)
      setTimeout(end, LAST_WORDS_MS).unref()
    })
    child.once('error', reject)
  })
  ended.catch(() => undefined)
  const output = { stdout: '', stderr: '' }
  const lines = new LineSplitter((line) => {
    if (!OWN_WORDS.test(line)) said(line)
  })
  stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-KEPT)
    lines.write(text)
  })
  let grown: () => void = () => undefined
  stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
    grown()
  })
  return {
    argv: ['kubectl', ...argv],
    output,
    onStdout: (listen) => (grown = listen),
    ended,
    // One of them is the shell that waits for this process to end.
    waitsForProgram: async () => (child.pid === undefined ? [] : await descendantsOf(child.pid)).length > 1,
    end: async () => {
      child.ref() // or this process might exit before it has ended
      group('SIGTERM')
      const late = new AbortController()
      void sleep(GRACE_MS, late.signal).then(() => group('SIGKILL'))
      await ended.catch(() => undefined)
      late.abort()
    },
    unref: () => {
      child.unref()
      for (const stream of [stdout, stderr, leash]) (stream as unknown as { unref(): void }).unref()
    },
  }
}

/** The login of a kubectl that may wait for one; undefined if the kubeconfig has none. */
function loginOf(
  { loginCommand, say, signal }: PinnedCluster,
  { waitsForProgram }: TiedKubectl,
): Login | undefined {
  return loginCommand === undefined
    ? undefined
    : { command: loginCommand, runs: waitsForProgram, say, signal }
}

/** Shows the output of a login command; without one in the kubeconfig, nothing is meant for the user. */
function toUser({ loginCommand, say }: PinnedCluster): (line: string) => void {
  return (loginCommand !== undefined && say) || (() => undefined)
}

/**
 * Starts a long-running kubectl and waits for the line on its stdout that reports it ready. Throws ExternalError with
 * kubectl's message if it ends before that, or if its login takes too long.
 */
export async function startKubectl(
  args: string[],
  readyLine: RegExp,
  options: PinnedCluster,
  said = toUser(options),
): Promise<KubectlService> {
  const kubectl = startTied(args, options, said)
  const { argv, output, ended, waitsForProgram, end, unref } = kubectl
  try {
    const matched = new Promise<RegExpExecArray>((resolve) => {
      kubectl.onStdout(() => {
        const match = readyLine.exec(output.stdout)
        output.stdout = output.stdout.slice(-KEPT)
        if (match) resolve(match)
      })
    })
    const ready = await inTime(kubectl, options, READY_TIMEOUT_MS, [matched, endedEarly(kubectl)])
    unref()
    return { ready, ended: ended.then(ignore, ignore), waitsForProgram, close: end }
  } catch (error) {
    await end()
    if (error instanceof KubectlEnded) throw await explainKubectl(argv, error, options)
    throw error
  }
}

/** Rejects with how a kubectl ended that should have served. */
async function endedEarly({ ended, output }: TiedKubectl): Promise<never> {
  const code = await ended.catch((error: Error) => error)
  if (code instanceof Error) throw new KubectlEnded(undefined, code.message)
  throw new KubectlEnded(code, output.stderr)
}

/**
 * Runs a kubectl that prints something and ends. Rejects with ExternalError if its login takes too long, and with
 * KubectlEnded if it does not end in time.
 */
export async function runKubectl(
  args: string[],
  options: PinnedCluster,
  timeoutMs = READY_TIMEOUT_MS,
): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const kubectl = startTied(args, options, toUser(options))
  try {
    return { code: await inTime(kubectl, options, timeoutMs, [kubectl.ended]), ...kubectl.output }
  } finally {
    await kubectl.end()
  }
}

/** The first of these, or an error when that takes too long. */
async function inTime<T>(
  kubectl: TiedKubectl,
  options: PinnedCluster,
  ms: number,
  outcomes: Promise<T>[],
): Promise<T> {
  const done = new AbortController()
  const silence = () =>
    new KubectlEnded(undefined, kubectl.output.stderr || `no sign of life within ${ms / 1000} s`)
  const over = tooLong(ms, loginOf(options, kubectl), silence, done.signal).then((error) => {
    if (error) throw error
    return new Promise<never>(() => undefined)
  })
  try {
    return await Promise.race([...outcomes, over])
  } finally {
    done.abort()
  }
}

function ignore(): void {
  // however it ended
}
