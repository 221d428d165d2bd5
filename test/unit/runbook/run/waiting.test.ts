import { describe, expect, test } from 'vitest'
import { shift } from '../../../../src/operations/shift.js'
import { SEED } from '../../rollout/seed-values.js'
import type { ModelCluster } from '../../../support/model-cluster/cluster.js'
import { TestClock } from '../../../support/test-clock.js'
import { modelRun, RUN, runbookOf } from './run-model.js'
import { failureOf } from '../../../support/failure-of.js'

const HOUR_MS = 3_600_000

/** The release's last change was then. */
function changed(cluster: ModelCluster, at: number): void {
  cluster.revisions[0]!.updated = new Date(at).toISOString()
}

describe('a pause', () => {
  const STEPS = '  - start: v2\n  - shift: 50\n  - pause: 1h\n  - run: after\n'

  test('counts from the last change: one that is past is not waited for', async () => {
    const { run, cluster, context, told } = modelRun(SEED[4])
    changed(cluster, context.clock.now() - 2 * HOUR_MS)
    await run(runbookOf(STEPS))
    expect(told.map(({ type }) => type)).not.toContain('waiting')
  })

  test('waits for what is left of it, and verifies the stage meanwhile', async () => {
    const { run, cluster, context, told } = modelRun(SEED[4])
    const { clock } = context
    const end = clock.now() + 150
    changed(cluster, end - HOUR_MS)
    await run(runbookOf(STEPS))
    expect(clock.now()).toBe(end)
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'waiting', until: new Date(end).toISOString() }),
    )
    expect(told).toContainEqual(expect.objectContaining({ type: 'watched', proofs: 1, probes: 918 }))
    const [found, watched] = cluster.calls.filter((call) => call === 'prove')
    expect([found, watched]).toEqual(['prove', 'prove'])
  })

  test('watches with few probes', async () => {
    const { run, cluster, context, verifier } = modelRun(SEED[4])
    changed(cluster, context.clock.now() + 100 - HOUR_MS)
    await run(runbookOf(STEPS))
    expect(verifier.requests.map(({ rate }) => rate)).toEqual([250, 10])
  })

  test('may watch for ever: what its proofs may fail by chance stays within a bound', async () => {
    const { run, cluster, context, verifier } = modelRun(SEED[4])
    changed(cluster, context.clock.now() + 2500 - HOUR_MS)
    await run(runbookOf(STEPS))
    const [found, ...watched] = verifier.requests.map(({ alpha }) => alpha)
    expect(watched.length).toBeGreaterThanOrEqual(2)
    const spent = watched.map((alpha, index) => alpha * (index + 1) * (index + 2))
    expect(Math.max(...spent)).toBeCloseTo(0.0005, 10) // half of 0.1 %, in 1/2 + 1/6 + 1/12 + …
    expect(Math.min(...spent)).toBeCloseTo(0.0005, 10)
    expect(found).toBeCloseTo(0.0005 / 3, 10) // of the stage that is found and of two steps
  })

  test('does not watch where it says so', async () => {
    const { run, cluster, context } = modelRun(SEED[4])
    changed(cluster, context.clock.now() + 100 - HOUR_MS)
    await run(runbookOf('  - start: v2\n  - shift: 50\n  - pause: {for: 1h, watch: false}\n'))
    expect(cluster.calls.filter((call) => call === 'prove')).toHaveLength(1)
  })

  test('a failure is acted on at once', async () => {
    const { run, cluster, context, verifier } = modelRun(SEED[4], { context: { onFailure: 'abort' } })
    changed(cluster, context.clock.now())
    verifier.verdicts = ['pass', 'fail']
    const error = await failureOf(run(runbookOf(STEPS)))
    expect(error.outcome).toBe('rolledBack')
    expect(cluster.revisions.at(-1)!.config).toEqual(SEED[1])
  })

  test('what could not be told leaves it as it is', async () => {
    const { run, cluster, context, verifier } = modelRun(SEED[4], { context: { onFailure: 'abort' } })
    changed(cluster, context.clock.now() + 100 - HOUR_MS)
    verifier.verdicts = ['pass', 'inconclusive']
    await expect(run(runbookOf(STEPS))).resolves.toMatchObject({ isWhole: true })
    expect(cluster.revisions).toHaveLength(1)
  })

  test('a failure that is found right before its end is one, too', async () => {
    const { run, cluster, context, verifier } = modelRun(SEED[4], { context: { onFailure: 'abort' } })
    const { clock } = context
    changed(cluster, clock.now() + 50 - HOUR_MS)
    verifier.verdicts = ['pass', 'fail']
    // Going back takes longer than the pause.
    cluster.duringUpgrade = () => clock.sleep(100)
    expect((await failureOf(run(runbookOf(STEPS)))).outcome).toBe('rolledBack')
  })

  test('ends when it is interrupted, and nothing is gone back from', async () => {
    const { run, cluster, context, abort } = modelRun(SEED[4], { context: { onFailure: 'abort' } })
    changed(cluster, context.clock.now())
    void context.clock.sleep(100).then(() => abort.abort('SIGINT'))
    await expect(run(runbookOf(STEPS))).rejects.toBeDefined()
    expect(cluster.revisions).toHaveLength(1)
  })
})

