import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Output } from '../../../../src/cli/output/output.js'
import { openRunJournal } from '../../../../src/cli/runbook/run-journal.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'
import { RUN } from '../../runbook/run/run-model.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'canary-journal-'))
  vi.stubEnv('XDG_STATE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const output = { secrets: new Secrets() } as unknown as Output

test('whatever a run is called, its journal is a file of its own, and goes on in the same', () => {
  const name = `../Friday / release\n${'x'.repeat(300)}`
  const files = new Set<string>()
  for (const outcome of ['waiting', 'done']) {
    const journal = openRunJournal(undefined, { ...RUN, name }, output, (message) => expect.fail(message))!
    files.add(journal.file)
    expect(path.dirname(journal.file)).toBe(path.join(folder, 'canary', 'runs'))
    journal.begin({ run: name })
    journal.end({ outcome })
  }
  const [file, ...others] = files
  expect(others).toEqual([])
  const types = readFileSync(file!, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).type as string)
  expect(types).toEqual(['run-started', 'run-ended', 'run-started', 'run-ended'])
})
