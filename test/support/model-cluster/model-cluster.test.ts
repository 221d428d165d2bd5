import { describe, expect, test } from 'vitest'
import { ExternalError } from '../../../src/model/errors.js'
import type { JsonObject } from '../../../src/model/values.js'
import { proofRequest } from '../probe-request.js'
import { SEED } from '../../unit/rollout/seed-values.js'
import { ModelCluster, ModelWorld } from './cluster.js'
import { modelled } from './context.js'
import type { HelmFault } from './helm.js'
import { Actor, AT_ONCE, ChosenTurns } from './turns.js'

/** What facts of real Helm say, held against the model. */
function releaseOf(config: JsonObject, fault?: HelmFault, major: 3 | 4 = 4) {
  const cluster = new ModelCluster(new ModelWorld(AT_ONCE, major))
  cluster.add(config, 'deployed')
  const { helm, kube } = cluster.world
  helm.faults.push(fault)
  const upgrade = (values: JsonObject) =>
    cluster.upgrade({
      app: 'echo',
      namespace: 'echo',
      chart: { path: 'chart' },
      values,
      description: 'an upgrade',
    })
  const statuses = () => cluster.revisions.map(({ status }) => status)
  return { cluster, kube, upgrade, statuses }
}

async function stderrOf(work: Promise<unknown>): Promise<string | undefined> {
  const error = await work.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ExternalError)
  return (error as ExternalError).stderr
}

describe('Helm', () => {
  test('an upgrade adds, removes, and supersedes the one before', async () => {
    const { kube, upgrade, statuses } = releaseOf(SEED[1])
    expect(await upgrade(SEED[2])).toBe(2)
    expect(kube.versions()).toEqual(['v1', 'v2'])
    await upgrade(SEED[6])
    expect(kube.versions()).toEqual(['v2'])
    expect(statuses()).toEqual(['superseded', 'superseded', 'deployed'])
  })

  test('what a failed upgrade added is forgotten by the next one', async () => {
    const { kube, upgrade, statuses } = releaseOf(SEED[1], { name: 'fails', at: 3 })
    expect(await stderrOf(upgrade(SEED[2]))).toContain('RouteTable')
    expect(statuses()).toEqual(['deployed', 'failed'])
    await upgrade(SEED[1])
    expect(kube.versions()).toEqual(['v1', 'v2'])
  })

  test('a rollback removes it: it starts from the newest revision', async () => {
    const { cluster, kube, upgrade, statuses } = releaseOf(SEED[1], { name: 'fails', at: 3 })
    await stderrOf(upgrade(SEED[2]))
    await cluster.rollback({ app: 'echo', namespace: 'echo', revision: 1 })
    expect(kube.versions()).toEqual(['v1'])
    expect(statuses()).toEqual(['superseded', 'failed', 'deployed'])
  })

  test('killed in the middle the release stays pending, and later upgrades are refused', async () => {
    const { upgrade, statuses } = releaseOf(SEED[1], { name: 'killed', at: 4 })
    expect(await stderrOf(upgrade(SEED[2]))).toBe('')
    expect(statuses()).toEqual(['deployed', 'pending-upgrade'])
    expect(await stderrOf(upgrade(SEED[2]))).toContain('another operation')
  })

  test('killed at its very end it leaves no deployed revision; the history says what the app came from', async () => {
    const { cluster, upgrade, statuses } = releaseOf(SEED[1], { name: 'killed', at: 8 })
    await stderrOf(upgrade(SEED[2]))
    expect(statuses()).toEqual(['superseded', 'pending-upgrade'])
    const [history] = await cluster.findReleases('echo')
    expect([history?.deployed?.revision, history?.newest?.revision]).toEqual([1, 2])
  })

  test('refused it makes nothing; where only the answer is lost, everything', async () => {
    const refused = releaseOf(SEED[1], { name: 'refused' })
    await stderrOf(refused.upgrade(SEED[2]))
    expect(refused.statuses()).toEqual(['deployed'])
    const lost = releaseOf(SEED[1], { name: 'answer lost' })
    await stderrOf(lost.upgrade(SEED[2]))
    expect(lost.statuses()).toEqual(['superseded', 'deployed'])
  })

  test.each([
    [3, 'v2'],
    [4, 'v1'],
  ] as const)('Helm %i, a RouteTable edited by hand and not by the chart', async (major, answering) => {
    const { kube, upgrade } = releaseOf(SEED[2], undefined, major)
    const edited = releaseOf(SEED[5]).kube.find('RouteTable', 'echo-routes')!
    kube.apply(edited)
    await upgrade(SEED[2])
    expect(kube.answers({})).toEqual({ [answering]: 1 })
  })

  test('uninstall leaves nothing of the newest revision, and no history', async () => {
    const { cluster, kube } = releaseOf(SEED[4])
    await cluster.uninstall()
    expect([...kube.objects.keys(), ...cluster.revisions]).toEqual([])
  })
})

