import { canaryCommand, commented } from '../../model/command-line.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import { EXIT_CODES, type Outcome } from '../../model/exit-codes.js'
import type { Palette } from '../terminal/palette.js'

/** An error in the JSON document. */
export interface ErrorDocument {
  /** The exit code. */
  code: number
  /** The outcome's name in the table of exit codes: `failed`, `external`, … */
  name: Outcome
  message: string
  /** The app's state now. */
  state?: string
  /** Details, a line each. */
  details?: string[]
  nextSteps: string[]
  /** Of an external failure: the command or request, its exit code or HTTP status, and its output. */
  command?: string
  commandCode?: number
  stderr?: string
  evidence?: Record<string, unknown>
}

/** Lines of an external command's stderr that are shown; the document has all of it. */
const STDERR_LINES = 12

/** The document of any thrown value: anything but a CanaryError is a bug in canary. */
export function errorDocument(error: unknown): ErrorDocument {
  if (!(error instanceof CanaryError)) {
    return {
      code: EXIT_CODES.bug.code,
      name: 'bug',
      message: `This is a bug in canary: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      state: 'The app is in the stage of its release; canary cleaned up nothing.',
      nextSteps: [
        commented(canaryCommand(['status', 'APP']), 'where the rollout stands'),
        'report it with this output; the same command with --debug shows where it happened',
      ],
    }
  }
  return {
    code: error.exitCode,
    name: error.outcome,
    message: error.message,
    state: error.state,
    details: error.details.length > 0 ? error.details : undefined,
    nextSteps: error.nextSteps,
    ...(error instanceof ExternalError
      ? { command: error.command, commandCode: error.code, stderr: error.stderr }
      : {}),
    evidence: error.evidence,
  }
}

/** The same for people: what happened, the command's output, the app's state, what to do next. */
export function renderError(error: ErrorDocument, palette: Palette, stack?: string): string {
  const exit = error.commandCode === undefined ? '' : ` (${error.commandCode})`
  const said = (error.stderr ?? '')
    .split('\n')
    .filter((line) => line.trim() && !error.message.includes(line.trim()))
  const shown = said.slice(-STDERR_LINES)
  const left = said.length - shown.length
  return [
    `${error.name === 'waiting' ? palette.warn('…') : palette.bad('✖')} ${error.message}`,
    ...(error.details ?? []).map((line) => `          ${line}`),
    ...(error.command ? [`  ran     ${error.command}${exit}`] : []),
    ...(left > 0 ? [`          (${left} lines left out: --json has them)`] : []),
    ...shown.map((line) => `          ${palette.dim(line)}`),
    ...(error.state ? [`  now     ${error.state}`] : []),
    ...error.nextSteps.map((step, index) => `  ${index === 0 ? 'next' : '    '}    ${palette.strong(step)}`),
    ...(stack ? ['', palette.dim(stack)] : []),
  ].join('\n')
}
