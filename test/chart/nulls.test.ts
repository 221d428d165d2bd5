import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { render, template } from './helm.js'

type Values = Record<string, any>

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-nulls-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** An entry that a later file removes stands beside one that stays, in every map that the chart renders from. */
const APP = {
  podSecurity: 'none',
  image: {
    repository: 'registry.example/shop',
    tag: '1',
    digest: `sha256:${'d'.repeat(64)}`,
    pullSecrets: ['drop'],
  },
  workingDir: '/drop',
  env: {
    KEEP: 'x',
    DROP: 'x',
    DROP_FROM: { secretKeyRef: { name: 'drop', key: 'k' } },
    OTHER: { secretKeyRef: { name: 'drop', key: 'k' }, configMapKeyRef: { name: 'keep', key: 'k' } },
  },
  config: {
    files: { 'keep.txt': 'x', 'drop.txt': 'x' },
    env: { KEPT: 'x', DROPPED: 'x' },
    mountPath: '/drop',
  },
  labels: { keep: 'x', drop: 'x' },
  annotations: { keep: 'x', drop: 'x' },
  resources: { requests: { cpu: '1', 'example.com/drop': '1' }, limits: { 'example.com/drop': '1' } },
  probes: {
    readiness: { path: '/', port: 8080, periodSeconds: 7777 },
    liveness: '/drop',
    startup: { httpGet: { path: '/', port: 8080, host: 'drop' } },
  },
  lifecycle: { preStop: { sleep: { seconds: 1 } }, postStart: { exec: { command: ['drop'] } } },
  securityContext: { readOnlyRootFilesystem: true, seccompProfile: { localhostProfile: 'drop' } },
  podSecurityContext: { fsGroup: 1, supplementalGroups: [7777] },
  serviceAccount: { name: 'shop', create: true, annotations: { keep: 'x', drop: 'x' } },
  volumes: [{ name: 'drop', emptyDir: {} }],
  volumeMounts: [{ name: 'drop', mountPath: '/x' }],
  sidecars: [{ name: 'drop', image: 'x' }],
  nodeSelector: { keep: 'x', drop: 'x' },
  tolerations: [{ key: 'drop' }],
  affinity: {
    podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
    nodeAffinity: { drop: 'x' },
  },
  dnsConfig: { nameservers: ['10.0.0.1'], searches: ['drop'] },
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '7777%' } },
  priorityClassName: 'drop',
  autoscaling: {
    maxReplicas: 3,
    minReplicas: 2,
    memory: 7777,
    cpu: 50,
    behavior: { scaleDown: {}, scaleUp: { drop: 1 } },
  },
  podDisruptionBudget: { minAvailable: 1, maxUnavailable: '7777%' },
}
const APP_NULLS = {
  image: { digest: null, pullSecrets: null },
  workingDir: null,
  env: { DROP: null, DROP_FROM: null, OTHER: { secretKeyRef: null } },
  config: { files: { 'drop.txt': null }, env: { DROPPED: null }, mountPath: null },
  labels: { drop: null },
  annotations: { drop: null },
  resources: { requests: { 'example.com/drop': null }, limits: null },
  probes: { readiness: { periodSeconds: null }, liveness: null, startup: { httpGet: { host: null } } },
  lifecycle: { postStart: null },
  securityContext: { seccompProfile: { localhostProfile: null } },
  podSecurityContext: { supplementalGroups: null },
  serviceAccount: { annotations: { drop: null } },
  volumes: null,
  volumeMounts: null,
  sidecars: null,
  nodeSelector: { drop: null },
  tolerations: null,
  affinity: { nodeAffinity: null },
  dnsConfig: { searches: null },
  strategy: { rollingUpdate: { maxSurge: null } },
  priorityClassName: null,
  autoscaling: { memory: null, behavior: { scaleUp: null } },
  podDisruptionBudget: { maxUnavailable: null },
}
const REST = {
  deployment: { v1: {}, v2: {}, v3: { replicas: 7777 } },
  routes: {
    primary: { version: 'v1' },
    canary: { version: 'v2', headers: { stage: 'canary', drop: 'x' } },
    matches: [{ prefix: '/', query: { any: null } }],
    options: {
      timeout: '77s',
      prefixRewrite: '/',
      retries: { retryOn: 'connect-failure', perTryTimeout: '77s' },
      cors: { allowOrigin: ['keep'], maxAge: 'drop' },
      headerManipulation: { requestHeadersToRemove: ['drop'], responseHeadersToRemove: ['keep'] },
    },
    virtualService: {
      domains: ['keep.example'],
      sslConfig: { sniDomains: ['keep.example'], secretRef: { name: 'drop' } },
      options: { drop: {} },
    },
  },
  service: { port: 81, ports: [{ name: 'drop', port: 82 }], annotations: { keep: 'x', drop: 'x' } },
  upstream: { fallbackPolicy: 'NO_FALLBACK' },
  verify: { version: { header: 'x-v', json: 'drop' }, tolerance: 5, request: { headers: { drop: 'x' } } },
  capacity: { scale: 'auto' },
}
const REST_NULLS = {
  deployment: { v3: null },
  routes: {
    canary: { headers: { drop: null } },
    options: {
      timeout: null,
      retries: { perTryTimeout: null },
      cors: { maxAge: null },
      headerManipulation: { requestHeadersToRemove: null },
    },
    virtualService: { sslConfig: { secretRef: null }, options: null },
  },
  service: { ports: null, annotations: { drop: null } },
  upstream: { fallbackPolicy: null },
  verify: { version: { json: null }, tolerance: null, request: { headers: { drop: null } } },
  capacity: null,
}

