import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../../src/model/values.js'
import { KINDS } from '../../../../../src/routing/gloo/kinds.js'
import { comingWith, foreignObjects } from '../../../../../src/rollout/plan/safety/objects.js'
import { renderObjects } from '../../../../support/model-cluster/render.js'
import { SEED } from '../../seed-values.js'

const at = { app: 'echo', namespace: 'echo', routing: KINDS }

function object(apiVersion: string, kind: string, metadata: JsonObject, more: JsonObject = {}): JsonObject {
  return { apiVersion, kind, metadata, ...more }
}

function step(from: number, to: number, change: { before?: JsonObject[]; after?: JsonObject[] } = {}) {
  const [one, other] = [SEED[from as 1], SEED[to as 1]]
  const before = [...renderObjects('echo', 'echo', one), ...(change.before ?? [])]
  const after = [...renderObjects('echo', 'echo', other), ...(change.after ?? [])]
  const found = foreignObjects({ ...at, before, after, coming: comingWith(one, other) })
  return found.map(({ object, why }) => `${object}: ${why}`)
}

test('the steps of the seed touch what is the app’s alone', () => {
  for (let from = 1; from < 6; from += 1) expect(step(from, from + 1)).toEqual([])
  for (let from = 2; from < 6; from += 1) expect(step(from, 1)).toEqual([])
})

const OF_V2 = [
  object('v1', 'ConfigMap', { name: 'echo-v2' }),
  object('autoscaling/v2', 'HorizontalPodAutoscaler', { name: 'echo-v2' }),
  object('policy/v1', 'PodDisruptionBudget', { name: 'echo-v2', namespace: 'echo' }),
  object('gloo.solo.io/v1', 'Upstream', { name: 'echo-shadow' }),
]

test('a version brings and takes its ConfigMap, autoscaler and disruption budget, the routes their Upstream', () => {
  expect(step(1, 2, { after: OF_V2 })).toEqual([])
  expect(step(5, 6, { before: OF_V2.map(renamed('v1')) })).toEqual([])
})

test('the objects of 1.7 have dashes in their names', () => {
  const values = { ...SEED[1], deployment: { ...(SEED[1].deployment as JsonObject), '1.7': {} } }
  const [before, after] = [SEED[1], values].map((one) => renderObjects('echo', 'echo', one))
  const config = object('v1', 'ConfigMap', { name: 'echo-1-7' })
  expect(
    foreignObjects({
      ...at,
      before: before!,
      after: [...after!, config],
      coming: comingWith(SEED[1], values),
    }),
  ).toEqual([])
})

test('they neither come nor go with a step that brings or takes another version', () => {
  const kept = OF_V2.slice(0, 3).map(renamed('v3'))
  expect(step(1, 2, { before: kept })).toHaveLength(3)
  expect(step(3, 4, { after: OF_V2.slice(0, 3) })).toEqual([
    'ConfigMap echo-v2: it would be added, and belongs to no version that this change adds or removes',
    'HorizontalPodAutoscaler echo-v2: it would be added, and belongs to no version that this change adds or removes',
    'PodDisruptionBudget echo-v2: it would be added, and belongs to no version that this change adds or removes',
  ])
  expect(step(3, 4, { before: kept, after: kept })).toEqual([])
})

test('a ServiceAccount comes with the version whose pods run under it', () => {
  const account = object('v1', 'ServiceAccount', { name: 'robot' })
  expect(step(1, 2, { after: [account] })).toHaveLength(1)
  const [one, other] = [SEED[1], SEED[2]]
  const after = renderObjects('echo', 'echo', other).map((rendered: any) => {
    if (rendered.metadata.name === 'echo-v2') rendered.spec.template.spec.serviceAccountName = 'robot'
    return rendered
  })
  const before = renderObjects('echo', 'echo', one)
  const coming = comingWith(one, other)
  expect(foreignObjects({ ...at, before, after: [...after, account], coming })).toEqual([])
})

test('another version of an API group is the same object', () => {
  const before = [object('autoscaling/v2beta2', 'HorizontalPodAutoscaler', { name: 'hpa' })]
  const after = [object('autoscaling/v2', 'HorizontalPodAutoscaler', { name: 'hpa', namespace: 'echo' })]
  expect(step(3, 4, { before, after })).toEqual([])
})

