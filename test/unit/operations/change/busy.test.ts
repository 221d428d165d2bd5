import type { OperationResult } from '../../../../src/model/results/change.js'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { abort } from '../../../../src/operations/abort.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { finish } from '../../../../src/operations/finish.js'
import { importApp } from '../../../../src/operations/import.js'
import { install } from '../../../../src/operations/install.js'
import { shift } from '../../../../src/operations/shift.js'
import { start } from '../../../../src/operations/start.js'
import { undo } from '../../../../src/operations/undo.js'
import { upgrade } from '../../../../src/operations/upgrade.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { ModelCluster, ModelWorld } from '../../../support/model-cluster/cluster.js'
import { Actor, AT_ONCE, type Turns } from '../../../support/model-cluster/turns.js'
import { SEED } from '../../rollout/seed-values.js'
import { modelRun, runbookOf } from '../../runbook/run/run-model.js'
import { failureOf } from '../../../support/failure-of.js'

/** Everything happens at once, but what is waited for is waited for. */
const WITH_PATIENCE: Turns = {
  ...AT_ONCE,
  until: async (_who, _label, condition, deadline) => {
    while (!condition() && Date.now() < deadline) await setTimeout(2)
    return condition()
  },
}

function patient(): ModelCluster {
  return new ModelCluster(new ModelWorld(WITH_PATIENCE))
}

/** Ben's hold on the app, for the time that the test wants it. */
function heldByBen(cluster: ModelCluster, ben = new Actor('ben', 'b')) {
  return cluster.world.lease.lock(ben, {
    app: 'echo',
    namespace: 'echo',
    command: 'start echo v2',
    who: 'ben@b',
    waitMs: 0,
    preempt: false,
    waiting: () => {},
  })
}

const PATIENCE = { timeout: 60_000 }
const echo = { app: 'echo' }
const mayPropose = false

/** A command, and a stage in the middle of ben's that has nothing, or something wrong, for it. */
const COMMANDS: [string, 1 | 2 | 3 | 4 | 5, (context: OperationContext) => Promise<OperationResult>][] = [
  ['install', 3, (context) => install(context, { ...echo, version: 'v1' })],
  ['start of another version', 3, (context) => start(context, { ...echo, version: 'v3', deployOnly: false })],
  ['start that is done', 3, (context) => start(context, { ...echo, version: 'v2', deployOnly: false })],
  ['shift', 2, (context) => shift(context, { ...echo, weight: 5 })],
  ['shift that is done', 4, (context) => shift(context, { ...echo, weight: 50 })],
  ['finish', 3, (context) => finish(context, { ...echo, jump: false })],
  ['undo', 1, (context) => undo(context, { ...echo, version: 'v0', fast: false, mayPropose })],
  ['upgrade', 4, (context) => upgrade(context, { ...echo, set: ['upstream.fallbackPolicy=NO_FALLBACK'] })],
  ['import', 3, (context) => importApp(context, echo)],
]

