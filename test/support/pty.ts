import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const shell = fileURLToPath(new URL('pty-shell.mjs', import.meta.url))

/** Why there can't be a terminal here; undefined where there can. */
export const noPty: string | undefined = ['/usr/bin/script', '/bin/script'].some((file) => existsSync(file))
  ? undefined
  : 'script (of util-linux) is not installed'

export interface Heard {
  text: string
  /** performance.now() of when it came. */
  at: number
}

/** A program at a terminal of its own: what a person types goes to it, what they would see comes back. */
export interface Terminal {
  /** All that was shown so far. */
  screen(): string
  /** Pieces of output with their times. */
  heard: Heard[]
  /** Types text: `\x03` is Ctrl-C. */
  type(text: string): void
  /** Resolves once the screen matches; rejects when the program ends before it does. */
  shows(pattern: RegExp): Promise<void>
  /** Closes the window: the program's terminal is gone. */
  close(): void
  /** The program's process id, once it runs. */
  pid(): Promise<number>
  /** The program's exit code, or the signal that ended it: also where the window was closed before. */
  ended: Promise<string>
}

/**
 * Runs a Node program at a new pseudo-terminal, 120 by 40, by `script` of util-linux. Between the two stands a small
 * program that does what a login shell does: it survives a Ctrl-C, hands on a hangup, and keeps the exit code.
 */
export async function openTerminal(
  program: string[],
  options: { env: Record<string, string>; cwd: string },
): Promise<Terminal> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-pty-'))
  const pidFile = path.join(folder, 'pid')
  const endFile = path.join(folder, 'end')
  const words = [process.execPath, shell, pidFile, endFile, ...program].map(quoted).join(' ')
  const command = `stty cols 120 rows 40; exec ${words}`
  const child = spawn('script', ['--quiet', '--flush', '--command', command, '/dev/null'], {
    cwd: options.cwd,
    env: { ...options.env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const heard: Heard[] = []
  let screen = ''
  const waiting = new Set<() => void>()
  const hear = (text: string) => {
    heard.push({ text, at: performance.now() })
    screen += text
    for (const check of waiting) check()
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  child.stdin.on('error', () => undefined) // the window may be closed while something is typed
  const isClosed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const ended = (async () => {
    await isClosed
    const end = await contentOf(endFile)
    await rm(folder, { recursive: true, force: true })
    return end
  })()
  return {
    screen: () => screen,
    heard,
    type: (text) => child.stdin.write(text),
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!pattern.test(screen)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
        void isClosed.then(() => reject(new Error(`it ended without ${String(pattern)}:\n${screen}`)))
      }),
    close: () => child.kill('SIGKILL'),
    pid: async () => Number(await contentOf(pidFile)),
    ended,
  }
}

/** How long a program may go on without its terminal, milliseconds. */
const ALONE_MS = 60_000

/** A file's content once it is there; `lost` where nobody came to write it. */
async function contentOf(file: string): Promise<string> {
  const deadline = performance.now() + ALONE_MS
  while (performance.now() < deadline) {
    const content = await readFile(file, 'utf8').catch(() => '')
    if (content.endsWith('\n')) return content.trim()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return 'lost'
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
