import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { canaryValues, chartFolder, fixture, helm, objectsOf, render, template } from './helm.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-chart-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The values with one version, v1, of this configuration. */
const config = (v1: Record<string, unknown>) => ({
  deployment: { v1 },
  routes: { primary: { version: 'v1' } },
})

describe.each(HELM_MAJORS)('Helm %i', (major) => {
  test.concurrent.each(['', ...[1, 2, 3, 4, 5, 6].map((step) => `values-${step}.yaml`)])(
    'lints the chart, values: %s',
    async (values) => {
      const args = ['lint', chartFolder, '--strict', ...(values ? ['-f', fixture(values)] : [])]
      const { exitCode, stdout } = await helm(major, args)
      expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
      expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/)
      expect(exitCode).toBe(0)
    },
  )

  test.concurrent.each([
    ['nothing: the default one, untagged', {}, 'hashicorp/http-echo'],
    ['a repository: the version is the tag', { image: 'team/app' }, 'team/app:v1'],
    ['a repository behind a port', { image: 'registry:5000/team/app' }, 'registry:5000/team/app:v1'],
    ['a tag', { image: 'registry:5000/team/app:1.4' }, 'registry:5000/team/app:1.4'],
    ['a digest', { image: 'team/app@sha256:0a1b' }, 'team/app@sha256:0a1b'],
  ])('takes as image %s', async (_title, v1, image) => {
    const rendered = await render(major, config(v1))
    expect(containerOf(rendered, 'v1').image).toBe(image)
  })

  test.concurrent.each([
    ['none with an image of its own', { image: 'team/app' }, undefined],
    ['none when told so', { args: [] }, undefined],
    ['its own', { args: ['-listen=:8080', '', 'a "b"'] }, ['-listen=:8080', '', 'a "b"']],
    [
      'templates',
      { image: 'app', args: ['{{ .Version }} of {{ .Release.Name }}', '{{ .Values.routes.apiGroup }}'] },
      ['v1 of echo', 'example'],
    ],
  ])('gives a version arguments: %s', async (_title, v1, args) => {
    expect(containerOf(await render(major, config(v1)), 'v1').args).toEqual(args)
  })

  test.concurrent('gives each version its replicas and pull policy', async () => {
    const v1 = { replicas: 1_000_000, imagePullPolicy: 'IfNotPresent' }
    const { stdout } = await template(major, {
      ...config(v1),
      deployment: { v1, v2: { replicas: 0 }, v3: {} },
    })
    // Compared as text: a million written as 1e+06 is the same number, but no integer to Kubernetes.
    expect(stdout.match(/replicas: .*/g)).toEqual(['replicas: 1000000', 'replicas: 0', 'replicas: 1'])
    const rendered = objectsOf(stdout)
    expect(containerOf(rendered, 'v1').imagePullPolicy).toBe('IfNotPresent')
    expect(containerOf(rendered, 'v3').imagePullPolicy).toBe('Always')
  })

  test.concurrent(
    'versions with dots: labels and tags as they are, names of objects with dashes',
    async () => {
      const version = '1.10.3_a'
      const values = {
        app: {
          image: 'team/app',
          config: { files: { 'app.yaml': 'a' } },
          autoscaling: { maxReplicas: 3 },
          podDisruptionBudget: { maxUnavailable: 1 },
          topologySpread: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
        },
        deployment: { [version]: {}, '1.10': {} },
        routes: {
          primary: { version },
          canary: { version: '1.10', weight: 10, headers: { stage: 'canary' } },
        },
      }
      const rendered = await render(major, values)
      const name = 'echo-1-10-3-a'
      const labels = { app: 'echo', version }
      for (const kind of ['ConfigMap', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'Deployment']) {
        expect(rendered[`${kind}/${name}`].metadata.labels['app.kubernetes.io/version']).toBe(version)
        expect(Object.keys(rendered)).toContain(`${kind}/echo-1-10`)
      }
      const { selector, template: pod } = rendered[`Deployment/${name}`].spec
      expect(selector.matchLabels).toEqual(labels)
      expect(pod.metadata.labels).toEqual(labels)
      expect(pod.spec.containers[0]).toMatchObject({ name, image: `team/app:${version}` })
      expect(pod.spec.volumes[0].configMap.name).toBe(name)
      expect(pod.spec.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual(labels)
      expect(rendered[`HorizontalPodAutoscaler/${name}`].spec.scaleTargetRef.name).toBe(name)
      expect(rendered[`PodDisruptionBudget/${name}`].spec.selector.matchLabels).toEqual(labels)
      const [header, weighted] = rendered['RouteTable/echo-routes'].spec.routes
      expect(header.routeAction.single.subset.values.version).toBe('1.10')
      expect(JSON.stringify(header.options)).toContain('{"key":"x-canary-version","value":"1.10"}')
      const { destinations } = weighted.routeAction.multi
      expect(destinations.map(({ destination }: any) => destination.subset.values.version)).toEqual([
        version,
        '1.10',
      ])
    },
  )

  test.concurrent('--set names a version with a dot by a backslash', async () => {
    const args = ['--set', 'deployment.1\\.10.replicas=2,routes.primary.version=1.10']
    const rendered = await render(major, {}, { args })
    expect(rendered['Deployment/echo-1-10'].spec.replicas).toBe(2)
    expect(containerOf(rendered, '1-10').args[0]).toBe('-text=version:echo-1.10')
  })

  test.concurrent.each(['NO_FALLBACK', 'ANY_ENDPOINT'])(
    'passes on the fallback policy %s',
    async (fallbackPolicy) => {
      const rendered = await render(major, { ...config({}), upstream: { fallbackPolicy } })
      expect(rendered['Upstream/echo'].spec.kube.subsetSpec).toEqual({
        selectors: [{ keys: ['version'] }],
        fallbackPolicy,
      })
    },
  )

  test.concurrent('admits a verify block, and what Helm adds to the values of a subchart', async () => {
    const verify = {
      version: { header: 'x-app-version' },
      tolerance: '2.5',
      paths: ['/echo', '/echo/items?page=1'],
      request: { method: 'POST', headers: { authorization: 'env:TOKEN' }, body: '{}' },
      expect: { status: [200, '204-299'], body: 'ok', headers: { 'content-type': 'json' } },
      analysis: { maxErrorRate: 1, relativeRisk: 2, latency: { shift: 10, min: 0 } },
      prometheus: 'http://prometheus:9090',
      metrics: [{ name: 'errors', query: 'vector(0)', max: 0 }],
    }
    const values = { ...config({}), verify, global: {} }
    expect(await render(major, values)).toEqual(await render(major, config({})))
  })

  test.concurrent('takes a weight of 50.0 for 50', async () => {
    const rendered = await render(major, JSON.stringify(canaryValues({ weight: 50 })).replace(':50', ':50.0'))
    const { destinations } = rendered['RouteTable/echo-routes'].spec.routes[1].routeAction.multi
    expect(destinations.map(({ weight }: any) => weight)).toEqual([50, 50])
  })

  test.concurrent('a new chart version changes no pod, no selector and no route', async () => {
    const newer = path.join(folder, `newer-${major}`)
    await cp(chartFolder, newer, { recursive: true })
    const metadata = await readFile(path.join(newer, 'Chart.yaml'), 'utf8')
    await writeFile(
      path.join(newer, 'Chart.yaml'),
      metadata.replace('version: 0.1.0', 'version: 9.9.9+build.1'),
    )
    const [before, after] = await Promise.all([
      render(major, canaryValues({ weight: 5 })),
      render(major, canaryValues({ weight: 5 }), { chart: newer }),
    ])
    expect(after['Deployment/echo-v1'].metadata.labels['helm.sh/chart']).toBe('gloo-app-9.9.9_build.1')
    expect(specsOf(after)).toEqual(specsOf(before))
  })
})

