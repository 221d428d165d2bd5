import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '../../soak/build.js'
import { kills } from '../../soak/kills.js'
import type { PartOptions, PartReport } from '../../soak/part.js'
import { races } from '../../soak/races.js'
import { GATEWAY_API, GLOO, type ProviderCase } from '../support/providers.js'

/** The short version of `npm run soak` (docs/soak.md): a few kills and a race; failing API calls are played one by one in hostile.test.ts. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-soak-kept-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(
  part: (options: PartOptions) => Promise<PartReport>,
  count: number,
  provider: ProviderCase,
): Promise<PartReport> {
  const log: string[] = []
  const report = await part({
    root: projectRoot,
    major: 4,
    providers: [provider],
    count,
    seconds: 60,
    seed: 7,
    workers: 1,
    isBrief: true,
    usual: { start: 1500, shift: 1000, finish: 1500, abort: 1500 },
    folder,
    log: (line) => log.push(line),
  })
  expect(report.problems, log.join('\n')).toEqual([])
  expect(report.failedRequests).toBe(0)
  expect(report.requests).toBeGreaterThan(100)
  return report
}

test('killed at any moment, the same command with --recover reaches its target', async () => {
  expect(await run(kills, 2, GATEWAY_API)).toMatchObject({
    tried: 2,
    reached: 2,
    exits: { 0: 2 },
    orphans: 0,
  })
})

test('of two operators one wins each revision, and no update is lost', async () => {
  expect(await run(races, 1, GLOO)).toMatchObject({ tried: 1, reached: 1 })
})
