import { describe, expect, test } from 'vitest'
import { appPodsOf, podsLeft } from '../../../../src/cluster/pods/app-pods.js'
import type { ClusterObject } from '../../../../src/cluster/ports/objects.js'
import type { Deployment, Pod } from '../../../../src/cluster/kube/kube-types.js'
import { describeNeighbour } from '../../../../src/model/results/ownership.js'

const release = { app: 'echo', namespace: 'echo' }

/** Helm's marks of a release. */
function marks(namespace: string, app: string): Partial<ClusterObject['metadata']> {
  return {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': app, 'meta.helm.sh/release-namespace': namespace },
  }
}

function deployment(name: string, version: string, metadata: object = marks('echo', 'echo')): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'echo', uid: `uid-${name}`, ...metadata },
    spec: { replicas: 1, template: { metadata: { labels: { app: 'echo', version } } } },
  }
}

function setOf(name: string, controller?: object): ClusterObject {
  const ownerReferences = controller ? [{ kind: 'Deployment', controller: true, ...controller }] : []
  const metadata = {
    name,
    namespace: 'echo',
    uid: `uid-${name}`,
    ownerReferences,
  } as ClusterObject['metadata']
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata }
}

function pod(name: string, version: string, controller?: object): Pod {
  const ownerReferences = controller ? [{ kind: 'ReplicaSet', controller: true, ...controller }] : []
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'echo',
      labels: { app: 'echo', version, 'pod-template-hash': '5c7f8' },
      ownerReferences: ownerReferences as ClusterObject['metadata']['ownerReferences'],
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

/** Own pods by Deployment, and the others in words. */
function told(deployments: Deployment[], pods: Pod[], replicaSets: ClusterObject[] = []) {
  const { own, others } = appPodsOf(release, { deployments, pods, replicaSets })
  return {
    own: Object.fromEntries(
      own.map((entry) => [entry.deployment.metadata.name, entry.pods.map(({ metadata }) => metadata.name)]),
    ),
    others: others.map((other) => `${other.ready} of ${other.version}: ${describeNeighbour(other)}`),
  }
}

describe('whose pods they are', () => {
  test("their ReplicaSet's Deployment decides, not the labels", () => {
    const deployments = [
      deployment('echo-v1', 'v1'),
      deployment('worker', 'v1', marks('shop', 'worker')),
      deployment('batch', '2024.1', { managedFields: [{ manager: 'kubectl-create', operation: 'Update' }] }),
    ]
    const sets = [
      setOf('one', { name: 'echo-v1', uid: 'uid-echo-v1' }),
      setOf('two', { name: 'worker', uid: 'uid-worker' }),
    ]
    const pods = [pod('a', 'v1', { name: 'one', uid: 'uid-one' }), pod('b', 'v1', { name: 'two' })]

    expect(told(deployments, pods, sets)).toEqual({
      own: { 'echo-v1': ['a'] },
      others: [
        '1 of v1: Deployment worker (Helm release shop/worker)',
        '0 of 2024.1: Deployment batch (no Helm release, written by kubectl-create)',
      ],
    })
  })

  test('ReplicaSets that may not be read, or come later than their pods, are told by their names', () => {
    const deployments = [deployment('echo-v1', 'v1'), deployment('worker', 'v1', marks('shop', 'worker'))]
    const pods = [pod('a', 'v1', { name: 'echo-v1-5c7f8' }), pod('b', 'v1', { name: 'worker-5c7f8' })]

    expect(told(deployments, pods)).toEqual({
      own: { 'echo-v1': ['a'] },
      others: ['1 of v1: Deployment worker (Helm release shop/worker)'],
    })
  })

  test('pods of what is no Deployment, or of one that does not label its own so', () => {
    const rollout = { kind: 'Rollout', name: 'echo-rollout' }
    const plain = deployment('plain', 'v1')
    plain.spec = { template: { metadata: { labels: {} } } }
    const pods = [
      pod('bare', 'v1'),
      pod('db-0', 'v1', { kind: 'StatefulSet', name: 'db' }),
      pod('r', 'v2', { name: 'echo-rollout-5c7f8' }),
      pod('l', 'v1', { name: 'lonely' }),
      pod('p', 'v1', { name: 'plain-5c7f8' }),
    ]
    const sets = [setOf('echo-rollout-5c7f8', rollout), setOf('lonely')]

    expect(told([deployment('echo-v1', 'v1'), plain], pods, sets)).toEqual({
      own: { 'echo-v1': [] },
      others: [
        '1 of v1: Pod bare (no Helm release)',
        '1 of v1: StatefulSet db',
        '1 of v2: Rollout echo-rollout',
        '1 of v1: ReplicaSet lonely (no Helm release)',
        '1 of v1: Deployment plain (Helm release echo/echo)',
      ],
    })
  })

  test('a Deployment made anew under its name does not have the pods of the one before', () => {
    const sets = [setOf('echo-v1-5c7f8', { name: 'echo-v1', uid: 'before' })]

    expect(told([deployment('echo-v1', 'v1')], [pod('a', 'v1', { name: 'echo-v1-5c7f8' })], sets)).toEqual({
      own: { 'echo-v1': [] },
      others: [],
    })
  })
})

describe('whose a Deployment is', () => {
  const cases: Record<string, { metadata: object; owner?: string }> = {
    'all of the marks': { metadata: marks('echo', 'echo') },
    'another release': { metadata: marks('echo', 'echo-worker'), owner: 'Helm release echo/echo-worker' },
    'a release of that name elsewhere': {
      metadata: marks('other', 'echo'),
      owner: 'Helm release other/echo',
    },
    'no managed-by label': {
      metadata: { ...marks('echo', 'echo'), labels: {} },
      owner: 'Helm release echo/echo, but without the label app.kubernetes.io/managed-by: Helm',
    },
    'a controller': {
      metadata: { ownerReferences: [{ kind: 'Service', name: 'fn', controller: true }] },
      owner: 'Service fn',
    },
    'no marks': { metadata: {}, owner: 'no Helm release' },
    'marks that are no names': {
      metadata: marks('echo', 'x\n\u001b[8m'),
      owner: String.raw`Helm release "echo/x\n\u001b[8m"`,
    },
  }
  for (const [name, { metadata, owner }] of Object.entries(cases)) {
    test(name, () => {
      expect(told([deployment('other', '2024.1', metadata)], [])).toEqual(
        owner === undefined
          ? { own: { other: [] }, others: [] }
          : { own: {}, others: [`0 of 2024.1: Deployment other (${owner})`] },
      )
    })
  }

  test('one that lost its marks still counts under the name that the chart gives it, and is named', () => {
    expect(told([deployment('echo-v1', 'v1', {})], [pod('a', 'v1', { name: 'echo-v1-5c7f8' })])).toEqual({
      own: { 'echo-v1': ['a'] },
      others: ['1 of v1: Deployment echo-v1 (no Helm release)'],
    })
    const other = marks('echo', 'other')
    expect(told([deployment('echo-v1', 'v1', other)], []).own).toEqual({})
    expect(told([deployment('echo-v1', 'v1', {}), deployment('mine', 'v1')], []).own).toEqual({ mine: [] })
  })
})

test('pods left: those whose Deployment is gone, not those of a Deployment of others', () => {
  const pods = [
    pod('a', 'v1', { name: 'echo-v1-5c7f8' }),
    pod('b', 'v1', { name: 'worker-5c7f8' }),
    pod('c', 'v1', { name: 'rollout-5c7f8' }),
    pod('d', 'v1'),
  ]
  const objects = {
    deployments: [deployment('worker', 'v1', marks('shop', 'worker'))],
    replicaSets: [setOf('rollout-5c7f8', { kind: 'Rollout', name: 'rollout' })],
    pods,
  }

  expect(podsLeft(release, objects).map(({ metadata }) => metadata.name)).toEqual(['a'])
})