describe('a window', () => {
  const WINDOW = 'windows: {office: {days: [mon], from: "09:00", to: "16:00", tz: Europe/Berlin}}\n'
  const STEPS = '  - start: v2\n  - shift: 50\n    when: {window: office}\n'
  const OPENS = Date.parse('2026-11-23T08:00:00Z')
  const SUNDAY = Date.parse('2026-11-22T12:00:00Z')
  const MONDAY = Date.parse('2026-11-23T12:00:00Z')

  test('that is open is no matter', async () => {
    const { run, told } = modelRun(SEED[3], {
      context: { clock: new TestClock(MONDAY) },
      world: { noWait: true },
    })
    await run(runbookOf(STEPS, WINDOW))
    expect(told.map(({ type }) => type)).not.toContain('waiting')
  })

  test('that is shut ends the run with exit 8 where nobody waits, and says when it opens', async () => {
    const { run, cluster } = modelRun(SEED[3], {
      context: { clock: new TestClock(SUNDAY) },
      world: { noWait: true },
    })
    const error = await failureOf(run(runbookOf(STEPS, WINDOW)))
    expect(error.exitCode).toBe(8)
    expect(error.message).toMatch(
      /waits for the window office, which opens at 2026-11-23 09:00 Europe\/Berlin\./,
    )
    expect(error.nextSteps).toEqual([`${RUN.command}    (at 2026-11-23 09:00 Europe/Berlin or later)`])
    expect(cluster.revisions).toHaveLength(1)
  })

  test('is waited for until it opens', async () => {
    // The model proves the stage once a second: a night of it would be 70,000 proofs.
    const clock = new TestClock(OPENS - 5000)
    const { run, told } = modelRun(SEED[3], { context: { clock } })
    const { stage } = await run(runbookOf(STEPS, WINDOW))
    expect(clock.now()).toBeGreaterThanOrEqual(OPENS)
    expect(stage).toMatchObject({ weight: 50 })
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'waiting', for: 'the window office (2026-11-23 09:00 Europe/Berlin)' }),
    )
  })
})

