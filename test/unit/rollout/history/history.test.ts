import { describe, expect, test } from 'vitest'
import type { ReleaseStatus, RevisionSummary } from '../../../../src/model/release.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { finishedRollout, primaryBefore, rolloutHistory } from '../../../../src/rollout/history/history.js'
import { SEED } from '../seed-values.js'

interface Made {
  revision?: number
  status?: ReleaseStatus
  description?: string
  config?: JsonObject
  chart?: string
}

/** Revisions in a row, a minute apart; all but the last superseded unless they say otherwise. */
function revisions(...made: Made[]): RevisionSummary[] {
  return made.map(({ revision, status, description, config, chart = '0.1.0' }, index) => ({
    revision: revision ?? index + 1,
    status: status ?? (index === made.length - 1 ? 'deployed' : 'superseded'),
    description: description ?? 'Upgrade complete',
    updated: `2026-03-01T12:${String(index).padStart(2, '0')}:00.000Z`,
    chart: { name: 'gloo-app', version: chart },
    config,
  }))
}

const ROLLOUT: Made[] = [
  { config: SEED[1], description: 'canary install echo v1: install v1 (by ann@host)' },
  { config: SEED[2], description: 'canary start echo v2: deploy v2 beside v1 (by ann@host)' },
  {
    config: SEED[3],
    description: 'canary start echo v2: send requests with stage: canary to v2 (by ann@host)',
  },
  {
    config: SEED[4],
    description: 'canary shift echo 50: send 50 % of the regular requests to v2 (by bob@ci)',
  },
  { config: SEED[5], description: 'canary shift echo 100: send 100 % of the regular requests to v2' },
  { config: SEED[6], description: 'canary finish echo v2: make v2 the primary and remove v1 (by ann@host)' },
]

/** What the last of these revisions is said to be. */
const said = (...made: Made[]) => rolloutHistory(revisions(...made), []).entries.at(-1)!.what

describe('revisions as events', () => {
  test('canary’s own: command, step, who, stage, weight and proof', () => {
    const proofs = [
      { revision: 4, verdict: 'pass' as const, at: '2026-03-01T12:03:09Z' },
      { revision: 5, verdict: 'fail' as const, at: '2026-03-01T12:04:09Z' },
      { revision: 5, verdict: 'inconclusive' as const, at: '2026-03-01T12:04:30Z' },
      { revision: 6, verdict: 'pass' as const, at: '2025-12-31T00:00:00Z' }, // of a release before this one
    ]
    const { entries, gaps } = rolloutHistory(revisions(...ROLLOUT), proofs)
    expect(gaps).toEqual([])
    expect(entries[3]).toEqual({
      revision: 4,
      when: '2026-03-01T12:03:00.000Z',
      status: 'superseded',
      stage: { name: 'weighted', primary: 'v1', canary: 'v2', headers: { stage: 'canary' }, weight: 50 },
      weight: 50,
      what: 'shift echo 50: send 50 % of the regular requests to v2',
      command: 'shift echo 50',
      step: 'send 50 % of the regular requests to v2',
      who: 'bob@ci',
      proof: 'pass',
      byCanary: true,
    })
    expect(entries.map(({ weight, who, proof, status }) => [weight, who, proof, status])).toEqual([
      [undefined, 'ann@host', 'not recorded', 'superseded'],
      [undefined, 'ann@host', 'not recorded', 'superseded'],
      [0, 'ann@host', 'not recorded', 'superseded'],
      [50, 'bob@ci', 'pass', 'superseded'],
      [100, undefined, 'inconclusive', 'superseded'],
      [undefined, 'ann@host', 'not recorded', 'deployed'],
    ])
  })

  test('an abort without the proof tells its reason', () => {
    const description = 'canary abort echo (unverified: proxy is down): remove v2 (by ann@host)'
    expect(rolloutHistory(revisions({ config: SEED[1], description }), []).entries[0]).toMatchObject({
      what: 'abort echo: remove v2 (unverified: proxy is down)',
      proof: 'unverified',
    })
  })

  test.each<[string, string, Made[]]>([
    ['an install', 'by hand: installed, stable: every request goes to v1', [{ config: SEED[1] }]],
    ['another version', 'by hand: v2 added', [{ config: SEED[1] }, { config: SEED[2] }]],
    ['a canary route', 'by hand: canary route to v2, weight 0', [{ config: SEED[2] }, { config: SEED[3] }]],
    ['another weight', 'by hand: weight 50 → 100', [{ config: SEED[4] }, { config: SEED[5] }]],
    [
      'a rollout’s end',
      'by hand: primary v1 → v2; canary route to v2 removed; v1 removed',
      [{ config: SEED[5] }, { config: SEED[6] }],
    ],
    [
      'other headers, another image, other values and another chart',
      'by hand: canary headers stage: canary → x: y; values changed: app.image, deployment.v2.image; chart 0.1.0 → 0.2.0',
      [
        { config: SEED[3] },
        {
          config: {
            app: { image: 'echo:2' },
            deployment: { v1: {}, v2: { image: 'echo:3' } },
            routes: {
              apiGroup: 'example',
              primary: { version: 'v1' },
              canary: { version: 'v2', headers: { x: 'y' } },
            },
          },
          chart: '0.2.0',
        },
      ],
    ],
    [
      'values canary can’t explain',
      'by hand: values changed: routes',
      [{ config: { routes: {} } }, { config: { routes: [] } }],
    ],
    ['nothing', 'by hand: nothing changed', [{ config: SEED[1] }, { config: SEED[1] }]],
    [
      'a rollback',
      'rolled back to revision 1',
      [{ config: SEED[1] }, { config: SEED[2] }, { config: SEED[1], description: 'Rollback to 1' }],
    ],
    [
      'an upgrade that failed',
      'failed (weight 50 → 100): Upgrade "echo" failed: denied',
      [
        { config: SEED[4] },
        { config: SEED[5], status: 'failed', description: 'Upgrade "echo" failed:\n denied' },
      ],
    ],
    [
      'what came after a failed one, against the last that took effect',
      'by hand: v2 added',
      [{ config: SEED[1] }, { config: SEED[5], status: 'failed' }, { config: SEED[2] }],
    ],
    [
      'a record that can’t be read',
      'the record cannot be read',
      [{ description: 'the record cannot be read' }],
    ],
  ])('by hand: %s', (_name, what, made) => {
    expect(said(...made)).toBe(what)
  })

  test('who made a revision that failed is not known; one that took effect without a word of canary is by hand', () => {
    const { entries } = rolloutHistory(
      revisions(
        { config: SEED[1] },
        { config: SEED[2], status: 'failed' },
        { config: SEED[2], status: 'pending-upgrade' },
      ),
      [],
    )
    expect(entries.map(({ byCanary }) => byCanary)).toEqual([false, undefined, undefined])
  })

  test('revisions that Helm keeps no more are gaps, and what changed across one is not guessed', () => {
    const { entries, gaps } = rolloutHistory(
      revisions({ revision: 4, config: SEED[3] }, { revision: 9, config: SEED[4] }),
      [],
    )
    expect(gaps).toEqual([
      { from: 1, to: 3 },
      { from: 5, to: 8 },
    ])
    expect(entries[0]!.what).toBe('by hand: header: requests with stage: canary go to v2, all others to v1')
  })
})

