import { expect, test } from 'vitest'
import { ConflictError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { planImport } from '../../../../src/rollout/import/plan-import.js'
import { fromSeed } from '../../../../src/rollout/import/seed-layouts.js'
import { violations } from '../../../../src/rollout/plan/safety/safety.js'
import { seedDeployment, seedRouting } from './seed-objects.js'
import { SEED } from '../seed-values.js'

const chart = { before: 'echo-app 0.3.0', after: 'gloo-app 0.1.0' }

function planned(before: JsonObject[], after: JsonObject[], config: JsonObject = SEED[1]) {
  const deployed = [...before, ...seedRouting()]
  const seed = fromSeed({ app: 'echo', effective: config, objects: deployed })!
  return planImport(
    { app: 'echo', namespace: 'echo', config },
    { seed, chart, objects: { before: deployed, after } },
  )
}

function refusal(before: JsonObject[], after: JsonObject[], config?: JsonObject): ConflictError {
  try {
    planned(before, after, config)
  } catch (error) {
    if (error instanceof ConflictError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const named = (kind: string, name: string, annotations: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'echo', annotations },
})

test('one step: the same stage, the same pods, what else changes', () => {
  const before = [seedDeployment('v1'), named('Ingress', 'echo')]
  const plan = planned(before, [seedDeployment('v1'), ...seedRouting(undefined, { servicePort: 80 })])
  expect(violations(plan)).toEqual([])
  expect(plan).toMatchObject({
    from: { name: 'stable', primary: 'v1' },
    to: { name: 'stable', primary: 'v1' },
    steps: [
      {
        name: 'upgrade',
        changes: {
          chart,
          restarts: [],
          objects: [
            { kind: 'Ingress', name: 'echo', change: 'removed' },
            { kind: 'Upstream', fields: [{ path: 'spec.kube.servicePort', before: 8080, after: 80 }] },
          ],
        },
      },
    ],
  })
})

test('pods that would be others are refused, with the field and the reason', () => {
  const before = [seedDeployment('v1', { stdin: true })]
  expect(refusal(before, [seedDeployment('v1')])).toMatchObject({
    exitCode: 6,
    message: 'The pods of echo-v1 would be replaced: the bundled chart renders them differently.',
    details: [
      'Deployment echo-v1: - spec.template.spec.containers[echo-v1].stdin: true',
      'v1: containers echo-v1: stdin: the chart has no value for it',
    ],
  })
})

test('a Deployment of another selector, and one that would go', () => {
  const other = seedDeployment('v1') as { spec: JsonObject } & JsonObject
  const selector = { matchLabels: { app: 'echo', version: 'v1', tier: 'web' } }
  const selecting = { ...other, spec: { ...other.spec, selector } }
  expect(refusal([selecting], [other]).details.join()).toContain('spec.selector.matchLabels.tier')

  const more = refusal([other, named('Deployment', 'redis')], [other])
  expect(more.details).toEqual(['Deployment redis: the bundled chart renders no Deployment of this name'])
})

test.each(['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount'])(
  'a %s that pods may need is not removed, unless Helm keeps it',
  (kind) => {
    const v1 = seedDeployment('v1')
    expect(refusal([v1, named(kind, 'settings')], [v1]).message).toContain(`remove ${kind} settings`)
    const kept = named(kind, 'settings', { 'helm.sh/resource-policy': 'keep' })
    expect(planned([v1, kept], [v1]).steps).toHaveLength(1)
  },
)

test.each<[string, JsonObject, string]>([
  [
    'three versions',
    { ...SEED[1], deployment: { v1: {}, v2: {}, v3: {} } },
    'deployment has more than two versions (v1, v2, v3)',
  ],
  [
    'a canary without headers',
    { ...SEED[4], routes: { primary: { version: 'v1' }, canary: { version: 'v2', weight: 5 } } },
    'routes.canary.headers is empty',
  ],
  [
    'a primary that is not deployed',
    { deployment: { v2: {} }, routes: { primary: { version: 'v1' } } },
    'v1 is not deployed',
  ],
])('values that stand for no stage: %s', (_case, config, said) => {
  expect(refusal([seedDeployment('v1')], [], config).message).toContain(said)
})
