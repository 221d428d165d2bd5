import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HELM_MAJORS } from '../../../scripts/tools.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'

const CHART = `
apiVersion: v1
kind: Service
metadata: {name: tiny}
spec:
  selector: {app: tiny}
  ports: [{name: http, port: 80, targetPort: 5678}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tiny}
spec:
  selector: {matchLabels: {app: tiny}}
  template:
    metadata: {labels: {app: tiny}}
    spec:
      containers: [{name: tiny, image: hashicorp/http-echo, args: ["-text=tiny"], ports: [{containerPort: 5678}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: tiny}
spec:
  parentRefs: [{name: public, namespace: gateways}]
  rules:
    - matches: [{path: {type: PathPrefix, value: {{ .Values.prefix }}}}]
      backendRefs: [{name: tiny, port: 80, weight: {{ .Values.weight }}}]
      {{- with .Values.extra }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
`

describe.each(HELM_MAJORS)('HTTPRoutes by Helm %i', (major) => {
  let cluster: SandboxCli
  let chart: string

  beforeAll(async () => {
    cluster = await startSandboxCli(major, { ...QUICK, providers: ['gateway-api'] })
    chart = path.join(cluster.home, 'chart')
    await mkdir(path.join(chart, 'templates'), { recursive: true })
    await writeFile(path.join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: tiny\nversion: 1.0.0\n')
    await writeFile(path.join(chart, 'values.yaml'), 'prefix: /tiny\nweight: 1\n')
    await writeFile(path.join(chart, 'templates', 'all.yaml'), CHART)
  })
  afterAll(() => cluster.close())

  const helm = (action: string, ...args: string[]) => cluster.helm([action, 'tiny', chart, ...args])
  const live = () => cluster.sandbox.store.get(RESOURCES.httproutes, 'default', 'tiny')
  const ask = async (at: string) => {
    const answer = await fetch(cluster.sandbox.gatewayUrl + at)
    return `${answer.status} ${await answer.text()}`.trim()
  }

  it('are installed, accepted and served', async () => {
    expect(await helm('install', '--wait', '--timeout', '120s')).toMatchObject({ exitCode: 0 })
    await expect.poll(() => ask('/tiny'), { timeout: 30_000 }).toBe('200 tiny')
    const [parent] = live()?.status.parents
    expect(parent.parentRef).toEqual({
      group: 'gateway.networking.k8s.io',
      kind: 'Gateway',
      name: 'public',
      namespace: 'gateways',
    })
    expect(parent.conditions.map(({ type, status }: any) => `${type}=${status}`)).toContain('Accepted=True')
    expect(live()?.metadata.generation).toBe(1) // a status is no new generation
  })

  it('change with an upgrade', async () => {
    expect(await helm('upgrade', '--set', 'prefix=/other')).toMatchObject({ exitCode: 0 })
    await expect.poll(() => ask('/other'), { timeout: 30_000 }).toBe('200 tiny')
    expect(await ask('/tiny')).toBe('404')
    expect(live()?.metadata.generation).toBe(2)
  })

  it.each([
    ['weight=1000001', /weight: Invalid value: 1000001: .* should be less than or equal to 1000000/],
    ['prefix=tiny', /must be an absolute path and start with '\/'/],
    ['prefix=/a//b', /must not contain '\/\/'/],
    ['extra.timeouts.request=soon', /timeouts\.request in body should match/],
    ['extra.filters[0].type=URLRewrite', /filter\.urlRewrite must be specified for URLRewrite filter\.type/],
  ])('with %s are refused', async (set, why) => {
    const { exitCode, stderr } = await helm('upgrade', '--set', set)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(why)
    expect(live()?.metadata.generation).toBe(2)
  })

  it('with a field of the experimental channel: dropped by Helm 3, refused by Helm 4', async () => {
    const { exitCode, stderr } = await helm('upgrade', '--set', 'prefix=/other,extra.retry.attempts=2')
    expect(exitCode).toBe(major === 3 ? 0 : 1)
    if (major === 4) expect(stderr).toContain('field not declared in schema')
    expect(live()?.spec.rules[0]).not.toHaveProperty('retry')
  })

  it('with a field newer than the CRDs: as an unknown one', async () => {
    const fault = cluster.sandbox.faults.add({ kind: 'gateway-crds', release: '1.1' })
    const { exitCode, stderr } = await helm('upgrade', '--set', 'prefix=/other,extra.timeouts.request=5s')
    expect(exitCode).toBe(major === 3 ? 0 : 1)
    if (major === 4) expect(stderr).toContain('.timeouts: field not declared in schema')
    cluster.sandbox.faults.remove(fault.id)
  })

  it('are shown by kubectl, in both versions', async () => {
    const { stdout } = await cluster.kubectl([
      'get',
      'httproutes.v1beta1.gateway.networking.k8s.io',
      '-o',
      'json',
    ])
    expect(JSON.parse(stdout).items[0]).toMatchObject({ apiVersion: 'gateway.networking.k8s.io/v1beta1' })
    const gateways = await cluster.kubectl(['get', 'gateways,gatewayclasses', '-A'])
    expect(gateways.stdout).toMatch(/public +eg +127\.0\.0\.1 +True/)
    expect(gateways.stdout).toMatch(/eg +gateway\.envoyproxy\.io\/gatewayclass-controller +True/)
    const strict = await cluster.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'strict' },
        spec: { rules: [{ retry: { attempts: 2 } }] },
      }),
    )
    expect(strict.stderr).toContain('unknown field "spec.rules[0].retry"')
  })

  it('go with the release', async () => {
    expect(await cluster.helm(['uninstall', 'tiny', '--wait'])).toMatchObject({ exitCode: 0 })
    expect(live()).toBeUndefined()
    await expect.poll(() => ask('/other'), { timeout: 30_000 }).toBe('404')
  })
})