describe('traffic', () => {
  const { kube } = releaseOf(SEED[4])

  test('by weight, and by header', () => {
    expect(kube.answers({})).toEqual({ v1: 0.5, v2: 0.5 })
    expect(kube.answers({ stage: 'canary' })).toEqual({ v2: 1 })
  })

  test('a version without ready pods is answered for by another one, or by nobody', () => {
    kube.crash('v2')
    expect(kube.answers({ stage: 'canary' })).toEqual({ v1: 1 })
    kube.crash('v1')
    expect(kube.answers({})).toEqual({ 'http 503': 1 })
    kube.heal('v1')
    kube.heal('v2')
    expect(kube.answers({})).toEqual({ v1: 0.5, v2: 0.5 })
  })

  test('a proof passes where it is as expected, and fails where not', async () => {
    const { verifier, cluster } = modelled(SEED[1])
    const request = proofRequest('http://proxy', {
      expectations: [{ kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }],
    })
    const prove = () => verifier.verify(request, { converged: () => {}, progress: () => {}, check: () => {} })
    expect((await prove()).verdict).toBe('pass')
    cluster.world.kube.crash('v1')
    expect((await prove()).verdict).toBe('fail')
  })
})

describe('the Lease', () => {
  const request = {
    app: 'echo',
    namespace: 'echo',
    command: 'shift echo 50',
    who: 'ann@host',
    waitMs: 0,
    preempt: false,
    waiting: () => {},
  }

  function operators() {
    const world = new ModelWorld()
    world.helm.add(SEED[3], 'deployed')
    const [ann, ben] = [new Actor('ann'), new Actor('ben')]
    return { world, ann, ben }
  }

  test('is one operator’s until it is given back', async () => {
    const { world, ann, ben } = operators()
    const lock = await world.lease.lock(ann, request)
    await expect(world.lease.lock(ben, request)).rejects.toMatchObject({ outcome: 'busy' })
    await lock.release()
    await expect(world.lease.lock(ben, request)).resolves.toMatchObject({ tookOverFromDead: false })
  })

  test('of somebody who died on the same host is taken over at once', async () => {
    const { world, ann, ben } = operators()
    await world.lease.lock(ann, request)
    ann.dead = true
    await expect(world.lease.lock(ben, request)).resolves.toMatchObject({ tookOverFromDead: true })
  })
})

describe('chosen turns', () => {
  async function order(choices: number[]): Promise<string[]> {
    const turns = new ChosenTurns(choices, { afterEach: () => {}, patienceMs: () => Infinity })
    const [ann, ben] = [new Actor('ann'), new Actor('ben')]
    const twice = async (who: Actor) => {
      await turns.act(who, '1', () => {})
      await turns.act(who, '2', () => {})
    }
    await turns.run(Promise.all([twice(ann), twice(ben)]))
    return turns.trace
  }

  test('are as the choices say', async () => {
    expect(await order([])).toEqual(['ann: 1', 'ben: 1', 'ann: 2', 'ben: 2'])
    expect(await order([0, 1, 0])).toEqual(['ann: 1', 'ann: 2', 'ben: 1', 'ben: 2'])
  })

  test('who was killed never goes on, and nobody waits for them', async () => {
    const turns = new ChosenTurns([], { afterEach: () => {}, patienceMs: () => Infinity })
    const ann = new Actor('ann')
    ann.beforeAction = () => (ann.dead = true)
    let went = false
    void turns.act(ann, 'go', () => (went = true))
    await turns.run(Promise.resolve())
    expect(went).toBe(false)
  })

  test('time passes where all wait', async () => {
    const turns = new ChosenTurns([], { afterEach: () => {}, patienceMs: () => Infinity })
    const began = turns.now()
    await turns.run(turns.until(new Actor('ann'), 'wait', () => false, began + 60_000))
    expect(turns.now() - began).toBe(60_000)
  })
})
