import { expect, test } from 'vitest'
import { abort } from '../../../../src/operations/abort.js'
import { shift } from '../../../../src/operations/shift.js'
import { start } from '../../../../src/operations/start.js'
import type { HelmFault } from '../../../support/model-cluster/helm.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { renderObjects } from '../../../support/model-cluster/render.js'
import { SEED } from '../../rollout/seed-values.js'

/** An app in a stage of the seed, come to it step by step; the next helms fail as told. */
function inStage(stage: 1 | 2 | 3 | 4 | 5 | 6, faults: HelmFault[], recover = true) {
  const made = modelled(undefined, { context: { recover } })
  for (let step = 1; step <= stage; step += 1) made.cluster.add(SEED[step as 1], 'deployed')
  made.cluster.world.helm.faults.push(...faults)
  return made
}

test.each<[string, HelmFault[]]>([
  ['an upgrade failed', [{ name: 'fails', at: 4 }]],
  ['and the answer to the rollback was lost', [{ name: 'fails', at: 4 }, { name: 'answer lost' }]],
])('%s: brought back, proven, and then gone on with', async (_name, faults) => {
  const { cluster, context } = inStage(4, faults)
  await shift(context, { app: 'echo', weight: 100 })
  const calls = cluster.calls.filter((call) => !call.startsWith('close'))
  expect(calls).toEqual([
    'wait for pods: v2',
    'upgrade: canary shift echo 100: send 100 % of the regular requests to v2 (by ann@host)',
    'rollback to 4',
    'prove',
    'wait for pods: v2',
    'upgrade: canary shift echo 100: send 100 % of the regular requests to v2 (by ann@host)',
    'prove',
  ])
})

test('a failed start leaves nothing but the primary once it is aborted', async () => {
  const { cluster, context } = inStage(1, [{ name: 'fails', at: 3 }], false)
  await expect(start(context, { app: 'echo', version: 'v2', deployOnly: false })).rejects.toThrow('500')
  expect(cluster.world.kube.versions()).toEqual(['v1', 'v2'])
  await abort(context, { app: 'echo' })
  expect(cluster.world.kube.versions()).toEqual(['v1'])
  expect(cluster.revisions.at(-1)).toMatchObject({ status: 'deployed', config: SEED[1] })
})

test('a finished rollout is not aborted; what is left beside it is removed all the same', async () => {
  const { cluster, context } = inStage(6, [])
  await expect(abort(context, { app: 'echo' })).rejects.toMatchObject({ outcome: 'conflict' })
  const [orphan] = renderObjects('echo', 'echo', { deployment: { v3: {} } }).filter(
    ({ kind }) => kind === 'Deployment',
  )
  cluster.world.kube.apply(orphan!)
  await abort(context, { app: 'echo' })
  expect(cluster.calls).toContain('remove Deployment echo-v3')
  expect(cluster.world.kube.versions()).toEqual(['v2'])
})
