import { describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { canaryValues, render } from './helm.js'

/** Text that YAML reads as something else when it is not in quotes. */
const VERSIONS = ['1', '20', '1e3', '007', '0x1f', '0o17', 'true', 'no', 'null', 'y']
const HEADER_VALUES = [
  ...VERSIONS,
  '1.50',
  '1_000',
  '12:30',
  '2001-01-01',
  '~',
  '{}',
  '- a',
  "it's",
  '"',
  'a\\b',
  '#',
]

describe.each(HELM_MAJORS)('Helm %i keeps as text', (major) => {
  test.concurrent.each(VERSIONS)('version %s', async (version) => {
    const rendered = await render(major, {
      deployment: { v0: {}, [version]: {} },
      routes: { primary: { version: 'v0' }, canary: { version, weight: 20, headers: { stage: 'canary' } } },
    })
    const { metadata, spec } = rendered[`Deployment/echo-${version}`]
    const labels = { app: 'echo', version }
    expect(metadata.labels['app.kubernetes.io/version']).toBe(version)
    expect(spec.selector.matchLabels).toEqual(labels)
    expect(spec.template.metadata.labels).toEqual(labels)
    expect(spec.template.spec.containers[0]).toMatchObject({
      name: `echo-${version}`,
      args: [`-text=version:echo-${version}`, '-listen=:8080'],
    })
    const [marked, regular] = rendered['RouteTable/echo-routes'].spec.routes
    const canary = regular.routeAction.multi.destinations[1]
    expect(marked.routeAction.single.subset.values).toEqual({ version })
    expect(canary.destination.subset.values).toEqual({ version })
    expect(canary.options.headerManipulation.responseHeadersToAdd[0].header.value).toBe(version)
  })

  test.concurrent('versions given by --set', async () => {
    const rendered = await render(major, '{}', {
      args: ['--set=deployment.20.replicas=2', '--set-string=routes.primary.version=20'],
    })
    expect(rendered['Deployment/echo-20'].spec.replicas).toBe(2)
    expect(rendered['RouteTable/echo-routes'].spec.routes[0].routeAction.single.subset.values.version).toBe(
      '20',
    )
  })

  test.concurrent('header values', async () => {
    const headers = Object.fromEntries(HEADER_VALUES.map((value, index) => [`h-${index}`, value]))
    const rendered = await render(major, canaryValues({ headers }))
    const matched: { name: string; value: string }[] =
      rendered['RouteTable/echo-routes'].spec.routes[0].matchers[0].headers
    expect(Object.fromEntries(matched.map(({ name, value }) => [name, value]))).toEqual(headers)
  })

  test.concurrent('names of headers, releases, namespaces and API groups', async () => {
    const values = canaryValues({ headers: { '1e3': 'a', true: 'b' } })
    values.routes.apiGroup = '1'
    const rendered = await render(major, values, { app: 'no', namespace: '1e3' })
    const table = rendered['RouteTable/no-routes']
    expect(table.metadata).toMatchObject({ namespace: '1e3', labels: { apiGroup: '1' } })
    expect(table.spec.routes[0].matchers[0].headers).toEqual([
      { name: '1e3', value: 'a' },
      { name: 'true', value: 'b' },
    ])
    expect(table.spec.routes[0].routeAction.single.upstream).toEqual({ name: 'no', namespace: '1e3' })
    expect(rendered['Service/no'].spec.selector).toEqual({ app: 'no' })
    expect(rendered['Upstream/no'].spec.kube).toMatchObject({
      selector: { app: 'no' },
      serviceName: 'no',
      serviceNamespace: '1e3',
    })
  })
})
