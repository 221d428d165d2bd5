import { commented } from '../../model/command-line.js'
import type { AppResult, RunResult } from '../../model/results/run.js'
import { CanaryError } from '../../model/errors.js'
import { EXIT_CODES, type Outcome } from '../../model/exit-codes.js'
import type { RunApp } from '../../model/events/run-events.js'
import type { RunIdentity } from './app-context.js'

/** The same with the error it failed with. */
export interface AppOutcome extends AppResult {
  error?: CanaryError
}

/** Which of several outcomes is the run's: first what needs a person most. */
const WORST: Outcome[] = [
  'bug',
  'stuck',
  'interrupted',
  'terminated',
  'failed',
  'rolledBack',
  'external',
  'conflict',
  'usage',
  'inconclusive',
  'busy',
  'waiting',
]

/** The result of a run; throws CanaryError with the worst outcome of its apps unless all reached their goal. */
export function resultOf({ name, id, command, onward }: RunIdentity, outcomes: AppOutcome[]): RunResult {
  const apps = outcomes.map(({ error: _error, ...rest }) => rest)
  const failed = outcomes.filter(({ error }) => error !== undefined)
  const worst = WORST.find((outcome) => failed.some((one) => one.outcome === outcome))
  if (worst === undefined) {
    const isWhole = apps.every((app) => app.outcome === 'done' && app.isWhole)
    return { run: name, runId: id, apps, ...(isWhole ? {} : { next: onward }) }
  }
  const first = failed.find(({ outcome }) => outcome === worst)!
  const error = first.error!
  const alone = outcomes.length === 1
  const done = apps.filter(({ outcome }) => outcome === 'done').length
  throw new CanaryError(worst, alone ? error.message : `${nameOf(first)}: ${error.message}`, {
    state: error.state,
    details: [
      ...stepLine(first),
      ...error.details,
      ...(alone
        ? []
        : [
            `${done} of ${apps.length} apps done`,
            ...apps.filter((_, index) => outcomes[index] !== first).flatMap(lineOf),
          ]),
    ],
    nextSteps: nextSteps(worst, error.nextSteps, command),
    evidence: { run: name, runId: id, apps, ...error.evidence },
    cause: error,
  })
}

/** The steps that an operation names would bypass the runbook: the run itself continues. */
function nextSteps(outcome: Outcome, own: string[], command: string): string[] {
  const again = commented(command, 'continues where each app is')
  switch (outcome) {
    case 'conflict':
    case 'bug':
      return own
    case 'busy':
      return [commented(`${command} --wait-for-lock 2m`, 'waits for the other operator')]
    case 'rolledBack':
      return [commented(command, 'once the cause is fixed: starts over')]
    case 'external':
    case 'inconclusive':
    case 'interrupted':
    case 'terminated':
      return [...new Set([again, ...own.filter((step) => !step.startsWith(command))])]
    default:
      return own.some((step) => step.startsWith(command)) ? own : [...own, again]
  }
}

function stepLine({ step }: AppOutcome): string[] {
  return step === undefined ? [] : [`in step ${step.number}: ${step.title}`]
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}

/** Apps that are done need no line of their own. */
function lineOf(one: AppResult): string[] {
  const { outcome, message } = one
  if (outcome === 'done') return []
  const what = outcome === 'left out' ? 'not started' : `${outcome} (exit ${EXIT_CODES[outcome].code})`
  return [`${nameOf(one)}: ${what}${message === undefined ? '' : `: ${message}`}`]
}
