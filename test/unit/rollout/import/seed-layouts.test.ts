import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { fromSeed } from '../../../../src/rollout/import/seed-layouts.js'
import { seedDeployment, seedRoute, seedRouting } from './seed-objects.js'
import { SEED } from '../seed-values.js'

const headers = { stage: 'canary' }
const both = [seedDeployment('v1'), seedDeployment('v2')]

function imported(effective: JsonObject, objects: JsonObject[]) {
  return fromSeed({ app: 'echo', effective, objects })
}

test.each([1, 2, 3, 4, 5, 6] as const)('part 3, step %i: the values as they are', (step) => {
  const hasCanary = 'canary' in (SEED[step].routes as JsonObject)
  const routes = [...(hasCanary ? [seedRoute('/echo', headers)] : []), seedRoute('/echo')]
  const found = imported(SEED[step], [...both, ...seedRouting(routes)])
  expect(found).toMatchObject({ layout: 'part 3', leftOut: [] })
  const { routes: wanted, deployment } = SEED[step] as { routes: JsonObject; deployment: JsonObject }
  expect(found?.values).toEqual({ deployment, routes: { ...wanted, apiGroup: 'team' } })
})

test('a version whose Deployment has another name is found by the labels of its pods', () => {
  const deployment = seedDeployment('1.7', { name: 'echo-1-7', image: 'team/app:1.7' }, 3)
  const named = { ...deployment, metadata: { name: 'echo-1-7', namespace: 'echo' } }
  const effective = { deployment: { '1.7': {} }, routes: { primary: { version: '1.7' } } }
  expect(imported(effective, [named, ...seedRouting()])).toMatchObject({
    values: { deployment: { '1.7': { image: { repository: 'team/app', tag: '1.7' }, replicas: 3 } } },
    leftOutOfPods: { '1.7': [] },
  })
})

test('the port of the Upstream is corrected, and told', () => {
  const told = (port: number) =>
    imported(SEED[1], [...both, ...seedRouting(undefined, { servicePort: port })])?.notes
  expect(told(8080)).toEqual([expect.stringContaining('servicePort 8080 of the Upstream becomes 80')])
  expect(told(80)).toEqual([])
})

test('part 4: other names for the same; templates are read from what they made', () => {
  const effective = {
    deployment: { v1: { replicas: 2, args: ['{{ .Values.text }}'] }, v2: { image: 'shop/echo:1.4' } },
    routing: {
      apiGroup: 'team',
      version: 'v1',
      canary: { version: 'v2', weight: 20, headers },
      routes: [{ prefix: '/{{ .Release.Name }}/foo' }, { prefix: '/{{ .Release.Name }}/bar' }],
    },
    routes: { apiGroup: 'example' },
  }
  const routes = ['/echo/foo', '/echo/bar'].flatMap((prefix) => [
    seedRoute(prefix, headers),
    seedRoute(prefix, {}),
  ])
  const objects = [
    seedDeployment('v1', { args: ['-text=hi {{x}}', '-listen=:8080'] }, 2),
    seedDeployment('v2', { image: 'shop/echo:1.4', imagePullPolicy: 'IfNotPresent' }),
    ...seedRouting(routes),
  ]
  expect(imported(effective, objects)).toMatchObject({
    layout: 'part 4',
    leftOut: [],
    values: {
      deployment: {
        v1: { replicas: 2, args: ['-text=hi {{ "{{" }}x}}', '-listen=:8080'] },
        v2: {
          image: { repository: 'shop/echo', tag: '1.4', pullPolicy: 'IfNotPresent' },
          podSecurity: 'none',
          args: ['-text=version:echo-v2', '-listen=:8080'],
        },
      },
      routes: {
        apiGroup: 'team',
        primary: { version: 'v1' },
        canary: { version: 'v2', weight: 20, headers },
        matches: [{ prefix: '/echo/foo' }, { prefix: '/echo/bar' }],
      },
    },
  })
})

test.each([
  ['all of the requests, by default', {}, 100],
  ['as many as the routes say', { percentage: 20 }, 20],
])('part 4: shadowing copies %s', (_case, shadowing, percentage) => {
  const routing = { version: 'v1', options: { shadowing: { version: 'v2' }, timeout: '9s' } }
  const routes = [seedRoute('/echo', {}, { options: { timeout: '5s', shadowing } })]
  const found = imported({ deployment: { v1: {}, v2: {} }, routing }, [...both, ...seedRouting(routes)])
  expect(found?.values.routes).toEqual({
    apiGroup: 'team',
    primary: { version: 'v1' },
    options: { timeout: '5s' },
    shadow: { version: 'v2', percentage },
  })
  expect(found?.notes).toContainEqual(expect.stringContaining('routing.options.timeout: dropped'))
})

test('what only the command line reads is carried, the rest of the values left behind and told', () => {
  const effective = { ...SEED[1], verify: { paths: ['/echo/x'] }, team: 'blue' }
  const found = imported(effective, [...both, ...seedRouting(undefined, { servicePort: 80 })])
  expect(found?.values).toMatchObject({ verify: { paths: ['/echo/x'] } })
  expect(found?.values).not.toHaveProperty('team')
  expect(found?.notes).toEqual([expect.stringContaining('team: dropped')])
})

test('ports, probes and a Service of its own', () => {
  const readinessProbe = { httpGet: { path: '/ready', port: 9000 } }
  const deployment = seedDeployment('v1', {
    ports: [{ name: 'http', containerPort: 9000 }],
    args: ['-text=version:echo-v1', '-listen=:9000'],
    readinessProbe,
  })
  const [service, upstream, routes] = seedRouting() as [JsonObject, JsonObject, JsonObject]
  const ports = [{ port: 8000, targetPort: 9000 }]
  const found = imported(SEED[1], [
    deployment,
    { ...service, spec: { selector: { app: 'echo' }, ports } },
    upstream,
    routes,
  ])
  expect(found?.values).toMatchObject({
    deployment: { v1: { port: 9000, probes: { readiness: '/ready' } } },
    service: { port: 8000, targetPort: 9000 },
  })
  expect(found?.notes.join()).toContain('becomes 8000')
})

describe('routes that the bundled chart can not make', () => {
  test.each<[string, JsonObject[], string]>([
    [
      'a redirect',
      [{ matchers: [{ prefix: '/echo' }], redirectAction: {} }],
      'routes[0].redirectAction: the chart has no value for it',
    ],
    [
      'a header by a pattern',
      [{ matchers: [{ prefix: '/echo', headers: [{ name: 'x', value: 'a.*', regex: true }] }] }],
      'header x is not matched by its plain value',
    ],
    [
      'a matcher unknown',
      [{ matchers: [{ prefix: '/echo', caseSensitive: false }] }],
      'routes[0].matchers.caseSensitive',
    ],
    ['options unknown', [seedRoute('/echo', {}, { options: { faults: {} } })], 'options.faults'],
    [
      'options of one route alone',
      [seedRoute('/echo/a', {}, { options: { timeout: '1s' } }), seedRoute('/echo/b')],
      'its routes have different options',
    ],
  ])('%s', (_case, routes, said) => {
    const { leftOut } = imported(SEED[1], [...both, ...seedRouting(routes)])!
    expect(leftOut.join('\n')).toContain(said)
  })

  test('none at all', () => {
    expect(imported(SEED[1], both)?.leftOut).toEqual(['there is no RouteTable echo-routes'])
  })
})

test('values of another chart', () => {
  expect(imported({ image: { tag: '1' } }, [])).toBeUndefined()
  expect(imported({ appVersion: 'v1', apiGroup: 'example' }, [])).toBeUndefined()
})
