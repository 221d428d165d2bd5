import { describe, expect, it } from 'vitest'
import {
  applyConfiguration,
  trackUpdate,
  type Tracking,
} from '../../../../src/sandbox/api-server/apply/field-manager.js'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'

function by(manager: string, operation: 'Apply' | 'Update' = 'Apply', subresource?: string): Tracking {
  const apiVersion = 'apps/v1'
  return {
    schema: 'apps.v1.Deployment',
    manager: { manager, operation, apiVersion, ...(subresource ? { subresource } : {}) },
    ignoredRoots: ['status'],
  }
}

interface Config {
  replicas?: number
  containers?: object[]
  labels?: Record<string, string>
}

function deployment({ replicas, containers, labels }: Config): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', ...(labels ? { labels } : {}) },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      ...(containers ? { template: { spec: { containers } } } : {}),
    },
  }
}

/** Applies in order; each is [manager, configuration]. */
function applied(...steps: [string, Config][]): KubeObject {
  let live: KubeObject | undefined
  for (const [manager, config] of steps)
    live = applyConfiguration(live, deployment(config), by(manager), false)
  return live!
}

const managersOf = (object: KubeObject) =>
  (object.metadata.managedFields as { manager: string; operation: string }[]).map(
    ({ manager, operation }) => `${manager} ${operation}`,
  )

describe('server-side apply', () => {
  it('removes what its manager applied before and leaves out now', () => {
    const live = applied(
      ['helm', { replicas: 2, labels: { a: '1', b: '2' }, containers: [{ name: 'x', image: 'i' }] }],
      ['helm', { labels: { b: '2' }, containers: [{ name: 'x' }] }],
    )
    expect(live.metadata.labels).toEqual({ b: '2' })
    expect(live.spec).toEqual({ template: { spec: { containers: [{ name: 'x' }] } } })
  })

  it('keeps what another manager applied as well', () => {
    const live = applied(
      ['helm', { replicas: 2, labels: { a: '1' } }],
      ['other', { replicas: 2 }],
      ['helm', { labels: { a: '1' } }],
    )
    expect(live.spec.replicas).toBe(2)
    expect(managersOf(live)).toEqual(['helm Apply', 'other Apply'])
  })

  it('keeps items and fields that nobody applied', () => {
    const live = applied(['helm', { containers: [{ name: 'x', image: 'i' }] }])
    live.spec.template.spec.containers[0].imagePullPolicy = 'Always'
    live.spec.template.spec.containers.push({ name: 'injected' })
    const next = applyConfiguration(live, deployment({ containers: [{ name: 'x' }] }), by('helm'), false)
    expect(next.spec.template.spec.containers).toEqual([
      { name: 'x', imagePullPolicy: 'Always' },
      { name: 'injected' },
    ])
  })

  it('refuses to change what another manager owns, and takes it by force', () => {
    const live = applied(['helm', { replicas: 1 }])
    const scaled = structuredClone(live)
    scaled.spec.replicas = 5
    scaled.metadata.managedFields = trackUpdate(live, scaled, by('kubectl', 'Update', 'scale'))
    const config = deployment({ replicas: 1 })
    expect(() => applyConfiguration(scaled, config, by('helm'), false)).toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
    )
    const forced = applyConfiguration(scaled, config, by('helm'), true)
    expect(forced.spec.replicas).toBe(1)
    expect(managersOf(forced)).toEqual(['helm Apply'])
  })

  it('shares what two managers apply alike', () => {
    expect(managersOf(applied(['a', { replicas: 1 }], ['b', { replicas: 1 }]))).toEqual([
      'a Apply',
      'b Apply',
    ])
  })

  it('tells ports of one number apart by protocol, TCP where none is said', () => {
    const port = (protocol?: string) => ({ containerPort: 80, ...(protocol ? { protocol } : {}) })
    const live = applied(
      ['helm', { containers: [{ name: 'x', ports: [port(), port('UDP')] }] }],
      ['helm', { containers: [{ name: 'x', ports: [port('TCP')] }] }],
    )
    expect(live.spec.template.spec.containers[0].ports).toEqual([port('TCP')])
  })

  it('counts what was there before the first apply as somebody’s', () => {
    const config = deployment({ replicas: 1 })
    expect(() => applyConfiguration(deployment({ replicas: 2 }), config, by('helm'), false)).toThrow(
      'conflict with "before-first-apply" using apps/v1: .spec.replicas',
    )
  })

  it('owns nothing of an update that it did not change', () => {
    const live = applied(['helm', { replicas: 1, labels: { a: '1' } }])
    const next = structuredClone(live)
    next.metadata.labels = { a: '1', b: '2' }
    const fields = trackUpdate(live, next, by('editor', 'Update')) as any[]
    expect(fields.map(({ manager, fieldsV1 }) => [manager, fieldsV1] as unknown)).toEqual([
      ['helm', { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:replicas': {} } }],
      ['editor', { 'f:metadata': { 'f:labels': { 'f:b': {} } } }],
    ])
  })
})
