import { CanaryError } from '../model/errors.js'
import { EXIT_CODES, type Outcome } from '../model/exit-codes.js'
import type { RunApp } from '../model/run-events.js'
import type { AppEnd } from './app-run.js'
import type { RunIdentity } from './app-surroundings.js'

/** How it ended for one app. */
export interface AppOutcome extends RunApp, Partial<AppEnd> {
  /** `left out`: not begun, as another failed or waits. */
  outcome: Outcome | 'left out'
  message?: string
  error?: CanaryError
}

/** What a run came to. */
export interface RunResult {
  run: string
  runId: string
  apps: Omit<AppOutcome, 'error'>[]
  /** The command that goes on, where the run stopped before its end as it was told to. */
  next?: string
}

/** Which of several outcomes is the run's: first what needs a person most. */
const WORST: Outcome[] = [
  'bug',
  'stuck',
  'interrupted',
  'terminated',
  'failed',
  'wentBack',
  'external',
  'conflict',
  'usage',
  'inconclusive',
  'busy',
  'waiting',
]

/** The result of a run; throws CanaryError with the worst outcome of its apps where not all got where they were to. */
export function resultOf({ name, id, command }: RunIdentity, outcomes: AppOutcome[]): RunResult {
  const apps = outcomes.map(({ error: _error, ...rest }) => rest)
  const failed = outcomes.filter(({ error }) => error !== undefined)
  const worst = WORST.find((outcome) => failed.some((one) => one.outcome === outcome))
  if (worst === undefined) {
    const isWhole = apps.every((app) => app.outcome === 'done' && app.isWhole)
    return { run: name, runId: id, apps, ...(isWhole ? {} : { next: command }) }
  }
  const first = failed.find(({ outcome }) => outcome === worst)!
  const error = first.error!
  const alone = outcomes.length === 1
  const done = apps.filter(({ outcome }) => outcome === 'done').length
  const others = failed.length > 1 ? `; ${failed.length - 1} more did not get to their end` : ''
  throw new CanaryError(worst, alone ? error.message : `${nameOf(first)}: ${error.message}`, {
    state: error.state,
    details: [
      ...error.details,
      ...(alone
        ? []
        : [
            `${done} of ${apps.length} apps are done${others}`,
            ...apps.filter((_, index) => outcomes[index] !== first).flatMap(lineOf),
          ]),
    ],
    nextSteps: [...new Set([...error.nextSteps, ...goOn(worst, error, command)])],
    evidence: { run: name, runId: id, apps, ...error.evidence },
    cause: error,
  })
}

function goOn(outcome: Outcome, { nextSteps }: CanaryError, command: string): string[] {
  if (outcome === 'conflict' || outcome === 'bug') return []
  if (nextSteps.some((step) => step.startsWith(command))) return []
  return [`${command}    (goes on where each app is)`]
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}

/** Those that are done need no line of their own. */
function lineOf(one: Omit<AppOutcome, 'error'>): string[] {
  const { outcome, message } = one
  if (outcome === 'done') return []
  const what = outcome === 'left out' ? 'not begun' : `${outcome} (exit ${EXIT_CODES[outcome].code})`
  return [`${nameOf(one)}: ${what}${message === undefined ? '' : `: ${message}`}`]
}
