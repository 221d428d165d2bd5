import { describe, expect, test } from 'vitest'
import type { ReleaseStatus, Revision } from '../../../../src/model/release.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { rollbackTarget } from '../../../../src/rollout/history/rollback-target.js'

const CHART = { metadata: { name: 'gloo-app', version: '0.1.0' }, templates: [], files: [], values: {} }

const canaryRoute = (weight: number) => ({ version: 'v2', weight, headers: { stage: 'canary' } })
const both = { v1: {}, v2: {} }
const stable: JsonObject = { deployment: { v1: {} }, routes: { primary: { version: 'v1' } } }
const deployed: JsonObject = { deployment: both, routes: { primary: { version: 'v1' } } }
const weighted = (weight: number): JsonObject => ({
  deployment: both,
  routes: { primary: { version: 'v1' }, canary: canaryRoute(weight) },
})
const finished: JsonObject = { deployment: { v2: {} }, routes: { primary: { version: 'v2' } } }

function history(...entries: [ReleaseStatus, JsonObject, string?][]): Revision[] {
  return entries.map(([status, config, chartVersion = '0.1.0'], index) => ({
    name: 'echo',
    namespace: 'echo',
    revision: index + 1,
    status,
    description: '',
    updated: '2026-01-01T00:00:00Z',
    chart: { ...CHART, metadata: { name: 'gloo-app', version: chartVersion } },
    config,
    manifest: '',
  }))
}

/** Where it goes from the newest of these revisions, `ready` being the versions with a ready pod. */
function back(revisions: Revision[], ready: string[]): number {
  const found = revisions.findLast(({ status }) => status === 'deployed')!
  const summaries = revisions.map((revision) => ({ ...revision, chart: revision.chart.metadata }))
  return rollbackTarget(summaries, found, revisions.at(-1)!, new Set(ready))
}

describe('the way back from an unfinished revision', () => {
  const rollout = history(
    ['superseded', stable],
    ['superseded', deployed],
    ['superseded', weighted(0)],
    ['deployed', weighted(50)],
    ['failed', weighted(75)],
  )

  test.each<[string, Revision[], string[], number]>([
    ['one step, where nobody is on the way to the primary', rollout, [], 4],
    ['all the way to the primary, both versions kept', rollout, ['v1', 'v2'], 2],
    ['one step, where the primary has no ready pod', rollout, ['v2'], 4],
    [
      'one step, where the history no longer has such a revision',
      rollout.slice(2).map((revision) => ({ ...revision })),
      ['v1', 'v2'],
      4,
    ],
    [
      'not to a revision without the canary, which may get requests now',
      history(['superseded', stable], ['deployed', weighted(50)], ['failed', weighted(75)]),
      ['v1', 'v2'],
      2,
    ],
    [
      'a failed deployment of the canary: to the primary alone',
      history(['deployed', stable], ['pending-upgrade', deployed]),
      ['v1'],
      1,
    ],
    [
      'a decommission killed in the middle: not over the version that serves',
      history(['superseded', deployed], ['deployed', weighted(100)], ['pending-upgrade', finished]),
      ['v2'],
      2,
    ],
    [
      'not to a revision of another chart version',
      history(['superseded', deployed, '0.0.9'], ['deployed', weighted(50)], ['failed', weighted(75)]),
      ['v1', 'v2'],
      2,
    ],
    [
      'not to a revision with other base values',
      history(
        ['superseded', { ...deployed, replicas: 3 }],
        ['deployed', weighted(50)],
        ['failed', weighted(75)],
      ),
      ['v1', 'v2'],
      2,
    ],
    [
      "not to a revision that would change a version's pods",
      history(
        ['superseded', { ...deployed, deployment: { v1: {}, v2: { image: 'echo:old' } } }],
        ['deployed', weighted(50)],
        ['failed', weighted(75)],
      ),
      ['v1', 'v2'],
      2,
    ],
    [
      'not to a revision that failed itself',
      history(['superseded', stable], ['failed', deployed], ['deployed', weighted(50)], ['failed', stable]),
      ['v1', 'v2'],
      3,
    ],
  ])('%s', (_, revisions, ready, expected) => {
    expect(back(revisions, ready)).toBe(expected)
  })
})