describe('an approval', () => {
  const STEPS = '  - start: v2\n  - approve: {id: qa, message: Fine?}\n  - shift: 50\n'

  test('that nobody can give ends the run with exit 8, and says how to go on', async () => {
    const { run, cluster } = modelRun(SEED[3])
    const error = await failureOf(run(runbookOf(STEPS)))
    expect(error.exitCode).toBe(8)
    expect(error.message).toBe('Step qa of echo waits for an approval: Fine?')
    expect(error.nextSteps[0]).toBe(`${RUN.command} --approve qa    (approves it and continues)`)
    expect(cluster.revisions).toHaveLength(1)
  })

  test('of the command line is kept in the cluster, with who and why', async () => {
    const { run, cluster } = modelRun(SEED[3], { world: { approved: new Map([['qa', 'tried it']]) } })
    await run(runbookOf(STEPS))
    expect(await cluster.approvals()).toEqual([
      { run: RUN.id, step: 'qa', revision: 1, who: 'ann@host', why: 'tried it', at: expect.any(String) },
    ])
  })

  const given = { run: RUN.id, step: 'qa', revision: 1, who: 'bob@host', why: '', at: '2026-01-01T00:00:00Z' }

  test('that was given before holds', async () => {
    const { run, cluster, told } = modelRun(SEED[3])
    await cluster.approve('echo', 'echo', given)
    await expect(run(runbookOf(STEPS))).resolves.toMatchObject({ stage: { weight: 50 } })
    expect(told).toContainEqual(expect.objectContaining({ type: 'approved', who: 'bob@host' }))
  })

  test.each([
    ['of another run', { run: 'fedcba987654' }],
    ['of another step', { step: 'ops' }],
    ['of a revision before', { revision: 0 }],
  ])('%s does not hold', async (_title, other) => {
    const { run, cluster } = modelRun(SEED[3])
    await cluster.approve('echo', 'echo', { ...given, ...other })
    expect((await failureOf(run(runbookOf(STEPS)))).exitCode).toBe(8)
  })

  test('is void once the release was changed', async () => {
    const steps =
      '  - start: v2\n  - approve: {id: qa}\n  - run: meanwhile\n  - approve: {id: ops}\n  - shift: 50\n'
    const ran = modelRun(SEED[3], {
      world: {
        approved: new Map([['qa', '']]),
        runCommand: async () => {
          await ran.cluster.approve('echo', 'echo', { ...given, step: 'ops' })
          await shift(ran.context, { app: 'echo', weight: 10 })
          return 0
        },
      },
    })
    const error = await failureOf(ran.run(runbookOf(steps)))
    expect(error.message).toMatch(/^Step ops of echo waits/)
  })

  test('is asked for where somebody is there: yes', async () => {
    const asked: string[] = []
    const { run } = modelRun(SEED[3], {
      world: { askToApprove: (question) => Promise.resolve(asked.push(question) > 0) },
    })
    await expect(run(runbookOf(STEPS))).resolves.toMatchObject({ stage: { weight: 50 } })
    expect(asked[0]).toMatch(/^echo: Fine\? \(header: requests with stage: canary go to v2/)
  })

  test('is asked for where somebody is there: no', async () => {
    const { run, cluster } = modelRun(SEED[3], { world: { askToApprove: () => Promise.resolve(false) } })
    const error = await failureOf(run(runbookOf(STEPS)))
    expect(error).toMatchObject({ outcome: 'waiting', message: 'Step qa of echo was not approved.' })
    expect(cluster.revisions).toHaveLength(1)
  })

  test('that comes too late is a failure, counted from the last change', async () => {
    const { run, cluster, context } = modelRun(SEED[3], { context: { onFailure: 'abort' } })
    changed(cluster, context.clock.now() - 25 * HOUR_MS)
    const steps = '  - start: v2\n  - approve: {id: qa, timeout: 24h}\n  - shift: 50\n'
    const error = await failureOf(run(runbookOf(steps)))
    expect(error.outcome).toBe('rolledBack')
    expect(error.message).toMatch(/Nobody approved step qa of echo within 24h\./)
  })

  test('that comes too late is none, though the command line gives it', async () => {
    const { run, cluster, context } = modelRun(SEED[3], { world: { approved: new Map([['qa', '']]) } })
    changed(cluster, context.clock.now() - 25 * HOUR_MS)
    const steps = '  - start: v2\n  - approve: {id: qa, timeout: 24h}\n  - shift: 50\n'
    const error = await failureOf(run(runbookOf(steps)))
    expect(error.outcome).toBe('failed')
    expect(error.nextSteps).toEqual([
      'canary abort echo    (rolls back)',
      `${RUN.command}    (once the runbook allows more time)`,
    ])
    expect(cluster.revisions).toHaveLength(1)
  })
})
