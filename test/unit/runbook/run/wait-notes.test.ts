import { describe, expect, test } from 'vitest'
import { approve } from '../../../../src/operations/approve.js'
import { listRuns } from '../../../../src/operations/runs.js'
import { shift } from '../../../../src/operations/shift.js'
import { status } from '../../../../src/operations/status.js'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import { renderRuns } from '../../../../src/report/text/runs-text.js'
import { renderStatus } from '../../../../src/report/text/status-text.js'
import { SEED } from '../../rollout/seed-values.js'
import { modelRun, RUN, runbookOf } from './run-model.js'
import { failureOf } from '../../../support/failure-of.js'

const HOUR_MS = 3_600_000
const PLAIN = createPalette(false)

const APPROVED = runbookOf('  - start: v2\n  - approve: {id: qa, message: Ok?}\n  - shift: 50\n  - finish\n')
const BY_OTHER = runbookOf(
  '  - start: v2\n  - approve: {id: qa, message: Ok?, by: other}\n  - shift: 50\n  - finish\n',
)

describe('what a run waits for', () => {
  test('an approval: status says so, and its next commands are the run’s', async () => {
    const { run, context } = modelRun(SEED[1])
    expect(await failureOf(run(APPROVED))).toMatchObject({ exitCode: 8 })
    const found = await status(context, { app: 'echo' })
    expect(found).toMatchObject({
      waiting: { run: RUN.id, step: 'qa', kind: 'approval', message: 'Ok?', revision: 3 },
      next: [
        'canary approve echo qa --why REASON    (approves)',
        'canary run nightly.yaml    (continues once it is approved)',
      ],
      undo: 'canary abort echo',
    })
    const text = renderStatus(found, PLAIN, Date.parse(found.waiting!.since) + 120_000)
    expect(text).toContain('waits for approval of step qa: Ok? (nightly, run 0123456789ab; began 2 min ago)')
    expect(text).not.toContain('canary shift')
    expect(renderRuns(await listRuns(context), PLAIN, Date.now())).toMatch(
      /^echo\n {2}waits for approval of step qa: Ok\?.*\n {2}next {4}canary approve echo qa --why REASON {4}\(approves\)\n {10}canary run nightly.yaml {4}\(continues once it is approved\)$/,
    )
  })

  test('it is over once the release was changed by other means, and once the run goes on', async () => {
    const { run, context, cluster } = modelRun(SEED[1])
    await failureOf(run(APPROVED))
    await shift(context, { app: 'echo', weight: 10 })
    expect((await status(context, { app: 'echo' })).waiting).toBeUndefined()
    expect(await listRuns(context)).toEqual([])
    const approved = modelRun(undefined, { cluster, world: { approved: new Map([['qa', 'fine']]) } })
    await approved.run(APPROVED)
    expect(cluster.waiting).toBeUndefined()
  })

  test('a pause and a window are noted while they last; Ctrl-C leaves the note', async () => {
    const { run, cluster, abort, context } = modelRun(SEED[4])
    cluster.revisions[0]!.updated = new Date(Date.now() + 1500 - HOUR_MS).toISOString()
    const paused = runbookOf(
      '  - start: v2\n  - shift: 50\n  - pause: {for: 1h, watch: false}\n  - run: after\n',
    )
    const noted: unknown[] = []
    const noteWait = cluster.noteWait.bind(cluster)
    cluster.noteWait = (app, namespace, wait) => {
      noted.push(wait)
      return noteWait(app, namespace, wait)
    }
    await run(paused)
    expect(noted).toEqual([
      expect.objectContaining({ kind: 'pause', step: 'pause', until: expect.any(String), revision: 1 }),
    ])
    expect(cluster.waiting).toBeUndefined()
    cluster.revisions[0]!.updated = new Date().toISOString()
    cluster.noteWait = (app, namespace, wait) => {
      abort.abort('SIGINT')
      return noteWait(app, namespace, wait)
    }
    await failureOf(run(paused))
    expect((await status(context, { app: 'echo' })).next).toEqual([
      'canary run nightly.yaml    (continues where it is)',
    ])
  })

  test('a rollout of a run that is between two waits goes on by the run, too', async () => {
    const { context, cluster } = modelRun(SEED[3])
    cluster.revisions[0]!.description =
      'canary start echo v2: send requests with stage: canary to v2 (run 0123456789ab, step start) (by ann@host)'
    expect((await status(context, { app: 'echo' })).next).toEqual([
      'the command of run 0123456789ab again    (continues after step start)',
    ])
  })

  test('a run goes on although nothing may be kept', async () => {
    const { run, cluster } = modelRun(SEED[1], { world: { approved: new Map([['qa', '']]) } })
    const { ExternalError } = await import('../../../../src/model/errors.js')
    cluster.noteWait = () => Promise.reject(new ExternalError('you may not'))
    expect(await run(APPROVED)).toMatchObject({ isWhole: true })
  })
})

