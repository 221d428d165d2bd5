import { spawn } from 'node:child_process'
import { ExternalError } from '../model/errors.js'

export interface CommandOptions {
  /** Variables of the environment beside those of this process. */
  env: Record<string, string>
  /** Milliseconds until it is ended. */
  timeoutMs?: number
  signal: AbortSignal
  /** Called with each line that it prints, on stdout and stderr alike. */
  line: (text: string) => void
}

/** A command that was told to end has so long until it is killed. */
const GRACE_MS = 5000

/** How long its output is read once it has ended. */
const LAST_WORDS_MS = 500
/** Characters; what a line has more is left out. */
const LONGEST_LINE = 4096

/**
 * Runs a command of the user's by the shell, in a process group of its own: ended (SIGTERM, then SIGKILL) when the signal
 * comes or the time is over, with all that it started. Resolves with its exit code; throws ExternalError where it could not
 * be started, was ended, or ended by a signal.
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
      // What it left in the background may keep its output open for ever.
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