describe('never, whatever the values change', () => {
  const NEVER: [string, JsonObject, string][] = [
    ['elsewhere', object('v1', 'ConfigMap', { name: 'x', namespace: 'kube-system' }), 'outside namespace echo'],
    ['cluster-wide', object('v1', 'Namespace', { name: 'other-team' }), 'it is cluster-wide'],
    ['of a role', object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: 'x' }), 'it is cluster-wide'],
    ['a list', object('v1', 'List', { name: 'x' }, { items: [] }), 'lists of objects'],
    ['without a name', object('v1', 'ConfigMap', {}), 'it has no name'],
    ['a path in place of a name', object('v1', 'ConfigMap', { name: '../x' }), 'its name is "../x"'],
    ['a path in place of a namespace', object('v1', 'Service', { name: 'x', namespace: 'a/b' }), 'its namespace'],
    ['a query in its apiVersion', object('apps/v1/namespaces/a/deployments/b?x=', 'Deployment', { name: 'x' }), 'its apiVersion'],
  ] // prettier-ignore

  test.each(NEVER)('%s', (_, odd, why) => {
    for (const [before, after] of [
      [[odd], []],
      [[], [odd]],
      [[odd], [odd]],
    ]) {
      const [found, ...more] = foreignObjects({ ...at, before: before!, after: after!, coming: 'all' })
      expect([found?.why, more]).toEqual([expect.stringContaining(why), []])
    }
  })

  test('a kind that the chart does not make comes or goes; one that stays is the release’s', () => {
    const secret = object('v1', 'Secret', { name: 'x' })
    const kinds = (before: JsonObject[], after: JsonObject[]) =>
      foreignObjects({ ...at, before, after, coming: 'all' }).map(({ why }) => why)
    expect(kinds([secret], [])).toEqual(["it would be removed, and canary's chart has no Secret"])
    expect(kinds([], [secret])).toEqual(["it would be added, and canary's chart has no Secret"])
    expect(kinds([secret], [secret])).toEqual([])
  })

  test('a hook runs, but for those of helm test', () => {
    const hook = (when: string) =>
      object('v1', 'ConfigMap', { name: 'x', annotations: { 'helm.sh/hook': when } })
    const found = (when: string) => foreignObjects({ ...at, before: [], after: [hook(when)], coming: 'all' })
    for (const when of ['test', 'test-success']) expect(found(when)).toEqual([])
    for (const when of ['pre-upgrade', 'test,pre-upgrade', 'post-install'])
      expect(found(when)).toHaveLength(1)
    // In a manifest of a record Helm takes such an object for one of the release.
    const forged = foreignObjects({ ...at, before: [hook('test')], after: [], coming: new Set(['v2']) })
    expect(forged).toHaveLength(1)
  })
})

test('whatever objects of others are added to either side, each that does not stay is found', () => {
  const name = fc.constantFrom('neighbour', 'echo-v9', 'echo', 'echo-v1', 'echoes-v2')
  const kind = fc.constantFrom(
    ['apps/v1', 'Deployment'],
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['v1', 'Node'],
  )
  const other = fc.record({ name, kind, namespace: fc.constantFrom('echo', 'kube-system') })
  fc.assert(
    fc.property(fc.array(other), fc.boolean(), fc.constantFrom(1, 2, 3, 4, 5), (others, isBefore, from) => {
      const added = others.map(({ name, kind, namespace }) => object(kind[0], kind[1], { name, namespace }))
      const found = step(from, from + 1, isBefore ? { before: added } : { after: added })
      const own = new Set(['Deployment echo-v1', 'Deployment echo-v2'])
      const coming = from === 1 ? 'echo-v2' : from === 5 ? 'echo-v1' : ''
      for (const { name, kind, namespace } of others) {
        const label = `${kind[1]} ${namespace === 'echo' ? '' : `${namespace}/`}${name}`
        const mayBe = own.has(label) || (label === `ConfigMap ${coming}` && coming !== '')
        if (!mayBe) expect(found.join('\n')).toContain(`${label}: `)
      }
    }),
  )
})

function renamed(version: string) {
  return (object: JsonObject): JsonObject => {
    const metadata = object.metadata as { name: string }
    return { ...object, metadata: { ...metadata, name: metadata.name.replace('v2', version) } }
  }
}