describe('while another operator holds the app, nothing is found in the stage in between', () => {
  test.each(COMMANDS)('%s ends busy, exit 10', async (_name, stage, run) => {
    const { cluster, context } = modelled(SEED[stage])
    const lock = await heldByBen(cluster)
    expect(await failureOf(run(context))).toMatchObject({
      exitCode: 10,
      message: 'ben@b holds the app with "canary start echo v2".',
    })
    expect(cluster.calls).toEqual([])
    await lock.release()
  })

  test('with --wait-for-lock it is waited for, and planned from what is there then', async () => {
    const { cluster, context, events } = modelled(SEED[2], {
      cluster: patient(),
      context: { waitForLockMs: 60_000 },
    })
    const lock = await heldByBen(cluster)
    const shifted = shift(context, { app: 'echo', weight: 50 })
    await vi.waitUntil(() => events.some(({ type }) => type === 'note'), PATIENCE)
    cluster.add(SEED[3], 'deployed')
    await lock.release()
    expect(await shifted).toMatchObject({ changed: true, stage: { name: 'weighted', weight: 50 } })
    expect(events).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^waiting: ben@b runs "canary start echo v2"/),
      }),
    )
  })

  test('a person is asked about the plan that is made then', async () => {
    const asked: string[] = []
    const confirm = (question: string) => Promise.resolve(asked.push(question) > 0)
    const { cluster, context, events } = modelled(SEED[3], {
      cluster: patient(),
      context: { waitForLockMs: 60_000, confirm },
    })
    const lock = await heldByBen(cluster)
    const finished = finish(context, { app: 'echo', jump: false })
    await vi.waitUntil(() => events.some(({ type }) => type === 'note'), PATIENCE)
    cluster.add(SEED[4], 'deployed')
    await lock.release()
    expect(await finished).toMatchObject({ stage: { name: 'stable', primary: 'v2' } })
    expect(asked).toHaveLength(1)
  })

  test('abort makes them stop, where it would find nothing to do', async () => {
    const { cluster, context } = modelled(SEED[1], { cluster: patient() })
    const lock = await heldByBen(cluster)
    const aborted = abort(context, { app: 'echo' })
    await vi.waitUntil(() => lock.lost.aborted, PATIENCE)
    await lock.release()
    expect(await aborted).toMatchObject({ changed: false, stage: { name: 'stable' } })
  })

  test('a revision that their helm is about to deploy is not theirs to recover', async () => {
    const { cluster, context } = modelled(SEED[1])
    cluster.add(SEED[2], 'pending-upgrade')
    const lock = await heldByBen(cluster)
    expect(await failureOf(shift(context, { app: 'echo', weight: 5 }))).toMatchObject({ exitCode: 10 })
    await lock.release()
  })

  test('one who died makes nothing busy: the conflict is told', async () => {
    const { cluster, context } = modelled(SEED[2])
    const ben = new Actor('ben', context.operator.split('@')[1])
    await heldByBen(cluster, ben)
    ben.dead = true
    expect(await failureOf(shift(context, { app: 'echo', weight: 5 }))).toMatchObject({ exitCode: 6 })
  })

  test('a dry run takes no lock: it says who holds the app, and plans', async () => {
    const { cluster, context, events } = modelled(SEED[3], { context: { dryRun: true } })
    const lock = await heldByBen(cluster)
    await shift(context, { app: 'echo', weight: 5 })
    const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []))
    expect(notes).toEqual([expect.stringMatching(/^ben@b runs "canary start echo v2" since .*: this plan/)])
    await lock.release()
  })
})

describe('an abort that never ends', () => {
  const another = (cluster: ModelCluster) =>
    cluster.world.lease.lock(new Actor('ben', 'b'), {
      app: 'echo',
      namespace: 'echo',
      command: 'abort echo',
      who: 'ben@b',
      waitMs: 0,
      preempt: true,
      waiting: () => {},
    })

  test('is passed with --break-lock, told and kept in the history', async () => {
    const { cluster, context, events } = modelled(SEED[4])
    const lock = await another(cluster)
    expect(await failureOf(abort(context, echo))).toMatchObject({ exitCode: 10 })
    const aborted = await abort(context, { ...echo, breakLock: true })
    expect(aborted).toMatchObject({ stage: { name: 'stable', primary: 'v1' } })
    expect(lock.lost.aborted).toBe(true)
    expect(cluster.revisions.at(-1)!.description).toMatch(/^canary abort echo --break-lock: remove v2/)
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: expect.stringContaining('The lock on echo was broken: ben@b'),
      }),
    )
  })

  test('a person is asked; with a no it stays busy', async () => {
    const answers = [false, true]
    const decide = () => Promise.resolve(answers.shift() === true)
    const { cluster, context } = modelled(SEED[4], { context: { decide } })
    await another(cluster)
    expect(await failureOf(abort(context, echo))).toMatchObject({ exitCode: 10 })
    expect(await abort(context, echo)).toMatchObject({ stage: { name: 'stable' } })
    expect(answers).toEqual([])
  })
})

describe('a run', () => {
  const RUNBOOK = runbookOf('  - start: v2\n  - shift: 50\n  - finish\n')

  test('that meets a rollout of another version in the hands of another operator is busy', async () => {
    const { cluster, run } = modelRun(SEED[3])
    const lock = await heldByBen(cluster)
    const another = runbookOf('  - start: v3\n  - shift: 50\n  - finish\n')
    expect(await failureOf(run(another))).toMatchObject({ exitCode: 10 })
    await lock.release()
    expect(await failureOf(run(another))).toMatchObject({ exitCode: 6 })
  })

  test('proves nothing that another operator is about to change', async () => {
    const { cluster, run, events } = modelRun(SEED[3], {
      cluster: patient(),
      context: { waitForLockMs: 60_000 },
    })
    const lock = await heldByBen(cluster)
    const ended = run(RUNBOOK)
    await vi.waitUntil(() => events.some(({ type }) => type === 'note'), PATIENCE)
    expect(cluster.calls).toEqual([])
    await lock.release()
    expect(await ended).toMatchObject({ isWhole: true })
  })
})
