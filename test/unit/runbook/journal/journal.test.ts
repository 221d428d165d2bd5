import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CanaryEvent } from '../../../../src/model/events/events.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'
import { Journal } from '../../../../src/runbook/journal/journal.js'
import { journalFields } from '../../../../src/runbook/journal/journal-line.js'
import { checkOf, deployStep, header, startPlan, regular } from '../../report/text/samples.js'

let folder: string
let file: string
let said: string[]
beforeEach(async () => {
  said = []
  folder = await mkdtemp(path.join(tmpdir(), 'canary-journal-'))
  file = path.join(folder, 'events.jsonl')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = () => {
  const secrets = new Secrets()
  return Journal.open(
    file,
    (line) => secrets.mask(line),
    (message) => said.push(message),
  )
}
const lines = async () =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

describe('the file', () => {
  test('a line for each thing, with its time and run', async () => {
    const journal = open()
    journal.write({ runId: 'r1', app: 'echo', type: 'note' }, { message: 'one' }, new Date(0))
    journal.write({ runId: 'r1', type: 'note' }, { message: 'two\nlines' })
    journal.close()
    expect(await lines()).toMatchObject([
      { v: 1, time: '1970-01-01T00:00:00.000Z', runId: 'r1', app: 'echo', type: 'note', message: 'one' },
      { runId: 'r1', message: 'two\nlines' },
    ])
  })

  test('goes on where another run ended, without the half of a line that it left', async () => {
    const first = open()
    first.write({ runId: 'r1', type: 'a' })
    first.close()
    await appendFile(file, '{"v":1,"time":"2026-01-01T00:00:00.000Z","runId":"r1","ty')
    const second = open()
    second.write({ runId: 'r2', type: 'b' })
    second.close()
    expect((await lines()).map(({ runId, type }) => [runId, type])).toEqual([
      ['r1', 'a'],
      ['r2', 'b'],
    ])
  })

  test.each([
    ['a text', 'THE LAST LINE WITHOUT A NEWLINE'],
    ["another program's half line", '{"v":1,"runId":"r1","ty'],
    ['a whole line that only lacks its end', '{"v":1,"time":"2026-01-01T00:00:00.000Z","type":"a"}'],
    ['a line longer than what is read', `${'x'.repeat(1024 * 1024)}{"v":1,"time":"2026`],
  ])('%s at the end of the file stays, and gets its newline', async (_, text) => {
    await appendFile(file, `before\n${text}`)
    const journal = open()
    journal.write({ runId: 'r1', type: 'a' })
    journal.close()
    const content = await readFile(file, 'utf8')
    expect(content.startsWith(`before\n${text}\n{"v":1,"time":`)).toBe(true)
  })

  test('secrets are masked', async () => {
    const journal = open()
    journal.write({ runId: 'r1', type: 'planned' }, { values: { password: 'hunter2' } })
    journal.close()
    expect(await readFile(file, 'utf8')).not.toContain('hunter2')
  })

  test('a folder that is not there', () => {
    file = path.join(folder, 'none', 'x')
    expect(open).toThrow(/Cannot write events to .*none\/x/)
  })

  test('a disk that is full later on is told once, and stops nothing', () => {
    file = '/dev/full'
    const journal = open()
    journal.write({ runId: 'r1', type: 'a' })
    journal.write({ runId: 'r1', type: 'b' })
    journal.close()
    expect(said).toEqual([expect.stringMatching(/Events are no longer written to \/dev\/full: ENOSPC/)])
  })

  test('what is no file on a disk is written to as well', () => {
    file = '/dev/null'
    const journal = open()
    journal.write({ runId: 'r1', type: 'a' })
    journal.close()
    expect(said).toEqual([])
  })
})

describe('what is kept of an event', () => {
  test.each<[string, CanaryEvent, object | undefined]>([
    ['counts so far', { type: 'check-progress', checks: [] }, undefined],
    ['pods that start', { type: 'pods', progress: [] }, undefined],
    [
      'a plan',
      { type: 'planned', plan: startPlan },
      { type: 'planned', to: header, steps: [{ name: 'deploy' }, { name: 'header' }] },
    ],
    [
      'an upgrade',
      { type: 'upgraded', step: deployStep, revision: 2, elapsedMs: 40 },
      { type: 'upgraded', step: 'deploy', revision: 2, elapsedMs: 40 },
    ],
    [
      'a check',
      { type: 'check', check: checkOf(regular(0), { v1: 459 }) },
      { type: 'check', kind: 'regular', verdict: 'pass', sent: 459, byVersion: { v1: 459 } },
    ],
    ['a warning', { type: 'warning', message: 'careful' }, { type: 'warning', message: 'careful' }],
  ])('%s', (_title, event, kept) => {
    const fields = journalFields(event)
    if (kept === undefined) expect(fields).toBeUndefined()
    else expect(fields).toMatchObject(kept)
  })

  test('no values, which are long and may be secret', () => {
    expect(JSON.stringify(journalFields({ type: 'planned', plan: startPlan }))).not.toContain('deployment')
  })
})
