import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '../../soak/build.js'
import type { PartOptions } from '../../soak/part.js'
import { EVERY_PROVIDER } from '../support/providers.js'
import { runbookKills } from '../../soak/runbook-kills.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-soak-kept-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The short version of that part of `npm run soak` (docs/soak.md): one rollout, killed three times. */
test('a run over two clusters that is killed, alone or with its helm, is gone on with by the same command', async () => {
  const log: string[] = []
  const options: PartOptions = {
    root: projectRoot,
    major: 4,
    providers: EVERY_PROVIDER,
    count: 3,
    seconds: 60,
    seed: 3,
    workers: 1,
    isBrief: true,
    usual: { start: 0, shift: 0, finish: 0, abort: 0 },
    folder,
    log: (line) => log.push(line),
  }
  const report = await runbookKills(options, 3)
  expect(report.problems, log.join('\n')).toEqual([])
  expect(report).toMatchObject({ tried: 3, reached: 3, exits: { 0: 1 }, failedRequests: 0, orphans: 0 })
  expect(report.requests).toBeGreaterThan(100)
})
