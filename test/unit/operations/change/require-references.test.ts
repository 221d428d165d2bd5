import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ExternalError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { install } from '../../../../src/operations/install.js'
import { shift } from '../../../../src/operations/shift.js'
import { start } from '../../../../src/operations/start.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { SEED } from '../../rollout/seed-values.js'
import { failureOf } from '../../../support/failure-of.js'

const naming = (config: JsonObject): JsonObject => ({
  ...config,
  app: { envFrom: [{ secretRef: { name: 'db' } }, { configMapRef: { name: 'settings' } }] },
})
const v2 = { app: 'echo', version: 'v2', deployOnly: false }

describe('what new pods name', () => {
  test('is there: the rollout goes on', async () => {
    const { context } = modelled(naming(SEED[1]))
    expect((await start(context, v2)).stage).toMatchObject({ name: 'header' })
  })

  test.each([false, true])(
    'is missing: all of it is told before anything is changed (dry run: %s)',
    async (dryRun) => {
      const { context, cluster } = modelled(naming(SEED[1]), { context: { dryRun } })
      cluster.missing.add('db').add('settings')
      const failure = await failureOf(start(context, v2))
      expect(failure.outcome).toBe('usage')
      expect(failure.message).toContain('Missing in namespace echo')
      expect(failure.details).toEqual(['app.envFrom[0]: Secret db', 'app.envFrom[1]: ConfigMap settings'])
      expect(failure.nextSteps[0]).toBe('kubectl create secret generic db -n echo --from-literal=KEY=…')
      expect(cluster.calls.filter((call) => call.startsWith('upgrade'))).toEqual([])
    },
  )

  test('is missing with its namespace: that comes first, and the keys are those of the values', async () => {
    const { context, cluster } = modelled()
    for (const name of ['db', 'registry', 'settings']) cluster.missing.add(name)
    cluster.liveObjects = (names) => Promise.resolve(names)
    const valuesFile = path.join(await mkdtemp(path.join(tmpdir(), 'canary-references-')), 'values.yaml')
    const app = {
      image: { repository: 'registry.example/s', tag: '1', pullSecrets: ['registry'] },
      env: {
        P: { secretKeyRef: { name: 'db', key: 'password' } },
        U: { secretKeyRef: { name: 'db', key: 'user name' } },
        L: { configMapKeyRef: { name: 'settings', key: 'level' } },
      },
    }
    await writeFile(valuesFile, JSON.stringify({ app }))
    const failure = await failureOf(
      install(context, { app: 'sec', version: 'v1', valuesFiles: [valuesFile], attach: true }),
    )
    expect(failure.nextSteps).toEqual([
      'kubectl create namespace sec    (it is not there yet)',
      'kubectl create secret docker-registry registry -n sec --docker-server=… --docker-username=… --docker-password=…',
      "kubectl create secret generic db -n sec --from-literal=password=… --from-literal='user name'=…",
      'kubectl create configmap settings -n sec --from-literal=level=…',
      'or correct the names in the values',
    ])
    await rm(path.dirname(valuesFile), { recursive: true })
  })

  test('may not be read: a warning', async () => {
    const { context, cluster, events } = modelled(naming(SEED[1]))
    cluster.hasObject = () => Promise.reject(new ExternalError('forbidden', { code: 403 }))
    await start(context, v2)
    expect(events.flatMap((event) => (event.type === 'warning' ? event.message : []))).toEqual([
      'No permission to check that these exist: Secret db, ConfigMap settings',
    ])
  })
})

test('a step that brings no pods asks for nothing', async () => {
  const { context, cluster } = modelled(naming(SEED[3]))
  cluster.missing.add('db')
  expect((await shift(context, { app: 'echo', weight: 50 })).stage).toMatchObject({ weight: 50 })
})