test('the pods of a version are the same in every stage', async () => {
  const stages = await Promise.all([1, 2, 3, 4, 5].map((step) => renderStep(step)))
  const [first, ...others] = stages.map((rendered) => rendered['Deployment/echo-v1'])
  for (const other of others) expect(other).toEqual(first)
})

test('a chart rebuilt from the release that Helm records renders the same', async () => {
  const values = await readFile(fixture('values-4.yaml'), 'utf8')
  const { chart } = await dryInstall(values)
  const rebuilt = path.join(folder, 'rebuilt')
  await mkdir(path.join(rebuilt, 'templates'), { recursive: true })
  await writeFile(path.join(rebuilt, 'Chart.yaml'), JSON.stringify(chart.metadata))
  await writeFile(path.join(rebuilt, 'values.yaml'), JSON.stringify(chart.values))
  await writeFile(path.join(rebuilt, 'values.schema.json'), Buffer.from(chart.schema, 'base64'))
  for (const { name, data } of [...chart.templates, ...chart.files]) {
    await mkdir(path.dirname(path.join(rebuilt, name)), { recursive: true })
    await writeFile(path.join(rebuilt, name), Buffer.from(data, 'base64'))
  }
  for (const major of HELM_MAJORS) {
    const [original, again] = await Promise.all([
      template(major, values),
      template(major, values, { chart: rebuilt }),
    ])
    expect(again.stdout).toBe(original.stdout)
  }
})

test.each([
  [1, ['echo is deployed in namespace echo: v1.', 'Requests to /echo go to v1.']],
  [3, ['echo is deployed in namespace echo: v1, v2.', 'with stage: canary go to v2', 'without go to v1\n']],
  [4, ['with stage: canary go to v2', 'without go to v1 (50 %) and v2 (50 %)']],
  [5, ['without go to v2\n', 'canary status echo -n echo']],
])('the notes of step %i tell where requests go', async (step, sentences) => {
  const { info } = await dryInstall(await readFile(fixture(`values-${step}.yaml`), 'utf8'))
  for (const sentence of sentences) expect(info.notes).toContain(sentence)
})

test.each(HELM_MAJORS)(
  'without routes all but the RouteTable is as it is with them, Helm %i',
  async (major) => {
    const values = { deployment: { v1: {} }, routes: { primary: { version: 'v1' } } }
    const { 'RouteTable/echo-routes': routeTable, ...others } = await render(major, values)
    expect(routeTable).toBeDefined()
    const without = { ...values, routes: { ...values.routes, enabled: false } }
    expect(await render(major, without)).toEqual(others)
    const { info } = await dryInstall(JSON.stringify(without))
    expect(info.notes).toContain('no request reaches it')
  },
)

/** The release that `helm install` would record; Helm 4 gives it without a cluster. */
async function dryInstall(values: string): Promise<any> {
  const args = ['install', 'echo', chartFolder, '-n', 'echo', '--dry-run=client', '-o', 'json', '-f', '-']
  const { stdout, stderr } = await helm(4, args, values)
  if (!stdout) throw new Error(stderr)
  return JSON.parse(stdout)
}

async function renderStep(step: number): Promise<Record<string, any>> {
  return render(4, await readFile(fixture(`values-${step}.yaml`), 'utf8'))
}

function containerOf(rendered: Record<string, any>, version: string): any {
  return rendered[`Deployment/echo-${version}`].spec.template.spec.containers[0]
}

function specsOf(rendered: Record<string, any>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rendered).map(([name, { spec }]) => [name, spec]))
}
