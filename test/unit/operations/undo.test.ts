import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.js'
import type { JsonObject } from '../../../src/model/values.js'
import { finish } from '../../../src/operations/finish.js'
import { history } from '../../../src/operations/history.js'
import { shift } from '../../../src/operations/shift.js'
import { start } from '../../../src/operations/start.js'
import { status } from '../../../src/operations/status.js'
import { undo } from '../../../src/operations/undo.js'
import { verify } from '../../../src/operations/verify.js'
import { SEED } from '../rollout/seed-values.js'
import { type Modelled, modelled } from '../../support/model-cluster/context.js'
import { failureOf } from '../../support/failure-of.js'

/** An app after a finished rollout from v1 to v2. */
function finished(options: Parameters<typeof modelled>[1] = {}): Modelled {
  const made = modelled(SEED[1], options)
  for (const stage of [2, 3, 4, 5, 6] as const) made.cluster.add(SEED[stage], 'deployed')
  return made
}

const undoV1 = { app: 'echo', version: 'v1', fast: false, mayPropose: true }
const undoAny = { ...undoV1, version: undefined }

describe('undo', () => {
  test('proves each step, and all requests before it removes anything', async () => {
    const { cluster, context } = finished()
    const result = await undo(context, { ...undoV1, fast: true })
    expect(cluster.calls).toEqual([
      'upgrade: canary undo echo v1 --fast: deploy v1 beside v2 (by ann@host)',
      'wait for pods: v1',
      'prove',
      'wait for pods: v1',
      'upgrade: canary undo echo v1 --fast: send 100 % of the regular requests to v1 (by ann@host)',
      'prove',
      'upgrade: canary undo echo v1 --fast: make v1 the primary again and remove v2 (by ann@host)',
      'wait for pods gone: v2',
      'prove',
      'close the way to the proxy',
    ])
    expect(result).toMatchObject({ changed: true, stage: { name: 'stable', primary: 'v1' } })
    expect(result.undo).toBe('canary undo echo v2')
  })

  test('stable on VERSION is done: only proven', async () => {
    const { cluster, context } = finished()
    const result = await undo(context, { ...undoV1, version: 'v2' })
    expect(result).toMatchObject({ changed: false, stage: { name: 'stable', primary: 'v2' } })
    expect(result.undo).toBe('canary undo echo v1')
    expect(cluster.calls).toEqual(['prove', 'close the way to the proxy'])
  })

  test('a step that fails leaves a stage to go on from with the same command', async () => {
    const { cluster, context } = finished({ verdicts: ['pass', 'pass', 'fail'] })
    const error = await failureOf(undo(context, undoV1))
    expect(error.exitCode).toBe(3)
    expect(error.nextSteps).toContain('canary abort echo    (roll back)')
    const result = await undo(context, undoV1)
    expect(result.plan.from).toMatchObject({ name: 'weighted', weight: 50 })
    expect(cluster.revisions.at(-1)!.config).toEqual(SEED[1])
  })

  test('a fail after the removal names the way back', async () => {
    const { context } = modelled(SEED[5], { verdicts: ['pass', 'fail'] })
    const error = await failureOf(finish(context, { app: 'echo', jump: false }))
    expect(error.nextSteps).toContain('canary undo echo v1    (roll back)')
  })
})

describe('undo without VERSION', () => {
  test('proposes the version before to a person', async () => {
    const questions: string[] = []
    const confirm = (question: string) => Promise.resolve(questions.push(question) > 0)
    const { cluster, context } = finished({ context: { confirm } })
    const result = await undo(context, undoAny)
    expect(result.stage).toEqual({ name: 'stable', primary: 'v1' })
    expect(questions).toEqual([
      'echo is stable: every request goes to v2. Bring v1, the previous version, back and remove v2 once all requests are verified to reach v1?',
    ])
    expect(cluster.calls[0]).toBe('upgrade: canary undo echo v1: deploy v1 beside v2 (by ann@host)')
  })

  test('changes nothing where the person says no', async () => {
    const { cluster, context } = finished({ context: { confirm: () => Promise.resolve(false) } })
    const error = await failureOf(undo(context, undoAny))
    expect(error).toMatchObject({ outcome: 'interrupted', message: 'Cancelled.' })
    expect(cluster.calls).toEqual([])
  })

  test.each([
    ['nobody can be asked', undefined, true],
    ['every question is answered with yes', () => Promise.resolve(true), false],
  ])('is wrong usage where %s', async (_name, confirm, mayPropose) => {
    const { cluster, context } = finished({ context: { confirm } })
    const error = await failureOf(undo(context, { ...undoAny, mayPropose }))
    expect(error.exitCode).toBe(2)
    expect(error.nextSteps).toEqual(['canary undo echo v1    (the version before)'])
    expect(cluster.calls).toEqual([])
  })

  test('a dry run asks nothing', async () => {
    const confirm = () => Promise.reject(new Error('asked'))
    const { context } = finished({ context: { confirm, dryRun: true } })
    const { plan, commands } = await undo(context, undoAny)
    expect(plan.steps).toHaveLength(5)
    expect(commands[0]).toContain('canary undo echo v1: deploy v1 beside v2')
  })
})

