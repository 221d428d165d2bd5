import { isDeepStrictEqual } from 'node:util'
import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { sourceOfManifest } from '../../../../src/operations/init/manifest-source.js'
import {
  type DeploymentValues,
  valuesFromDeployment,
} from '../../../../src/rollout/from-deployment/from-deployment.js'
import { autoscalingValues } from '../../../../src/rollout/import/scaling-values.js'
import { environmentValues } from '../../../../src/rollout/from-deployment/environment-values.js'
import { valuesText } from '../../../../src/rollout/from-deployment/init-values.js'
import { plainContainer, plainPodSpec } from '../../../../src/rollout/from-deployment/server-defaults.js'
import { render } from '../../../chart/helm.js'
import { problemsOf } from '../../../chart/validate-objects.js'

function manifest(name: string): string {
  return readFileSync(new URL(`fixtures/deployments/${name}.yaml`, import.meta.url), 'utf8')
}

function read(name: string, more: { app?: string; port?: number; container?: string } = {}) {
  const source = sourceOfManifest(manifest(name), name, name === 'odd' ? 'odd' : undefined, 'odds')
  const { deployment, service, autoscaler, budget } = source
  const objects = { deployment, service, autoscaler, budget }
  const values = valuesFromDeployment({ app: name, ...objects, withSecrets: false, ...more })
  return { deployment: deployment as any, service: service as any, values }
}

function fileOf(app: string, values: DeploymentValues): string {
  const { app: config, service, leftOut, notes } = values
  return valuesText({ app, config, service, routes: {}, paths: [`/${app}`], leftOut, notes }, (value) =>
    stringify(value, { version: '1.1', lineWidth: 0 }),
  )
}

/** Everything that is said of a container or pod and is not the same once rendered, or named as left out. */
function differences(before: JsonObject, after: JsonObject, isNamed: (field: string) => boolean): string[] {
  return Object.keys(before).filter(
    (field) => !isNamed(field) && !isDeepStrictEqual(before[field], after[field]),
  )
}

/** A container with its ports as numbers, its variables by name and what its probes leave to Kubernetes said. */
function comparable(container: any, { runAsNonRoot, seccompProfile }: any = {}): JsonObject {
  const {
    name: _name,
    ports = [],
    env = [],
    image,
    securityContext,
    ...rest
  } = plainContainer(container) as any
  // What the pod says holds for the container.
  const security = { runAsNonRoot, seccompProfile, ...securityContext }
  const numbers = new Map(ports.map((port: any) => [port.name, port.containerPort]))
  const resolve = (hook: any) =>
    Object.fromEntries(
      Object.entries<any>(hook).map(([key, value]) =>
        value?.port === undefined
          ? [key, value]
          : [
              key,
              {
                ...(key === 'httpGet' ? { path: '/' } : {}),
                ...value,
                port: numbers.get(value.port) ?? value.port,
              },
            ],
      ),
    )
  for (const field of ['startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle']) {
    if (rest[field]) rest[field] = resolve(rest[field])
  }
  return {
    ...rest,
    securityContext: JSON.parse(JSON.stringify(security)),
    image: /[:@][^/]*$/.test(image) ? image : `${image}:latest`,
    ...Object.fromEntries(env.map(({ name, ...value }: any) => [`env ${name}`, { value: '', ...value }])),
    ...Object.fromEntries(
      ports.map((port: any) => [`port ${port.containerPort}/${port.protocol ?? 'TCP'}`, {}]),
    ),
  }
}