describe('canary approve', () => {
  test.each(['echo', RUN.id, RUN.name])(
    'by %s: bound to the run, the step and the revision',
    async (target) => {
      const { run, context, cluster } = modelRun(SEED[1])
      cluster.user = 'alice@example.com'
      await failureOf(run(APPROVED))
      const { approved, next } = await approve(context, { target, step: 'qa', why: 'tried it' })
      expect(approved).toMatchObject([
        { app: 'echo', run: RUN.id, step: 'qa', revision: 3, identity: 'alice@example.com', who: 'ann@host' },
      ])
      expect(next).toEqual(['canary run nightly.yaml'])
      expect(cluster.revisions).toHaveLength(3)
      expect(await run(APPROVED)).toMatchObject({ isWhole: true })
    },
  )

  test('nothing waits for it: exit 6, with what is waited for', async () => {
    const { run, context } = modelRun(SEED[1])
    await failureOf(run(APPROVED))
    expect(await failureOf(approve(context, { target: 'echo', step: 'legal', why: '' }))).toMatchObject({
      exitCode: 6,
      details: ['echo waits for approval qa: Ok?'],
    })
    expect(await failureOf(approve(context, { target: 'weekly', step: 'qa', why: '' }))).toMatchObject({
      exitCode: 6,
    })
  })
})

describe('approve: {by: other}', () => {
  test('who started it can’t approve, by neither way; another can', async () => {
    const { run, context, cluster } = modelRun(SEED[1])
    cluster.user = 'alice'
    expect((await failureOf(run(BY_OTHER))).message).toContain('by somebody other than who started the run')
    const own = modelRun(undefined, { cluster, world: { approved: new Map([['qa', 'me']]) } })
    expect(await failureOf(own.run(BY_OTHER))).toMatchObject({
      exitCode: 8,
      message: expect.stringContaining('alice started the run'),
    })
    const asking = { target: 'echo', step: 'qa', why: '' }
    expect((await failureOf(approve(context, asking))).message).toContain('alice started the run')
    // A note that somebody wrote into the Lease as alice counts for nothing either.
    await cluster.approve('echo', 'echo', {
      run: RUN.id,
      step: 'qa',
      revision: 3,
      who: 'bob@host',
      identity: 'alice',
      why: '',
      at: '',
    })
    expect(await failureOf(run(BY_OTHER))).toMatchObject({ exitCode: 8 })
    cluster.user = 'bob'
    expect(await own.run(BY_OTHER)).toMatchObject({ isWhole: true })
    expect(own.told).toContainEqual(expect.objectContaining({ type: 'approved', identity: 'bob' }))
  })

  test.each([
    ['the API server names nobody', undefined, undefined, 'whose identity the API server did not report'],
    ['it names the starter only', 'alice', undefined, 'does not report your identity'],
  ])('what can’t be told is refused: %s', async (_name, starter, approver, says) => {
    const { run, context, cluster } = modelRun(SEED[1])
    cluster.user = starter
    await failureOf(run(BY_OTHER))
    cluster.user = approver
    const error = await failureOf(approve(context, { target: 'echo', step: 'qa', why: '' }))
    expect(error.message).toContain(says)
  })

  test('a rollout that this run did not begin has no starter to be told from', async () => {
    const { run, cluster } = modelRun(SEED[3], { world: { approved: new Map([['qa', '']]) } })
    cluster.user = 'bob'
    expect((await failureOf(run(BY_OTHER))).message).toContain(
      'the app has no record of who started this run',
    )
  })
})
