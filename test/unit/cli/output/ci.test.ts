import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ciOf, problemNotes } from '../../../../src/cli/output/ci.js'
import { ConflictError } from '../../../../src/model/errors.js'
import type { RunEvent } from '../../../../src/model/events/run-events.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'

const SECRET = 'tok_en%with:odd,*chars*'
const step: RunEvent = {
  type: 'run-step',
  app: 'echo',
  step: { id: 'shift-50', title: 'shift 50', line: 12 },
  index: 0,
  of: 1,
}
const failed = { app: 'echo', outcome: 'failed', message: `it said ${SECRET}` } as const

let folder: string
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'canary-ci-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** What is written of an app that failed, on the terminal. */
function written(env: Record<string, string>, file?: string): string[] {
  const secrets = new Secrets()
  secrets.add(SECRET)
  const lines: string[] = []
  const push = (line: string) => void lines.push(line)
  const ci = ciOf(env, file, { line: push, command: push }, { secrets })
  ci?.after(step)
  ci?.after({ type: 'app-ended', ...failed })
  ci?.ended({ run: 'nightly', runId: '0123456789ab', apps: [failed], next: [`canary verify ${SECRET}`] })
  return lines
}

test('secrets are masked, in the note and in the job summary, whatever is escaped there', () => {
  const file = path.join(folder, 'summary.md')
  const lines = written({ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file })
  expect(lines).toEqual(['::error title=canary%3A echo%2C exit 3::it said ***'])
  const summary = readFileSync(file, 'utf8')
  expect(summary).toContain('**echo**: it said \\*\\*\\*\n')
  expect(summary).toContain('canary verify ***')
  expect(summary).not.toContain('en%with')
})

test('a note names the runbook as the repository does, whichever folder the command runs in', () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder }
  expect(written(env, path.join(folder, 'rollouts', 'nightly.yaml'))[0]).toMatch(
    /^::error file=rollouts\/nightly\.yaml,line=12,/,
  )
  expect(written(env, '../elsewhere.yaml')[0]).toMatch(/^::error file=\.\.\/elsewhere\.yaml,line=12,/)
})

test('a summary that cannot be written is said, and does not end the run', () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path.join(folder, 'no', 'summary.md') }
  expect(written(env)[1]).toMatch(/^! The job summary cannot be written: ENOENT/)
})

test('GitLab has no notes, and elsewhere nothing is written', () => {
  expect(written({ GITLAB_CI: 'true' })).toEqual([])
  expect(written({})).toEqual([])
})

test('what ends a run before it takes up any app is noted, with why', () => {
  const lines: string[] = []
  const push = (line: string) => void lines.push(line)
  const ci = ciOf(
    { GITHUB_ACTIONS: 'true' },
    'nightly.yaml',
    { line: push, command: push },
    { secrets: new Secrets() },
  )
  ci?.failed(
    new ConflictError('Cannot resume echo: its state does not match the runbook.', {
      details: ['echo: v3 is under way'],
    }),
  )
  expect(lines).toEqual([
    '::error file=nightly.yaml,line=1,title=canary%3A exit 6::Cannot resume echo: its state does not match the runbook.%0Aecho: v3 is under way',
  ])
})

test('what is wrong with a runbook is noted at its lines, on GitHub only', () => {
  const secrets = new Secrets()
  secrets.add(SECRET)
  const problems = [
    { position: { line: 3, column: 5 }, message: 'unknown key "aps"; did you mean "apps"?' },
    { position: { line: 9, column: 1 }, message: `vars.token ${SECRET} does not match` },
  ]
  const notes = (env: Record<string, string>) =>
    problemNotes(env, { file: path.join(folder, 'a.yaml'), problems }, { secrets })
  expect(notes({ GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder })).toEqual([
    '::error file=a.yaml,line=3,col=5,title=canary%3A the runbook::unknown key "aps"; did you mean "apps"?',
    '::error file=a.yaml,line=9,col=1,title=canary%3A the runbook::vars.token *** does not match',
  ])
  expect(notes({})).toEqual([])
})