describe('the way back is named', () => {
  test.each<[string, JsonObject[], string | undefined]>([
    ['undo after a finish', [SEED[5], SEED[6]], 'canary undo echo v1'],
    ['none after an install', [SEED[1]], undefined],
    ['none after an abort', [SEED[1], SEED[2], SEED[1]], undefined],
    [
      'abort in a rollout',
      [SEED[5], SEED[6], { ...SEED[6], deployment: { v2: {}, v3: {} } }],
      'canary abort echo',
    ],
  ])('%s', async (_name, configs, command) => {
    const { cluster, context } = modelled()
    for (const config of configs) cluster.add(config, 'deployed')
    expect((await status(context, { app: 'echo' })).undo).toBe(command)
    expect((await verify(context, { app: 'echo' })).undo).toBe(command)
  })

  test('finish names undo, the first time and the second', async () => {
    const { context } = modelled(SEED[5])
    expect((await finish(context, { app: 'echo', jump: false })).undo).toBe('canary undo echo v1')
    expect((await finish(context, { app: 'echo', jump: false })).undo).toBe('canary undo echo v1')
  })
})

describe('after many upgrades', () => {
  /** A rollout of v2 in a dozen shifts, finished, and then so many upgrades of the stable app. */
  async function longRollout(upgrades: number): Promise<Modelled> {
    const made = modelled(SEED[1])
    const { cluster, context } = made
    await start(context, { app: 'echo', version: 'v2', deployOnly: false })
    for (const weight of [1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90])
      await shift(context, { app: 'echo', weight })
    await finish(context, { app: 'echo', jump: false })
    for (let count = 1; count <= upgrades; count += 1)
      cluster.add({ ...cluster.revisions.at(-1)!.config, note: count }, 'deployed')
    return made
  }

  test('a dozen shifts, finish and ten upgrades: undo still knows the version before, and its configuration', async () => {
    const { context } = await longRollout(10)
    const { entries, gaps } = await history(context, { app: 'echo', limit: 50 })
    expect({ first: entries[0]?.revision, gaps }).toEqual({ first: 1, gaps: [] })
    expect((await undo(context, { ...undoV1, fast: true })).stage).toEqual({ name: 'stable', primary: 'v1' })
  })

  test('beyond what Helm keeps it refuses, and says from which revision on that is', async () => {
    const { cluster, context } = await longRollout(40)
    const oldest = cluster.revisions[0]!.revision
    const kept = `which begins with revision ${oldest} (Helm keeps no older ones)`
    expect((await failureOf(undo(context, undoV1))).message).toBe(
      `v1 was never the primary in the history of echo, ${kept}.`,
    )
    expect((await failureOf(undo(context, undoAny))).message).toBe(
      `The history of echo, ${kept}, has no version before v2.`,
    )
  })
})

describe('history', () => {
  test('has the proof of a command that was repeated, and found its target reached', async () => {
    const { context } = modelled(SEED[4])
    await shift(context, { app: 'echo', weight: 50 })
    const { entries } = await history(context, { app: 'echo', limit: 1 })
    expect(entries).toMatchObject([{ revision: 1, proof: 'pass' }])
  })

  test('names who had a failed step rolled back, and by which command', async () => {
    const { cluster, context } = modelled(SEED[4], { context: { recover: true, clock: systemClock } })
    cluster.add({ ...SEED[5] }, 'failed')
    await shift(context, { app: 'echo', weight: 60 })
    const { entries } = await history(context, { app: 'echo', limit: 2 })
    expect(entries[0]).toMatchObject({
      revision: 3,
      what: 'shift echo 60: roll back to revision 1',
      who: 'ann@host',
      byCanary: true,
    })
  })

  test('has the proofs of the revisions, and as many revisions as asked for', async () => {
    const { cluster, context } = finished()
    cluster.recordedProofs = () =>
      Promise.resolve([{ revision: 5, verdict: 'pass', at: '2026-01-01T00:00:09Z', who: 'ann@host' }])
    const { entries, gaps, older } = await history(context, { app: 'echo', limit: 2 })
    expect(entries.map(({ revision, proof }) => [revision, proof])).toEqual([
      [5, 'pass'],
      [6, 'not recorded'],
    ])
    expect({ gaps, older }).toEqual({ gaps: [], older: 4 })
    expect(cluster.calls).toEqual([])
  })

  test('without a release there is none', async () => {
    const { context } = modelled()
    expect((await failureOf(history(context, { app: 'echo', limit: 20 }))).exitCode).toBe(6)
  })

  test('is there where no revision was ever deployed', async () => {
    const { cluster, context } = modelled()
    cluster.add(SEED[1], 'failed')
    const { entries } = await history(context, { app: 'echo', limit: 20 })
    expect(entries).toMatchObject([{ revision: 1, status: 'failed' }])
  })
})
