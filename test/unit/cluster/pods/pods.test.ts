import { describe, expect, test } from 'vitest'
import type { Deployment, Pod } from '../../../../src/cluster/kube/kube-types.js'
import { appPodsOf } from '../../../../src/cluster/pods/app-pods.js'
import { isRolledOut, unreadyPods, versionPodsOf } from '../../../../src/cluster/pods/pods.js'

function deployment(version: string, overrides: Partial<Deployment> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `echo-${version}`, namespace: 'echo', generation: 2 },
    spec: {
      replicas: 1,
      template: {
        metadata: { labels: { app: 'echo', version } },
        spec: { containers: [{ image: `example/echo:${version}` }] },
      },
    },
    status: {
      observedGeneration: 2,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
    },
    ...overrides,
  }
}

function pod(version: string, status: Pod['status'], metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `echo-${version}-x`,
      namespace: 'echo',
      labels: { app: 'echo', version, 'pod-template-hash': '5c7f8' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `echo-${version}-5c7f8`, controller: true }],
      ...metadata,
    },
    status,
  }
}

function states(deployments: Deployment[], pods: Pod[]) {
  const objects = { deployments, replicaSets: [], pods }
  return versionPodsOf(appPodsOf({ app: 'echo', namespace: 'echo' }, objects).own)
}

const ready: Pod['status'] = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

function waiting(reason: string, message?: string): Pod['status'] {
  return { phase: 'Pending', containerStatuses: [{ name: 'echo', state: { waiting: { reason, message } } }] }
}

const UID = '5c1f2a9e-0d3b-4a57-9c61-2b7f8e1d4c30'

describe('pods of an app by version', () => {
  test('ready, wanted, image; told by the labels of the pods, in order of version', () => {
    const foreign = deployment('v1', {
      spec: { template: { metadata: { labels: { app: 'foxtrot', version: 'v1' } } } },
    })
    const deployments = [deployment('v10'), deployment('v9'), foreign]

    expect(states(deployments, [pod('v9', ready), pod('v10', { phase: 'Pending' })])).toEqual([
      {
        version: 'v9',
        deployment: 'echo-v9',
        image: 'example/echo:v9',
        ready: 1,
        wanted: 1,
        problems: [],
      },
      {
        version: 'v10',
        deployment: 'echo-v10',
        image: 'example/echo:v10',
        ready: 0,
        wanted: 1,
        problems: [],
      },
    ])
  })

  test('a terminating pod counts for nothing, though it is still ready', () => {
    const old = pod('v1', ready, { deletionTimestamp: '2026-01-01T00:00:00Z' })

    expect(states([deployment('v1')], [old])[0]?.ready).toBe(0)
  })

  const problems: Record<string, { status: Pod['status']; says: string[] }> = {
    'just starting': { status: waiting('ContainerCreating'), says: [] },
    'image that cannot be pulled': {
      status: waiting('ImagePullBackOff', 'Back-off pulling image "example/echo:nope"'),
      says: ['ImagePullBackOff: Back-off pulling image "example/echo:nope"'],
    },
    'crashing again and again': {
      status: {
        containerStatuses: [
          {
            name: 'echo',
            restartCount: 4,
            state: {
              waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s, pod=echo-v2-a_echo(${UID})` },
            },
            lastState: { terminated: { exitCode: 3, reason: 'Error' } },
          },
        ],
      },
      says: ['CrashLoopBackOff: container echo restarted 4 times, last exit code 3'],
    },
    'out of memory': {
      status: {
        containerStatuses: [{ name: 'echo', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
      },
      says: ['OOMKilled: exit code 137'],
    },
    'an init container that fails': {
      status: {
        initContainerStatuses: [
          { name: 'init', state: { terminated: { exitCode: 1, reason: 'Error', message: 'no database' } } },
        ],
        containerStatuses: [{ name: 'echo', state: { waiting: { reason: 'PodInitializing' } } }],
      },
      says: ['Error: no database'],
    },
    'no node for it': {
      status: {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes: cpu' },
        ],
      },
      says: ['Unschedulable: 0/3 nodes: cpu'],
    },
    evicted: {
      status: { phase: 'Failed', reason: 'Evicted', message: 'disk pressure' },
      says: ['Evicted: disk pressure'],
    },
  }
  for (const [name, { status, says }] of Object.entries(problems)) {
    test(`problem: ${name}`, () => {
      const pods = [pod('v1', status), pod('v1', status, { name: 'echo-v1-y' })]

      expect(states([deployment('v1')], pods)[0]?.problems).toEqual(says)
    })
  }

  test('problem: no pod could be made', () => {
    const conditions = [
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ]

    expect(states([deployment('v1', { status: { conditions } })], [])[0]?.problems).toEqual([
      'FailedCreate: exceeded quota',
      'ProgressDeadlineExceeded: timed out',
    ])
  })

  test('problem: no replicas', () => {
    const scaled = deployment('v1')
    scaled.spec = { ...scaled.spec, replicas: 0 }

    expect(states([scaled], [])[0]?.problems).toEqual(['replicas is 0: no pod can answer'])
  })

  test('a pod that runs without becoming ready is told once the time is over', () => {
    const running = pod('v1', {
      phase: 'Running',
      containerStatuses: [{ name: 'echo', state: { running: {} } }],
    })

    expect(
      unreadyPods('v1', [running, pod('v1', ready), pod('v1', { phase: 'Pending' }, { name: 'p' })]),
    ).toEqual(['pod echo-v1-x runs, but is not ready (its readiness probe may fail)', 'pod p is Pending'])
  })
})

describe('rolled out', () => {
  const cases: Record<string, { status: Deployment['status']; expected: boolean }> = {
    'all seen, updated, ready and available': { status: {}, expected: true },
    'the change not seen yet': { status: { observedGeneration: 1 }, expected: false },
    'an old pod left': { status: { replicas: 2 }, expected: false },
    'pods of the old template': { status: { updatedReplicas: 0 }, expected: false },
    'not ready': { status: { readyReplicas: 0 }, expected: false },
    'ready, but not yet for minReadySeconds': { status: { availableReplicas: 0 }, expected: false },
  }
  for (const [name, { status, expected }] of Object.entries(cases)) {
    test(name, () => {
      const base = deployment('v1')
      expect(isRolledOut({ ...base, status: { ...base.status, ...status } })).toBe(expected)
    })
  }

  test('no status at all', () => {
    expect(isRolledOut(deployment('v1', { status: undefined }))).toBe(false)
  })
})