/** The values without the entries that are null in the second. */
function without(values: Values, nulls: Values): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      if (!(key in nulls)) return [[key, value]]
      return nulls[key] === null ? [] : [[key, without(value as Values, nulls[key] as Values)]]
    }),
  )
}

describe.each(HELM_MAJORS)('with Helm %i', (major) => {
  async function later(name: string, values: Values): Promise<{ args: string[] }> {
    const file = path.join(folder, `${major}-${name}.json`)
    await writeFile(file, JSON.stringify(values))
    return { args: ['-f', file] }
  }

  test('null in a later values file removes the entry, in every map of app, routes and the rest', async () => {
    const values = { app: APP, ...REST }
    const nulls = { app: APP_NULLS, ...REST_NULLS }
    const removed = await template(major, values, await later('all', nulls))
    expect(removed.stderr).toBe('')
    expect(removed.stdout).not.toMatch(/drop|7777|null|NO_FALLBACK/i)
    expect(removed.stdout).toBe((await template(major, without(values, nulls))).stdout)
  })

  test('null in a version removes what app has, for this version alone', async () => {
    const { OTHER: _other, ...env } = APP.env
    const app: Values = { ...APP, env, podDisruptionBudget: { minAvailable: 1 } }
    const nulls: Values = {
      ...APP_NULLS,
      env: { DROP: null, DROP_FROM: null },
      podDisruptionBudget: null,
      serviceAccount: null,
    }
    const routes = { primary: { version: 'v1' } }
    const both = await render(
      major,
      { app, deployment: { v1: {}, v2: {} }, routes },
      await later('v1', { deployment: { v1: nulls } }),
    )
    const alone = await render(major, { app: without(app, nulls), deployment: { v1: {} }, routes })
    for (const name of ['Deployment', 'ConfigMap', 'HorizontalPodAutoscaler']) {
      expect(both[`${name}/echo-v1`]).toEqual(alone[`${name}/echo-v1`])
    }
    expect(both['PodDisruptionBudget/echo-v1']).toBeUndefined()
    const { env: ofOther } = both['Deployment/echo-v2'].spec.template.spec.containers[0]
    expect(ofOther.map(({ name }: { name: string }) => name)).toEqual([
      'DROPPED',
      'KEPT',
      'DROP_FROM',
      'DROP',
      'KEEP',
    ])
  })

  test('a version takes a variable from elsewhere than app does', async () => {
    const env = (value: Values) => ({ image: 'x:1', env: { PASSWORD: value } })
    const secretKeyRef = { name: 'db', key: 'password' }
    const configMapKeyRef = { name: 'dev', key: 'password' }
    const values = (own: Values) => ({
      app: env({ secretKeyRef }),
      deployment: { v1: { env: { PASSWORD: own } } },
      routes: { primary: { version: 'v1' } },
    })
    const { spec } = (await render(major, values({ secretKeyRef: null, configMapKeyRef })))[
      'Deployment/echo-v1'
    ].spec.template
    expect(spec.containers[0].env).toEqual([{ name: 'PASSWORD', valueFrom: { configMapKeyRef } }])
    expect((await template(major, values({ configMapKeyRef }))).stderr).toContain(
      'deployment.v1.env.PASSWORD is from configMapKeyRef and secretKeyRef: give it one source (null removes that of app)',
    )
  })
})
