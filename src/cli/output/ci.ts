import { appendFileSync } from 'node:fs'
import path from 'node:path'
import type { CanaryError } from '../../model/errors.js'
import type { RunEvent } from '../../model/events/run-events.js'
import { CiLog, GITHUB, gitlab } from '../../report/ci/ci-log.js'
import { CiSummary, type SummaryApp } from '../../report/ci/ci-summary.js'
import { plainTexts } from '../../report/terminal/terminal-text.js'
import type { RunbookError } from '../../runbook/file/problems.js'
import type { Output } from './output.js'
import type { RunTerminal } from '../runbook/run-terminal.js'

/** GitHub shows at most 10 annotations of a step. */
const MOST_NOTES = 10

/** What a run writes for the CI system it runs in, beside its lines. */
export interface Ci {
  before(event: RunEvent): void
  after(event: RunEvent): void
  /** The error that ended the run before its first app. */
  failed(error: CanaryError): void
  ended(outcome: { run: string; runId: string; apps: SummaryApp[]; next: string[] }): void
}

/**
 * GitHub Actions or GitLab CI, by the environment; undefined elsewhere. `file` is the runbook's path, if there is one.
 * Secrets are masked before escaping: an escaped secret would not be recognised.
 */
export function ciOf(
  env: Record<string, string | undefined>,
  file: string | undefined,
  terminal: Pick<RunTerminal, 'line' | 'command'>,
  { secrets }: Pick<Output, 'secrets'>,
): Ci | undefined {
  const dialect =
    env.GITHUB_ACTIONS === 'true' ? GITHUB : env.GITLAB_CI === 'true' ? gitlab(Date.now) : undefined
  if (!dialect) return undefined
  const log = new CiLog(dialect, file && inRepository(file, env.GITHUB_WORKSPACE))
  const summary = new CiSummary()
  const summaryFile = env.GITHUB_STEP_SUMMARY
  return {
    before: (event) => {
      for (const line of log.before(plainTexts(secrets.mask(event)))) terminal.command(line)
    },
    after: (event) => {
      const masked = plainTexts(secrets.mask(event))
      summary.report(masked)
      for (const line of log.after(masked)) terminal.command(line)
    },
    failed: ({ outcome, message, details }) => {
      const text = secrets.maskText([message, ...details].join('\n'))
      for (const line of log.failed(outcome, text)) terminal.command(line)
    },
    ended: (outcome) => {
      if (!summaryFile) return
      try {
        appendFileSync(summaryFile, summary.text(secrets.mask(outcome)))
      } catch (error) {
        terminal.line(`! The job summary cannot be written: ${(error as Error).message}`)
      }
    },
  }
}

/** Annotations of GitHub Actions on the lines of an invalid runbook; none elsewhere. */
export function problemNotes(
  env: Record<string, string | undefined>,
  { file, problems }: Pick<RunbookError, 'file' | 'problems'>,
  { secrets }: Pick<Output, 'secrets'>,
): string[] {
  if (env.GITHUB_ACTIONS !== 'true') return []
  const place = inRepository(file, env.GITHUB_WORKSPACE)
  return problems.slice(0, MOST_NOTES).map(({ position, message }) => {
    const note = { title: 'canary: the runbook', message: secrets.maskText(message), file: place }
    return secrets.maskText(GITHUB.annotate('error', { ...note, ...position }))
  })
}

/** The path in the repository, which annotations need, wherever the command is run. */
function inRepository(file: string, workspace: string | undefined): string {
  if (!workspace) return file
  const relative = path.relative(workspace, path.resolve(file))
  return relative.startsWith('..') ? file : relative
}
