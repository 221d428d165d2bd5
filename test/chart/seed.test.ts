import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { fixture, objectsOf, render } from './helm.js'

/*
 * The chart against the published one that it stands on. fixtures/values-N.yaml are the value files of its six steps;
 * fixtures/expected/APP-N.yaml what its own templates render with them.
 */

const STEPS = [
  { values: 1, expected: 1, title: 'v1 alone' },
  { values: 2, expected: 2, title: 'v2 beside it, no canary route' },
  { values: 3, expected: 3, title: 'the header route' },
  { values: '3-weight-0', expected: 3, title: 'the header route, weight 0 written out' },
  { values: 4, expected: 4, title: 'weight 50' },
  { values: 5, expected: 5, title: 'weight 100' },
  { values: 6, expected: 6, title: 'v2 alone' },
]

interface Headers {
  fingerprintHeader: string
  versionHeader: string
}

const HEADERS = {
  'with the response headers': { fingerprintHeader: 'x-canary-routes', versionHeader: 'x-canary-version' },
  'with the fingerprint only': { fingerprintHeader: 'x-canary-routes', versionHeader: '' },
  'with the version only': { fingerprintHeader: '', versionHeader: 'x-canary-version' },
  'without response headers': { fingerprintHeader: '', versionHeader: '' },
}

const cases = HELM_MAJORS.flatMap((major) =>
  ['echo', 'foxtrot'].flatMap((app) => STEPS.map((step) => ({ major, app, ...step }))),
)

describe.each(Object.entries(HEADERS))('%s', (_title, headers) => {
  test.concurrent.each(cases)(
    'Helm $major renders $app with values-$values ($title)',
    async ({ major, app, values, expected }) => {
      const args = Object.entries(headers).map(([name, value]) => `--set-string=routes.${name}=${value}`)
      const rendered = await render(major, await readFile(fixture(`values-${values}.yaml`), 'utf8'), {
        app,
        args: isDefault(headers) ? [] : args,
      })
      const published = objectsOf(await readFile(fixture(`expected/${app}-${expected}.yaml`), 'utf8'))
      const fingerprint = responseHeader(
        rendered[`RouteTable/${app}-routes`].spec.routes[0],
        'x-canary-routes',
      )
      expect(fingerprint ?? '').toMatch(headers.fingerprintHeader ? /^[0-9a-f]{12}$/ : /^$/)
      expect(rendered).toEqual(withDifferences(published, app, headers, fingerprint))
    },
  )
})

function isDefault(headers: Headers): boolean {
  return headers === HEADERS['with the response headers']
}

/**
 * All that this chart renders otherwise than the published one (quotes apart, which data doesn't show):
 * the Upstream names the Service's port, objects carry the conventional labels (pods and selectors do not), and the
 * two response headers.
 */
function withDifferences(
  published: Record<string, any>,
  app: string,
  headers: Headers,
  fingerprint: string | undefined,
): Record<string, any> {
  const objects = structuredClone(published)
  for (const object of Object.values(objects)) {
    object.metadata.labels = {
      ...object.metadata.labels,
      'app.kubernetes.io/name': app,
      'app.kubernetes.io/instance': app,
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.sh/chart': 'gloo-app-0.1.0',
    }
    if (object.kind === 'Deployment')
      object.metadata.labels['app.kubernetes.io/version'] = object.spec.template.metadata.labels.version
  }
  objects[`Upstream/${app}`].spec.kube.servicePort = 80
  for (const route of objects[`RouteTable/${app}-routes`].spec.routes) {
    const { single, multi } = route.routeAction
    addHeaders(route, [
      [headers.fingerprintHeader, fingerprint],
      [single ? headers.versionHeader : '', single?.subset.values.version],
    ])
    for (const weighted of multi?.destinations ?? [])
      addHeaders(weighted, [[headers.versionHeader, weighted.destination.subset.values.version]])
  }
  return objects
}

function addHeaders(target: any, headers: [name: string, value: string | undefined][]): void {
  const responseHeadersToAdd = headers
    .filter(([name]) => name)
    .map(([key, value]) => ({ header: { key, value }, append: false }))
  if (responseHeadersToAdd.length) target.options = { headerManipulation: { responseHeadersToAdd } }
}

function responseHeader(route: any, name: string): string | undefined {
  const added: any[] = route.options?.headerManipulation.responseHeadersToAdd ?? []
  return added.find(({ header }) => header.key === name)?.header.value
}