describe.each(['web', 'shop', 'grpc', 'legacy', 'odd'])('the chart makes of %s', (name) => {
  const { deployment, service, values } = read(name)
  const named = (prefix: string) => (field: string) =>
    values.leftOut.some((lost) => lost.field.startsWith(`${prefix}${field}`))

  test.each([3, 4] as const)('the same pods with Helm %d, but for what is listed', async (helm) => {
    const file = parse(fileOf(name, values), { version: '1.1' })
    const objects = await render(
      helm,
      { ...file, deployment: { v1: {} }, routes: { primary: { version: 'v1' } } },
      { app: name },
    )
    expect(problemsOf(objects)).toEqual([])
    const after = objects[`Deployment/${name}-v1`]
    const template = deployment.spec.template
    expect(after.spec.replicas).toBe(name === 'odd' ? undefined : (deployment.spec.replicas ?? 1))
    const { containers, ...pod } = plainPodSpec(template.spec) as any
    const { containers: rendered, ...renderedPod } = plainPodSpec(after.spec.template.spec) as any
    const own = containers[0]

    const strip = (spec: any) => ({
      ...spec,
      initContainers: spec.initContainers?.map(plainContainer),
      // The chart counts the pods of one version.
      topologySpreadConstraints: spec.topologySpreadConstraints?.map(
        ({ labelSelector: _own, ...rest }: any) => rest,
      ),
    })
    expect(
      differences(strip(pod), { serviceAccountName: 'default', ...strip(renderedPod) }, named('')),
    ).toEqual([])
    expect(rendered.slice(1).map(plainContainer)).toEqual(containers.slice(1).map(plainContainer))
    expect(
      differences(
        comparable(own, pod.securityContext),
        comparable(rendered[0], renderedPod.securityContext),
        (field) => ['env HOST', 'env A'].includes(field) || named(`containers ${own.name}: `)(field),
      ),
    ).toEqual([])
    expect(after.spec.template.metadata.annotations ?? {}).toEqual(
      name === 'shop' ? { 'prometheus.io/scrape': 'true' } : {},
    )
    if (!service) return
    const ports = objects[`Service/${name}`].spec.ports
    const given = service.spec.ports.filter(({ protocol = 'TCP' }: any) => protocol === 'TCP')
    expect(ports.map(({ port }: any) => port).sort()).toEqual(given.map(({ port }: any) => port).sort())
  })
})

test('the file says why each key is there, and what is not carried over', async () => {
  const { values } = read('shop')
  await expect(fileOf('shop', values)).toMatchFileSnapshot('fixtures/deployments/shop-values.txt')
})

test('variables say what they said, in the order of the chart', () => {
  const { values } = read('legacy')
  expect(values.app.env).toEqual({
    ZONE: 'eu',
    // ZONE comes after it now: its text was filled in.
    HOST: 'eu.example.com',
    // C came after it, so that nothing was filled in, and does so now; $$ stays what it is.
    B: 'b$(C)$$(ZONE)',
    C: 'c',
    NODE: { fieldRef: { fieldPath: 'spec.nodeName' } },
    // What is from elsewhere comes before every text.
    WHERE: 'on-$(NODE)',
    A: 'on-$(NODE)!',
    TWICE: 'second',
  })
})

test('a reference without effect does not get one by the order', () => {
  const env = [
    { name: 'LATER', value: 'x$(EARLIER)' },
    { name: 'EARLIER', value: 'y' },
  ]
  const { deployment } = sourceOfManifest(manifest('legacy'), 'legacy')
  const changed: any = structuredClone(deployment)
  changed.spec.template.spec.containers[0].env = env
  const { app } = valuesFromDeployment({ app: 'legacy', deployment: changed, withSecrets: false })
  expect(app.env).toEqual({ LATER: 'x$$(EARLIER)', EARLIER: 'y' })
})