describe('what a stable stage came from', () => {
  const upgraded = { ...SEED[6], upstream: { fallbackPolicy: 'NO_FALLBACK' } }
  test.each<[string, { from: string; to: string } | undefined, string | undefined, Made[]]>([
    ['a finish', { from: 'v1', to: 'v2' }, 'v1', ROLLOUT],
    [
      'a finish, and an upgrade of the values since',
      { from: 'v1', to: 'v2' },
      'v1',
      [...ROLLOUT, { config: upgraded }],
    ],
    ['an install', undefined, undefined, ROLLOUT.slice(0, 1)],
    ['an abort', undefined, undefined, [...ROLLOUT.slice(0, 4), { config: SEED[2] }, { config: SEED[1] }]],
    [
      'an abort of the rollout after a finished one',
      undefined,
      'v1',
      [...ROLLOUT, { config: { ...SEED[6], deployment: { v2: {}, v3: {} } } }, { config: SEED[6] }],
    ],
    [
      'going back from a start that failed, after a finish',
      undefined,
      'v1',
      [
        ...ROLLOUT,
        { config: { ...SEED[6], deployment: { v2: {}, v3: {} } }, status: 'failed' },
        { config: SEED[6], description: 'Rollback to 6' },
      ],
    ],
    ['no stable stage: a rollout is under way', undefined, undefined, ROLLOUT.slice(0, 4)],
    ['a history that has only the deployed revision left', undefined, undefined, ROLLOUT.slice(5)],
  ])('%s', (_name, finished, before, made) => {
    expect(finishedRollout(revisions(...made))).toEqual(finished)
    expect(primaryBefore(revisions(...made))).toBe(before)
  })

  test('a rollout under way on a finished one still knows the primary before', () => {
    const made = [...ROLLOUT, { config: { ...SEED[6], deployment: { v2: {}, v3: {} } } }]
    expect(finishedRollout(revisions(...made))).toBeUndefined()
    expect(primaryBefore(revisions(...made))).toBe('v1')
  })
})
