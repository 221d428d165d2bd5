import type { VersionPods } from '../../../../src/model/events/events.js'
import { describe, expect, test } from 'vitest'
import type { Neighbour, Owner } from '../../../../src/model/results/ownership.js'
import type { Revision } from '../../../../src/model/release.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { sorted } from '../../../../src/operations/ownership/holdings.js'

function deploymentOf(name: string): JsonObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } }
}

describe('the workloads with the labels of an app', () => {
  const pods = { image: 'echo', ready: 2, wanted: 2, problems: [] }
  const own = (deployment: string, version: string): VersionPods => ({ ...pods, deployment, version })
  const other = (name: string, version: string, owner: Owner): Neighbour => ({
    kind: 'Deployment',
    name,
    version,
    ready: 2,
    owner,
  })
  const worker: Owner = { by: 'helm', app: 'echo-worker', namespace: 'echo', managedByHelm: true }
  const deployed = {
    config: { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } },
    manifest: [deploymentOf('echo-v1'), deploymentOf('echo-cron')]
      .map((entry) => `---\n${JSON.stringify(entry)}\n`)
      .join(''),
  } as unknown as Revision

  function namesOf(workloads: { own: VersionPods[]; others: Neighbour[] }, revision?: Revision) {
    const found = sorted(workloads, revision)
    return {
      own: found.own.map(({ deployment }) => deployment),
      orphans: found.orphans.map(({ deployment }) => deployment),
      neighbours: found.neighbours.map(({ name, getsRequests }) => `${name}${getsRequests ? '!' : ''}`),
    }
  }

  test('left behind is what is the release’s, and in neither its values nor its manifest', () => {
    const workloads = {
      own: [own('echo-v1', 'v1'), own('echo-v2', 'v2'), own('echo-cron', 'cron')],
      others: [other('echo-worker', '2024.1', worker), other('echo-worker-v1', 'v1', worker)],
    }
    expect(namesOf(workloads, deployed)).toEqual({
      own: ['echo-v1', 'echo-v2', 'echo-cron'],
      orphans: ['echo-v2'],
      neighbours: ['echo-worker', 'echo-worker-v1!'],
    })
  })

  test("without Helm's marks: the app's where its manifest has it, else a neighbour, ready or not", () => {
    const workloads = {
      own: [own('echo-v1', 'v1'), own('echo-v0', 'v0')],
      others: [other('echo-v1', 'v1', { by: 'nobody' }), other('echo-v0', 'v0', { by: 'nobody' })],
    }
    expect(namesOf(workloads, deployed)).toEqual({ own: ['echo-v1'], orphans: [], neighbours: ['echo-v0'] })
  })

  test('of an install that never was deployed nothing is left behind by Helm’s record', () => {
    expect(namesOf({ own: [own('echo-v1', 'v1')], others: [] })).toEqual({
      own: ['echo-v1'],
      orphans: [],
      neighbours: [],
    })
  })
})