describe('secrets that stand in a Deployment as they are', () => {
  const deployment: any = {
    kind: 'Deployment',
    spec: {
      template: {
        spec: {
          initContainers: [{ name: 'wait', image: 'a', env: [{ name: 'API_TOKEN', value: 'tok-123' }] }],
          containers: [
            {
              name: 'main',
              image: 'registry.example/main:1',
              ports: [{ containerPort: 8080 }],
              readinessProbe: {
                httpGet: {
                  port: 8080,
                  httpHeaders: [{ name: 'Authorization', value: 'Bearer tok-of-probe' }],
                },
              },
              args: ['--db-password=hunter2', '--api-key', 'k-456', '--token=$(GIVEN)', '--max-tokens=100'],
              env: [
                { name: 'GIVEN', valueFrom: { secretKeyRef: { name: 'given', key: 'it' } } },
                { name: 'DB_PASSWORD', value: 'pass-789' },
                { name: 'DB_URL', value: 'postgres://ann:secret-0@db/shop' },
                { name: 'URL', value: 'http://ann:$(GIVEN)@db' },
                { name: 'MAX_TOKENS', value: '100' },
                { name: 'TOKEN_PATH', value: '/run/token' },
                { name: 'COPIED_PASSWORD', value: '$(GIVEN)' },
              ],
            },
          ],
        },
      },
    },
  }
  const literals = ['hunter2', 'k-456', 'pass-789', 'secret-0', 'tok-123', 'tok-of-probe']

  test('become references to a Secret that is yet to be made', () => {
    const { app, notes, leftOut } = valuesFromDeployment({ app: 'main', deployment, withSecrets: false })
    const reference = (key: string) => ({ secretKeyRef: { name: 'main-secrets', key } })
    expect(app.env).toEqual({
      API_KEY: reference('API_KEY'),
      COPIED_PASSWORD: '$(GIVEN)',
      DB_PASSWORD: reference('DB_PASSWORD'),
      DB_PASSWORD_OF_ARGS: reference('DB_PASSWORD_OF_ARGS'),
      DB_URL: reference('DB_URL'),
      GIVEN: { secretKeyRef: { name: 'given', key: 'it' } },
      MAX_TOKENS: '100',
      TOKEN_PATH: '/run/token',
      URL: 'http://ann:$(GIVEN)@db',
    })
    expect(app.args).toEqual([
      '--db-password=$(DB_PASSWORD_OF_ARGS)',
      '--api-key',
      '$(API_KEY)',
      '--token=$(GIVEN)',
      '--max-tokens=100',
    ])
    expect(app.initContainers).toEqual([
      {
        name: 'wait',
        image: 'a',
        env: [{ name: 'API_TOKEN', valueFrom: reference('API_TOKEN') }],
      },
    ])
    const file = fileOf('main', { app, service: {}, leftOut, notes })
    for (const literal of literals) expect(file).not.toContain(literal)
    expect(notes.join()).toContain('main: env DB_PASSWORD (key DB_PASSWORD)')
    expect(notes.join()).toContain('they are *** in the values: main: readinessProbe.')
  })

  test('are written as they are where that is asked for', () => {
    const values = valuesFromDeployment({ app: 'main', deployment, withSecrets: true })
    const file = fileOf('main', values)
    for (const literal of literals) expect(file).toContain(literal)
    const [note] = values.notes.filter((text) => text.startsWith('The values contain literal secrets'))
    expect(note).toContain('main: env DB_PASSWORD')
    expect(note).toContain('main: readinessProbe')
    expect(note).toContain('secretKeyRef')
  })
})

test('which port gets the requests: the flag, the Service, the name http, the first', () => {
  const { deployment } = sourceOfManifest(manifest('shop'), 'shop')
  const ofPort = (port?: number) =>
    valuesFromDeployment({ app: 'shop', deployment, port, withSecrets: false }).app
  expect(ofPort().port).toBe(8080)
  expect(read('shop').values.app.port).toBe(8080)
  expect(read('web').values.app.port).toBe(8081)
  expect(ofPort(9090)).toMatchObject({
    port: 9090,
    ports: [
      { name: 'port-8080', port: 8080 },
      { name: 'dns', port: 5353, protocol: 'UDP' },
      { name: 'port-9191', port: 9191 },
    ],
    probes: { readiness: { path: '/ready', port: 'port-8080' } },
  })
})

test('another container than the first is the app, and the first one beside it', () => {
  const { app } = read('shop', { container: 'proxy' }).values
  expect(app).toMatchObject({ image: { repository: 'envoyproxy/envoy' }, sidecars: [{ name: 'api' }] })
})

test('any variables: what a container sees is the same, in the order of the chart', () => {
  const names = fc.constantFrom('A', 'B', 'C', 'D')
  const piece = fc.oneof(
    fc.constantFrom('x', '$', '$$', '{{', '(', ')'),
    names.map((name) => `$(${name})`),
    names.map((name) => `$$(${name})`),
  )
  const variable = fc.record({
    name: names,
    text: fc.option(fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))),
  })
  fc.assert(
    fc.property(fc.uniqueArray(variable, { selector: ({ name }) => name }), (variables) => {
      const given = variables.map(({ name, text }): JsonObject =>
        text === null ? { name, valueFrom: { fieldRef: { fieldPath: name } } } : { name, value: text },
      )
      const { env, leftOut } = environmentValues(given)
      const rendered = Object.keys(env)
        .sort()
        .sort((one, other) => Number(typeof env[one] === 'string') - Number(typeof env[other] === 'string'))
        .map((name): { name: string; text: string | null } => {
          const value = env[name]
          return { name, text: typeof value === 'string' ? value.replaceAll('{{ "{{" }}', '{{') : null }
        })
      expect(leftOut).toEqual([])
      expect(seenWith(rendered)).toEqual(seenWith(variables))
    }),
    { seed: 6, numRuns: 2000 },
  )
})

/** What a container sees, as Kubernetes fills it in; a variable from elsewhere is its name in brackets. */
function seenWith(variables: { name: string; text: string | null }[]): Record<string, string> {
  const seen: Record<string, string> = {}
  for (const { name, text } of variables) {
    seen[name] =
      text === null
        ? `<${name}>`
        : text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, other?: string) =>
            other === undefined ? '$' : (seen[other] ?? whole),
          )
  }
  return seen
}

