import { describe, expect, test } from 'vitest'
import { ModelCluster, ModelWorld } from '../../../support/model-cluster/cluster.js'
import { Actor } from '../../../support/model-cluster/turns.js'
import { abort } from '../../../../src/operations/abort.js'
import { shift } from '../../../../src/operations/shift.js'
import { SEED } from '../../rollout/seed-values.js'
import { modelRun, RUN, runbookOf } from './run-model.js'
import { failureOf } from '../../../support/failure-of.js'

const ROLLOUT = `
  - start: v2
  - shift: 25
  - shift: 50
  - shift: 100
  - finish
`

/** Helm's descriptions of the revisions that canary made, without who made them. */
function made({ revisions }: ModelCluster): string[] {
  return revisions.flatMap(
    ({ description }) => description.replace(/ \(by .*/, '').replace('canary ', '') || [],
  )
}

describe('goes through the steps', () => {
  test('from the first to the last, each revision with the run and its step', async () => {
    const { run, cluster } = modelRun(SEED[1])
    const end = await run(runbookOf(ROLLOUT))
    expect(made(cluster)).toEqual([
      'start echo v2: deploy v2 beside v1 (run 0123456789ab, step start)',
      'start echo v2: send requests with stage: canary to v2 (run 0123456789ab, step start)',
      'shift echo 25: send 25 % of the regular requests to v2 (run 0123456789ab, step shift-25)',
      'shift echo 50: send 50 % of the regular requests to v2 (run 0123456789ab, step shift-50)',
      'shift echo 100: send 100 % of the regular requests to v2 (run 0123456789ab, step shift-100)',
      'finish echo: make v2 the primary and remove v1 (run 0123456789ab, step finish)',
    ])
    expect(end).toMatchObject({
      isWhole: true,
      steps: { done: 5, met: 0, of: 5 },
      stage: { name: 'stable', primary: 'v2' },
      revision: 7,
      undo: 'canary undo echo v1',
    })
  })

  test('goes on after what the cluster meets, once that is proven', async () => {
    const { run, cluster, told } = modelRun(SEED[4]) // 50 %
    const end = await run(runbookOf(ROLLOUT))
    expect(cluster.calls[0]).toBe('prove')
    expect(made(cluster).map((text) => text.split(':')[0])).toEqual(['shift echo 100', 'finish echo'])
    expect(end.steps).toEqual({ done: 2, met: 3, of: 5 })
    expect(told[0]).toMatchObject({
      type: 'app-started',
      met: [{ id: 'start' }, { id: 'shift-25' }, { id: 'shift-50' }],
    })
  })

  test('what it found and proved, or disproved, is kept for the history', async () => {
    const { run, cluster, verifier } = modelRun(SEED[4])
    await run(runbookOf('  - start: v2\n  - shift: 25\n'))
    verifier.verdicts = ['pass', 'fail']
    await failureOf(run(runbookOf('  - start: v2\n  - shift: 25\n  - verify\n')))
    const kept = await cluster.recordedProofs()
    expect(kept.map(({ revision, verdict }) => [revision, verdict])).toEqual([
      [1, 'pass'],
      [1, 'pass'],
      [1, 'fail'],
    ])
  })

  test('done already, it proves the stage and changes nothing', async () => {
    const { run, cluster } = modelRun(SEED[4])
    await run(runbookOf(ROLLOUT))
    const before = cluster.calls.length
    const end = await run(runbookOf(ROLLOUT))
    expect(cluster.calls.slice(before)).toEqual(['prove', 'close the way to the proxy'])
    expect(end.steps).toEqual({ done: 0, met: 5, of: 5 })
  })

  test('up to a step, that included', async () => {
    const { run, cluster } = modelRun(SEED[1], { world: { until: 'shift-25' } })
    const end = await run(runbookOf(ROLLOUT))
    expect(end).toMatchObject({ isWhole: false, stage: { name: 'weighted', weight: 25 } })
    expect(made(cluster)).toHaveLength(3)
  })

  test('two rollouts after each other are told apart', async () => {
    const steps = '  - start: v2\n  - shift: 100\n  - finish\n  - start: v3\n  - shift: 100\n  - finish\n'
    const { run, cluster } = modelRun(SEED[1])
    await run(runbookOf(steps))
    const before = cluster.revisions.length
    const end = await run(runbookOf(steps))
    expect(end).toMatchObject({ steps: { done: 0, met: 6 }, stage: { name: 'stable', primary: 'v3' } })
    expect(cluster.revisions).toHaveLength(before)
  })

  test('a rollout gone back from on purpose is not begun again by the run that did it', async () => {
    const steps =
      '  - start: v2\n  - shift: 5\n  - abort\n  - start: {version: v2}\n  - shift: 100\n  - finish\n'
    const { run, cluster } = modelRun(SEED[1], { world: { until: 'abort' } })
    await run(runbookOf(steps))
    expect(cluster.revisions.at(-1)!.description).toContain('step abort')
    const end = await modelRun(undefined, { cluster }).run(runbookOf(steps))
    expect(end).toMatchObject({ steps: { done: 3, met: 3 }, stage: { name: 'stable', primary: 'v2' } })
  })
})

describe('what others do meanwhile', () => {
  const STEPS =
    '  - start: v2\n  - shift: 25\n  - run: meanwhile\n  - shift: 50\n  - shift: 100\n  - finish\n'

  test('a weight that somebody raised is not lowered', async () => {
    const ran = modelRun(SEED[1], {
      world: {
        runCommand: async () => {
          await shift(ran.context, { app: 'echo', weight: 80 })
          return 0
        },
      },
    })
    await ran.run(runbookOf(STEPS))
    const weights = ran.cluster.revisions.map(
      ({ config }) => (config as any).routes?.canary?.weight as unknown,
    )
    expect(weights).not.toContain(50)
    expect(ran.told).toContainEqual(expect.objectContaining({ type: 'step-met', index: 3 }))
  })

  test('a rollout that somebody went back from is a conflict, and not begun again', async () => {
    const ran = modelRun(SEED[1], {
      world: {
        runCommand: async () => {
          await abort(ran.context, { app: 'echo' })
          return 0
        },
      },
    })
    const error = await failureOf(ran.run(runbookOf(STEPS)))
    expect(error.outcome).toBe('conflict')
    expect(error.message).toMatch(/it was rolled back meanwhile \(stable/)
    expect(ran.cluster.revisions.at(-1)!.description).toContain('remove v2')
  })

  test('another version under way is a conflict before anything is changed', async () => {
    const { run, cluster } = modelRun(SEED[3])
    const error = await failureOf(run(runbookOf('  - start: v7\n  - shift: 50\n')))
    expect(error).toMatchObject({ outcome: 'conflict', state: 'Nothing was changed.' })
    expect(error.message).toMatch(/a rollout of v2 is under way, not of v7/)
    expect(cluster.calls).toEqual([])
  })
})

describe('a revision that was left in the middle', () => {
  test('by a run of this runbook that was killed is brought back without asking', async () => {
    const killed = new ModelCluster(new ModelWorld(), new Actor('killed'))
    killed.add(SEED[3], 'deployed')
    await killed.lock({
      app: 'echo',
      namespace: 'echo',
      command: 'shift echo 50',
      who: 'ann@host',
      runId: RUN.id,
      waitMs: 0,
      preempt: false,
      waiting: () => undefined,
    })
    killed.add(SEED[4], 'pending-upgrade')
    killed.operator.dead = true
    const { run, cluster } = modelRun(undefined, { cluster: new ModelCluster(killed.world) })
    const end = await run(runbookOf(ROLLOUT))
    expect(cluster.calls).toContainEqual(expect.stringContaining('rollback to'))
    expect(end.stage).toEqual({ name: 'stable', primary: 'v2' })
  })

  test('by somebody else needs --recover', async () => {
    const { run, cluster } = modelRun(SEED[3])
    cluster.add(SEED[4], 'pending-upgrade')
    const error = await failureOf(run(runbookOf(ROLLOUT)))
    expect(error.outcome).toBe('conflict')
    expect(error.nextSteps.join('\n')).toContain('--recover')
  })

  test('where no change is to follow, it is told', async () => {
    const { run, cluster } = modelRun(SEED[1])
    cluster.add(SEED[2], 'failed')
    const error = await failureOf(run(runbookOf('  - verify\n')))
    expect(error.message).toMatch(/No remaining step changes echo, but its revision 2 is failed/)
  })
})

test('an app past an approval that nobody gave to this run: that is told', async () => {
  const steps = '  - start: v2\n  - approve: {id: qa}\n  - shift: 25\n  - approve: {id: ops}\n  - shift: 50\n'
  const { run, cluster, told } = modelRun(SEED[4])
  const given = {
    run: RUN.id,
    step: 'ops',
    revision: 1,
    who: 'bob@host',
    why: '',
    at: '2026-11-23T10:00:00Z',
  }
  await cluster.approve('echo', 'echo', given)
  await run(runbookOf(steps))
  const warnings = told.filter((event) => event.type === 'operation' && event.event.type === 'warning')
  expect(warnings).toMatchObject([
    { event: { message: 'echo is past step qa, which nobody approved for this run.' } },
  ])
})

describe('a failure', () => {
  test('of a proof goes back where the runbook says so', async () => {
    const { run, verifier } = modelRun(SEED[3], { context: { onFailure: 'abort' } })
    verifier.verdicts = ['pass', 'fail']
    const error = await failureOf(run(runbookOf('  - start: v2\n  - shift: 25\n')))
    expect(error.outcome).toBe('rolledBack')
  })

  test('of a command goes back, too, and names its exit code', async () => {
    const { run, cluster } = modelRun(SEED[3], {
      context: { onFailure: 'abort' },
      world: { runCommand: () => Promise.resolve(3) },
    })
    const error = await failureOf(run(runbookOf('  - start: v2\n  - run: ./smoke.sh\n  - shift: 25\n')))
    expect(error.outcome).toBe('rolledBack')
    expect(error.message).toMatch(/The command of step run failed with exit code 3\./)
    expect(cluster.revisions.at(-1)!.config).toEqual(SEED[1])
  })

  test('of a command stops there where nothing else is said', async () => {
    const { run, cluster } = modelRun(SEED[3], { world: { runCommand: () => Promise.resolve(1) } })
    const error = await failureOf(run(runbookOf('  - start: v2\n  - run: ./smoke.sh\n  - shift: 25\n')))
    expect(error.outcome).toBe('failed')
    expect(error.nextSteps).toEqual(['canary abort echo    (rolls back)'])
    expect(cluster.revisions).toHaveLength(1)
  })
})

test('a command has the variables and the stage in its environment', async () => {
  let env: Record<string, string> = {}
  const { run } = modelRun(SEED[4], {
    world: {
      runCommand: (_command, request) => {
        env = request.env
        return Promise.resolve(0)
      },
    },
  })
  await run(runbookOf('  - start: v2\n  - shift: 50\n  - run: env\n', 'vars: {ticket: {default: "7"}}\n'))
  expect(env).toEqual({
    ticket: '7',
    CANARY_APP: 'echo',
    CANARY_NAMESPACE: 'echo',
    CANARY_CLUSTER: '',
    CANARY_STAGE: 'weighted',
    CANARY_PRIMARY: 'v1',
    CANARY_CANARY: 'v2',
    CANARY_WEIGHT: '50',
    CANARY_REVISION: '1',
    CANARY_RUN: '0123456789ab',
    CANARY_STEP: 'run',
  })
})

test('what differs between apps is put into the texts of steps', async () => {
  const { run, cluster } = modelRun(SEED[1])
  await run(runbookOf('  - start: {version: v2, image: "registry.example/${app}:2"}\n', ''))
  expect(JSON.stringify(cluster.revisions.at(-1)!.config)).toContain('registry.example/echo')
})

test('of a command that prints without end the beginning and the end are told', async () => {
  const { run, told } = modelRun(SEED[1], {
    world: {
      runCommand: (_command, { line }) => {
        for (let number = 1; number <= 10_000; number += 1) line(String(number))
        return Promise.resolve(0)
      },
    },
  })
  await run(runbookOf('  - run: yes\n'))
  const lines = told.flatMap((event) => (event.type === 'command-line' ? [event.text] : []))
  expect(lines).toHaveLength(551)
  expect(lines.slice(499, 502)).toEqual(['500', '… 9450 lines omitted', '9951'])
  expect(lines.at(-1)).toBe('10000')
})
