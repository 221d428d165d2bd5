import { spawn } from 'node:child_process'
import { ExternalError } from '../model/errors.js'

export interface CommandOptions {
  /** Variables of the environment in addition to those of this process. */
  env: Record<string, string>
  /** Milliseconds until it is ended. */
  timeoutMs?: number
  signal: AbortSignal
  /** Called with each line of its stdout and stderr. */
  line: (text: string) => void
}

/** Time between asking a command to end and killing it. */
const GRACE_MS = 5000

/** How long its output is read after it has ended. */
const LAST_WORDS_MS = 500
/** Characters; the rest of a line is left out. */
const LONGEST_LINE = 4096

/**
 * Runs a user's command by the shell, in its own process group: ended (SIGTERM, then SIGKILL) with all its children at
 * the signal or the timeout. Resolves with its exit code; throws ExternalError if it could not be started, was ended,
 * or was killed by a signal.
 */
export async function runCommand(command: string, options: CommandOptions): Promise<number> {
  const { env, timeoutMs, signal, line } = options
  const child = spawn('/bin/sh', ['-c', command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let why: string | undefined
  let killer: NodeJS.Timeout | undefined
  let lastWords: NodeJS.Timeout | undefined
  const end = (reason: string) => {
    why ??= reason
    signalGroup(child.pid, 'SIGTERM')
    killer ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS)
  }
  const onAbort = () => end('it was interrupted')
  const limit =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => end(`it took longer than ${timeoutMs / 1000} s`), timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) line(text.slice(0, LONGEST_LINE))
      rest = rest.slice(0, LONGEST_LINE)
    })
    stream.on('end', () => {
      if (rest) line(rest)
    })
  }
  try {
    const { code, by } = await new Promise<{ code: number | null; by: string | null }>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, by) => resolve({ code, by }))
      // Its background processes may keep the output open forever.
      child.once('exit', (code, by) => {
        lastWords = setTimeout(() => resolve({ code, by }), LAST_WORDS_MS)
      })
    })
    if (why === undefined && code !== null) return code
    throw new ExternalError(`The command was ended: ${why ?? `by ${by ?? 'a signal'}`}.`, { command })
  } catch (error) {
    if (error instanceof ExternalError) throw error
    throw new ExternalError(`The command could not be started: ${(error as Error).message}`, { command })
  } finally {
    child.stdout.destroy()
    child.stderr.destroy()
    clearTimeout(lastWords)
    clearTimeout(limit)
    clearTimeout(killer)
    signal.removeEventListener('abort', onAbort)
  }
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name)
  } catch {
    // It has ended by itself.
  }
}
