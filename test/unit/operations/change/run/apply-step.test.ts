import { describe, expect, test } from 'vitest'
import type { AppLock } from '../../../../../src/cluster/ports/locks.js'
import type { Cluster } from '../../../../../src/cluster/port.js'
import type { UpgradeRequest } from '../../../../../src/cluster/ports/releases.js'
import type { CanaryError } from '../../../../../src/model/errors.js'
import { ExternalError } from '../../../../../src/model/errors.js'
import type { CanaryEvent } from '../../../../../src/model/events/events.js'
import type { ReleaseStatus, Revision } from '../../../../../src/model/release.js'
import type { JsonObject } from '../../../../../src/model/values.js'
import { applyStep, UnfinishedError } from '../../../../../src/operations/change/run/apply-step.js'
import type { OperationContext } from '../../../../../src/operations/context.js'
import { TestClock } from '../../../../support/test-clock.js'

const BEFORE: JsonObject = { routes: { canary: { weight: 25 } } }
const OURS: JsonObject = { routes: { canary: { weight: 50 } } }
const THEIRS: JsonObject = { routes: { canary: { weight: 75 } } }

function revision(number: number, status: ReleaseStatus, config: JsonObject, description = ''): Revision {
  return {
    name: 'echo',
    namespace: 'echo',
    revision: number,
    status,
    description,
    updated: '2026-01-01T00:00:00Z',
    chart: { metadata: { name: 'gloo-app', version: '0.1.0' }, templates: [], files: [], values: {} },
    config,
    manifest: '',
  }
}

const DEPLOYED = revision(4, 'deployed', BEFORE)
const REQUEST: UpgradeRequest = {
  app: 'echo',
  namespace: 'echo',
  chart: { path: 'chart' },
  values: OURS,
  description: 'canary shift echo 50',
}

/** What one helm call makes of the history, and what it says: a revision, or what it printed. */
interface HelmCall {
  makes?: Revision[]
  says: number | string
}

async function run(calls: HelmCall[], unreadable = false) {
  const history = [DEPLOYED]
  const log: string[] = []
  const events: CanaryEvent[] = []
  let reads = 0
  const cluster = {
    upgrade: () => {
      const call = calls.shift()
      if (!call) throw new Error('one helm call too many')
      log.push('upgrade')
      history.push(...(call.makes ?? []))
      return typeof call.says === 'number'
        ? Promise.resolve(call.says)
        : Promise.reject(new ExternalError('helm failed', { command: 'helm upgrade', stderr: call.says }))
    },
    findReleases: () => {
      reads += 1
      if (unreadable) return Promise.reject(new ExternalError('The connection to the cluster broke'))
      const deployed = history.findLast(({ status }) => status === 'deployed')
      const revisions = history.map((entry) => ({ ...entry, chart: entry.chart.metadata }))
      return Promise.resolve([
        { name: 'echo', namespace: 'echo', deployed, newest: history.at(-1), revisions },
      ])
    },
  } as Partial<Cluster> as Cluster
  const lock = {
    confirm: () => {
      log.push('confirm')
      return Promise.resolve()
    },
  } as Partial<AppLock> as AppLock
  const context = {
    cluster,
    clock: new TestClock(),
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  } as Partial<OperationContext> as OperationContext
  const outcome = await applyStep(context, lock, REQUEST, DEPLOYED).catch((error: unknown) => error)
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
  return { outcome, log, warnings, reads, left: calls.length }
}

describe('a helm upgrade, and what the release shows after it', () => {
  test('made and deployed', async () => {
    const made = revision(5, 'deployed', OURS)
    const { outcome, log } = await run([{ makes: [made], says: 5 }])
    expect(outcome).toBe(made)
    expect(log).toEqual(['confirm', 'upgrade'])
  })

  test('helm failed at the very end, but the revision is deployed: done, with a warning', async () => {
    const made = revision(5, 'deployed', OURS)
    const { outcome, warnings } = await run([{ makes: [made], says: 'Error: unexpected EOF' }])
    expect(outcome).toBe(made)
    expect(warnings).toEqual(['helm failed, but revision 5 is deployed: helm failed'])
  })

  test('nothing was made and the surroundings were at fault: tried again, the lock confirmed each time', async () => {
    const made = revision(5, 'deployed', OURS)
    const { outcome, log, warnings } = await run([
      { says: 'Error: the server is currently unable to handle the request' },
      { makes: [made], says: 5 },
    ])
    expect(outcome).toBe(made)
    expect(log).toEqual(['confirm', 'upgrade', 'confirm', 'upgrade'])
    expect(warnings[0]).toContain('No revision was created: retrying.')
  })

  test('nothing was made for a reason that stays: told at once', async () => {
    const { outcome, log } = await run([{ says: 'Error: secrets is forbidden' }])
    expect(outcome).toBeInstanceOf(ExternalError)
    expect(outcome).not.toBeInstanceOf(UnfinishedError)
    expect(log).toEqual(['confirm', 'upgrade'])
  })

  test.each(['failed', 'pending-upgrade'] as const)(
    'a %s revision is never repeated over',
    async (status) => {
      const { outcome, log } = await run([
        { makes: [revision(5, status, OURS)], says: 'Error: 503 Service Unavailable' },
      ])
      expect(outcome).toBeInstanceOf(UnfinishedError)
      expect((outcome as UnfinishedError).details).toEqual([
        `revision 5 of echo is ${status}; what it applied remains`,
      ])
      expect(log).toEqual(['confirm', 'upgrade'])
    },
  )

  test.each<[string, HelmCall, RegExp]>([
    [
      'somebody else was faster, helm refused',
      { makes: [revision(5, 'deployed', THEIRS, 'by hand')], says: 'Error: release: already exists' },
      /revision 5 \(deployed: by hand\)\. This step was not applied/,
    ],
    [
      'somebody else was faster, helm went over it',
      { makes: [revision(5, 'superseded', THEIRS), revision(6, 'deployed', OURS)], says: 6 },
      /Helm created revision 6 for this step in addition to revision 5 \(superseded\)/,
    ],
    [
      'somebody else came right after',
      { makes: [revision(5, 'superseded', OURS), revision(6, 'deployed', THEIRS)], says: 5 },
      /Helm created revision 5 for this step in addition to revision 6 \(deployed\)/,
    ],
  ])('%s: both sides are shown', async (_, call, message) => {
    const { outcome } = await run([call])
    expect(outcome).toMatchObject({ outcome: 'conflict' })
    const error = outcome as CanaryError
    expect(error.message).toMatch(message)
    expect(error.details).toEqual([
      'theirs ~ routes.canary.weight: 25 → 75',
      'ours   ~ routes.canary.weight: 25 → 50',
    ])
  })

  test('a revision of the same values is not ours where helm says that another one made it', async () => {
    const { outcome } = await run([
      { makes: [revision(5, 'pending-upgrade', OURS)], says: 'Error: release: already exists' },
    ])
    expect(outcome).toMatchObject({ outcome: 'conflict' })
  })

  test('where the release can not be read afterwards, nothing is said of what helm made', async () => {
    const { outcome } = await run([{ says: 'Error: connection reset' }], true)
    expect(outcome).toMatchObject({ outcome: 'external', message: 'helm failed' })
    expect((outcome as CanaryError).state).toBe(
      'Helm ran for echo; whether it created its revision is unknown.',
    )
  })
})
