import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { referencesOf } from '../../../../src/rollout/values/references.js'

test('everything that pods name, where the values say it', () => {
  const values: JsonObject = {
    app: {
      image: { repository: 'a', pullSecrets: ['registry'] },
      envFrom: [{ secretRef: { name: 'shared' } }, { configMapRef: { name: 'settings' } }],
      env: { PASSWORD: { secretKeyRef: { name: 'db', key: 'p' } }, LEVEL: 'info' },
      serviceAccount: 'robot',
      sidecars: [
        { name: 'x', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'side', key: 'a' } } }] },
      ],
    },
    deployment: {
      v1: {},
      v2: {
        secrets: [
          { name: 'tls', mountPath: '/etc/tls' },
          { name: 'db', env: true },
        ],
        volumes: [
          { name: 'a', configMap: { name: 'files' } },
          { name: 'b', secret: { secretName: 'more' } },
          { name: 'c', emptyDir: {} },
        ],
      },
    },
  }
  expect(referencesOf(values, 'v2').map(({ kind, name, place }) => `${kind} ${name} (${place})`)).toEqual([
    'Secret registry (app.image.pullSecrets[0])',
    'Secret db (app.env.PASSWORD)',
    'Secret shared (app.envFrom[0])',
    'ConfigMap settings (app.envFrom[1])',
    'Secret tls (deployment.v2.secrets[0])',
    'ConfigMap files (deployment.v2.volumes[0])',
    'Secret more (deployment.v2.volumes[1])',
    'ConfigMap side (app.sidecars[0].env[0])',
    'ServiceAccount robot (app.serviceAccount)',
  ])
})

test.each([
  ['an optional one', { envFrom: [{ secretRef: { name: 'a', optional: true } }] }],
  ['an account that the chart makes', { serviceAccount: { create: true, name: 'robot' } }],
  ['the namespace’s own account', { serviceAccount: {} }],
  ['configuration that the chart makes', { config: { files: { a: 'b' }, env: { C: 'd' } } }],
  ['nothing', {}],
])('is not looked for: %s', (_title, v1) => {
  expect(referencesOf({ deployment: { v1 } }, 'v1')).toEqual([])
})
