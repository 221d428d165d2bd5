import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { environmentOf, missingVolume } from '../../../../src/sandbox/workloads/environment.js'

const configMap: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { LEVEL: 'info', COLOR: 'red' },
}
const secret: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db' },
  data: { password: Buffer.from('hunter2').toString('base64') },
}
const read = (kind: string, name: string) =>
  [configMap, secret].find((one) => one.kind.toLowerCase() === kind && one.metadata.name === name)

function pod(container: object, spec: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shop-1', namespace: 'shop', labels: { version: 'v1' } },
    spec: { containers: [container], ...spec },
  }
}

test('variables of all kinds, later ones over those of whole objects, references filled in', () => {
  const container = {
    envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'db' } }],
    env: [
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
      { name: 'S_COLOR', value: 'blue' },
      { name: 'URL', value: 'db://me:$(PASSWORD)@host/$(NONE)' },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'VERSION', valueFrom: { fieldRef: { fieldPath: "metadata.labels['version']" } } },
      { name: 'MAYBE', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
    ],
  }
  expect(environmentOf(pod(container), read)).toEqual({
    values: {
      S_LEVEL: 'info',
      S_COLOR: 'blue',
      password: 'hunter2',
      PASSWORD: 'hunter2',
      URL: 'db://me:hunter2@host/$(NONE)',
      POD: 'shop-1',
      VERSION: 'v1',
    },
  })
})

describe('what is missing is told as the kubelet tells it', () => {
  test.each<[object, string]>([
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] },
      'secret "none" not found',
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'a' } } }] },
      "couldn't find key a in Secret shop/db",
    ],
  ])('%j', (container, missing) => {
    expect(environmentOf(pod(container), read)).toEqual({ missing })
  })

  test('volumes', () => {
    const volumes = [
      { name: 'a', configMap: { name: 'settings' } },
      { name: 'b', secret: { secretName: 'gone', optional: true } },
      { name: 'c', emptyDir: {} },
    ]
    expect(missingVolume(pod({}, { volumes }), read)).toBeUndefined()
    expect(missingVolume(pod({}, { volumes: [{ name: 'd', secret: { secretName: 'tls' } }] }), read)).toBe(
      'MountVolume.SetUp failed for volume "d" : secret "tls" not found',
    )
  })
})