test('what is rare is taken over, or listed', () => {
  const { app, service, leftOut, notes } = read('odd').values
  expect(app).toMatchObject({
    port: 8080,
    ports: [
      { name: 'dns', port: 5353, protocol: 'UDP' },
      { name: 'metrics', port: 9090 },
    ],
    autoscaling: {
      minReplicas: 2,
      maxReplicas: 6,
      cpu: 70,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
    podDisruptionBudget: { minAvailable: 1 },
    // A merge replaces what stands before it; of several maps the first one wins.
    probes: {
      readiness: { path: '/ready', periodSeconds: 5, failureThreshold: 2 },
      liveness: { timeoutSeconds: 3, tcpSocket: { port: 'metrics' } },
    },
    lifecycle: { stopSignal: 'SIGUSR1', preStop: { exec: { command: ['/drain'] } } },
    os: { name: 'linux' },
    serviceAccount: 'robot',
  })
  expect(app).not.toHaveProperty('replicas')
  expect(service).toEqual({ ports: [{ name: 'metrics-for-prometheus', port: 9090 }] })
  expect(leftOut.map(({ field }) => field)).toEqual([
    'x-probe',
    'containers main: name',
    'containers main: port name web-again',
    'containers main: port name web',
    'containers main: port name prometheus',
    'Service: metadata.labels team',
    'Service: internalTrafficPolicy',
    'Service: port 80: appProtocol',
    'Service: port 80: name web',
    'Service: port 53/UDP',
    'HorizontalPodAutoscaler: metrics ContainerResource cpu',
    'PodDisruptionBudget: unhealthyPodEvictionPolicy',
  ])
  expect(notes).toEqual([])
})

describe('a Service', () => {
  const deployment = sourceOfManifest(manifest('web'), 'web').deployment
  const leftOutOf = (spec: JsonObject) => {
    const service = {
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ...spec },
    }
    const { leftOut, notes } = valuesFromDeployment({ app: 'web', deployment, service, withSecrets: false })
    return [...leftOut.map(({ field }) => field).filter((field) => field.startsWith('Service: ')), ...notes]
  }

  test.each<[name: string, spec: JsonObject, said: string[]]>([
    ['without an address', { clusterIP: 'None', ports: [{ port: 8081 }] }, ['Service: clusterIP None']],
    [
      'with what the API server fills in',
      {
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        type: 'ClusterIP',
        ports: [{ port: 8081, protocol: 'TCP', targetPort: 8081 }],
      },
      [],
    ],
    ['for UDP alone', { ports: [{ port: 53, protocol: 'UDP' }] }, ['Service: port 53/UDP']],
    [
      'whose port the container does not name',
      { ports: [{ port: 80, targetPort: 'gone' }] },
      [
        'The Service sends to port "gone", which the container does not declare. Using 8081; change it with --port.',
      ],
    ],
    [
      'of nodes',
      {
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        ipFamilyPolicy: 'RequireDualStack',
        ports: [{ port: 80, targetPort: 8081, nodePort: 30080 }],
      },
      [
        'Service: externalTrafficPolicy',
        'Service: ipFamilyPolicy',
        'Service: port 80: nodePort',
        'Service: type',
      ],
    ],
  ])('%s', (_name, spec, said) => {
    expect(leftOutOf(spec)).toEqual(said)
  })
})

test.each<[name: string, spec: JsonObject, values: JsonObject, leftOut: string[]]>([
  [
    'the first version',
    { maxReplicas: 3, targetCPUUtilizationPercentage: 60 },
    { maxReplicas: 3, cpu: 60 },
    [],
  ],
  ['no metric', { maxReplicas: 3 }, { maxReplicas: 3, cpu: 80 }, []],
  [
    'none at night',
    { minReplicas: 0, maxReplicas: 3 },
    { minReplicas: 1, maxReplicas: 3, cpu: 80 },
    ['minReplicas 0'],
  ],
  [
    'a beta version',
    {
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }],
    },
    { maxReplicas: 3, cpu: 80 },
    ['metrics Resource cpu'],
  ],
])('an autoscaler of %s', (_name, spec, values, leftOut) => {
  const read = autoscalingValues({ kind: 'HorizontalPodAutoscaler', spec }, 'main')
  expect(read.values).toEqual(values)
  expect(read.leftOut.map(({ field }) => field)).toEqual(leftOut)
})
