import { appendFileSync } from 'node:fs'
import type { RunEvent } from '../model/run-events.js'
import { CiLog, GITHUB, gitlab } from '../report/ci-log.js'
import { CiSummary, type SummaryApp } from '../report/ci-summary.js'
import type { Output } from './output.js'
import type { RunTerminal } from './run-terminal.js'

/** What a run writes for the CI system it runs in, beside its lines. */
export interface Ci {
  before(event: RunEvent): void
  after(event: RunEvent): void
  ended(outcome: { run: string; runId: string; apps: SummaryApp[]; next: string[] }): void
}

/** By the environment: GitHub Actions or GitLab CI; undefined elsewhere. `file` is the runbook's path, where there is one. */
export function ciOf(
  env: Record<string, string | undefined>,
  file: string | undefined,
  terminal: RunTerminal,
  { secrets }: Output,
): Ci | undefined {
  const dialect =
    env.GITHUB_ACTIONS === 'true' ? GITHUB : env.GITLAB_CI === 'true' ? gitlab(Date.now) : undefined
  if (!dialect) return undefined
  const log = new CiLog(dialect, file)
  const summary = new CiSummary()
  const path = env.GITHUB_STEP_SUMMARY
  return {
    before: (event) => {
      for (const line of log.before(event)) terminal.command(line)
    },
    after: (event) => {
      summary.tell(event)
      for (const line of log.after(event)) terminal.command(line)
    },
    ended: (outcome) => {
      if (!path) return
      try {
        appendFileSync(path, secrets.maskText(summary.text(outcome)))
      } catch (error) {
        terminal.say(`! The job summary can't be written: ${(error as Error).message}`)
      }
    },
  }
}
