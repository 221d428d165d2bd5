import { isatty } from 'node:tty'
import { commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { sleep } from '../../lib/sleep.js'

/** How long the kubeconfig's login command may take, milliseconds: at a terminal, and without. */
const AT_TERMINAL_MS = 300_000
const ELSEWHERE_MS = 60_000
/** When a wait first checks for a login, and how often from then on. */
const FIRST_LOOK_MS = 3000
const LOOK_EVERY_MS = 1000
const LOOK_EVERY_INTERRUPTED_MS = 100
/** A login that runs for longer waits for a person, and Ctrl-C goes to it. Shorter ones end by themselves. */
export const WAITS_FOR_PERSON_MS = 2000

/** The `exec` command of the kubeconfig's user, while something waits for it. */
export interface Login {
  command: string
  /** Whether it runs right now. */
  runs: () => Promise<boolean>
  /** Shows a line to the user. */
  say?: (line: string) => void
  /** Aborted by Ctrl-C. */
  signal?: AbortSignal
  limitMs?: number
}

/** How long a login may take here, milliseconds: long enough for a person if there is a terminal. */
export function loginLimitMs(): number {
  return isatty(0) || isatty(2) ? AT_TERMINAL_MS : ELSEWHERE_MS
}

/**
 * Waits until a wait has lasted too long: `usualMs` without a login, or the login's own limit, or a Ctrl-C during a
 * login. Resolves with the error, or with undefined once `done` is aborted. Time spent on a login does not count as
 * silence.
 *
 * @param silence the message if no login is to blame
 */
export async function tooLong(
  usualMs: number,
  login: Login | undefined,
  silence: () => Error,
  done: AbortSignal,
): Promise<Error | undefined> {
  if (!login) {
    await sleep(usualMs, done)
    return done.aborted ? undefined : silence()
  }
  const { command, runs, say, signal, limitMs = loginLimitMs() } = login
  let silentSince = performance.now()
  let runsSince: number | undefined
  let isReported = false
  for (let next = Math.min(usualMs, FIRST_LOOK_MS); ; next = Math.min(usualMs, LOOK_EVERY_MS)) {
    await pauseOrInterrupt(next, signal, done)
    const isRunning = !done.aborted && (await runs())
    if (done.aborted) return undefined
    const now = performance.now()
    if (!isRunning) {
      runsSince = undefined
      if (now - silentSince >= usualMs) return silence()
      continue
    }
    silentSince = now
    runsSince ??= now
    if (signal?.aborted && now - runsSince >= WAITS_FOR_PERSON_MS) return interrupted(command)
    if (now - runsSince >= limitMs) return endless(command, limitMs)
    if (!isReported)
      say?.(`waiting for the kubeconfig's login command, ${command} (at most ${seconds(limitMs)})`)
    isReported = true
  }
}

/** Like `pause`, cut short by `signal`; once that is aborted, short pauses. */
async function pauseOrInterrupt(
  ms: number,
  signal: AbortSignal | undefined,
  done: AbortSignal,
): Promise<void> {
  if (signal?.aborted) return sleep(Math.min(ms, LOOK_EVERY_INTERRUPTED_MS), done)
  await sleep(ms, signal ? AbortSignal.any([signal, done]) : done)
}

/** The error for a login that was ended by Ctrl-C. */
export function interrupted(command: string): ExternalError {
  return new ExternalError(`Login interrupted: the kubeconfig's login command, ${command}, was ended.`, {
    command,
  })
}

/** The error for a login that exceeded its limit. */
export function endless(command: string, limitMs: number): ExternalError {
  return new ExternalError(
    `The kubeconfig's login command did not finish within ${seconds(limitMs)} and was ended: ${command}`,
    {
      command,
      nextSteps: [
        commented(kubectlCommand(['auth', 'whoami']), 'runs the same command: see what it waits for'),
        'log in that way, then repeat the command',
      ],
    },
  )
}

function seconds(ms: number): string {
  return ms >= 120_000 ? `${ms / 60_000} min` : `${ms / 1000} s`
}
