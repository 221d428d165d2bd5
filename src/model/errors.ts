import { EXIT_CODES, type Outcome } from './exit-codes.js'

export interface ErrorDetails {
  /** The state of the app now, as a sentence. */
  state?: string
  /** Details, a line each: differences between values, the last lines of a log. */
  details?: string[]
  /** What to do next: commands to copy, or short instructions. */
  nextSteps?: string[]
  /** Evidence worth keeping with the error, JSON-serialisable. */
  evidence?: Record<string, unknown>
  cause?: unknown
}

/**
 * An error that canary expects: what happened, the state of the app, and what to do next.
 * Anything thrown that is not a CanaryError is a bug and is reported as one (exit 1).
 */
export class CanaryError extends Error {
  readonly outcome: Outcome
  readonly state?: string
  readonly details: string[]
  readonly nextSteps: string[]
  readonly evidence?: Record<string, unknown>

  constructor(outcome: Outcome, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.outcome = outcome
    this.state = details.state
    this.details = details.details ?? []
    this.nextSteps = details.nextSteps ?? []
    this.evidence = details.evidence
  }

  get exitCode(): number {
    return EXIT_CODES[this.outcome].code
  }
}

/** Wrong usage or an invalid file (exit 2): nothing was touched. */
export class UsageError extends CanaryError {
  constructor(message: string, details?: ErrorDetails) {
    super('usage', message, details)
  }
}

/** The stage does not fit the command, or the release changed under us (exit 6): nothing was changed by us. */
export class ConflictError extends CanaryError {
  constructor(message: string, details?: ErrorDetails) {
    super('conflict', message, details)
  }
}

export interface ExternalDetails extends ErrorDetails {
  /** `usage` if the failed program rejected its input and touched nothing. */
  outcome?: 'external' | 'usage'
  /** The command line that failed, or the API request (`GET /api/v1/…`). */
  command?: string
  /** Its exit code, or the HTTP status. */
  code?: number
  stderr?: string
}

/** helm, kubectl, the cluster or the pods failed (exit 5; 2 for values the chart refuses). Keeps the command, its exit code and its stderr. */
export class ExternalError extends CanaryError {
  readonly command?: string
  readonly code?: number
  readonly stderr?: string

  constructor(message: string, details: ExternalDetails = {}) {
    super(details.outcome ?? 'external', message, details)
    this.command = details.command
    this.code = details.code
    this.stderr = details.stderr
  }
}
