import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'

/** A program that runs beside the sandbox, and never longer than it. */
export interface Child {
  /** Resolves with the exit code when it has ended, whoever ended it. */
  ended: Promise<number>
  close(): Promise<void>
}

/**
 * Runs the program until it ends, or until descriptor 3 is closed: the kernel does that even if the sandbox is killed.
 */
const SUPERVISOR = `
"$@" 3<&- &
child=$!
(read -r _ <&3; kill "$child"; sleep 2; kill -9 "$child") 2>/dev/null &
wait "$child"
code=$?
kill $! 2>/dev/null
exit $code
`
const TAIL_LINES = 15

/** Starts a program whose output goes to a log file. It ends with this process, however this process ends. */
export async function startChild(
  [program, ...args]: [string, ...string[]],
  { log, env = {} }: { log: string; env?: Record<string, string> },
): Promise<Child> {
  const file = await open(log, 'a', 0o600)
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', file.fd, file.fd, 'pipe'],
    detached: true, // Ctrl-C is for the sandbox, which then ends it
  })
  await file.close()
  const ended = new Promise<number>((resolve) => {
    supervisor.once('error', () => resolve(127))
    supervisor.once('exit', (code) => resolve(code ?? 1))
  })
  const lifeline = supervisor.stdio[3] as Writable
  lifeline.on('error', () => undefined) // it ended first
  return {
    ended,
    close: async () => {
      lifeline.destroy()
      await ended
    },
  }
}

/** The last lines of a log, for an error. */
export async function tailOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
