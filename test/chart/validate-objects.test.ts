import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { fixture, objectsOf } from './helm.js'
import { looseEndsOf } from './loose-ends.js'
import { problemsOf } from './validate-objects.js'

/*
 * The checks that services.test.ts relies on, each shown to see what it is for: a service as it is rendered, with one
 * mistake put in.
 */

type Rendered = Record<string, any>

let rendered: Rendered
beforeEach(async () => {
  const files = ['mailer', 'storefront', 'search', 'docs-site', 'ledger.gateway-api', 'reports.gateway-api']
  const streams = files.map((name) => readFile(fixture(`services/${name}.expected.yaml`), 'utf8'))
  rendered = Object.assign({}, ...(await Promise.all(streams)).map(objectsOf))
})

const pod = (objects: Rendered) => objects['Deployment/mailer-2026-11-20'].spec.template.spec
const container = (objects: Rendered) => pod(objects).containers[0]
const rule = (objects: Rendered) => objects['HTTPRoute/reports'].spec.rules[0]
const route = (objects: Rendered) => objects['RouteTable/search-routes'].spec.routes[0]

test('nothing is wrong with them as they are', () => {
  expect(problemsOf(rendered)).toEqual([])
  expect(looseEndsOf(rendered)).toEqual([])
})

describe('the schemas see', () => {
  test.each<[title: string, change: (objects: Rendered) => unknown, says: RegExp]>([
    ['an unknown field', (all) => (pod(all).nodeselector = {}), /nodeselector: unknown to core\.v1\.PodSpec/],
    ['a missing field', (all) => delete container(all).name, /containers\[0\]\.name: missing/],
    ['a number for a text', (all) => (container(all).env[0].value = 1), /env\[0\]\.value: 1 is no string/],
    ['a variable twice', (all) => container(all).env.push({ name: 'ZIP' }), /env: name ZIP is there twice/],
    ['a null', (all) => (container(all).resources = null), /resources: null/],
    ['an amount that is none', (all) => (container(all).resources = { limits: { cpu: 'much' } }), /quantity/],
    [
      'an option unknown to Gloo',
      (all) => (route(all).options.retry = {}),
      /options\.retry: unknown to gloo/,
    ],
    [
      'a destination without a subset',
      (all) => delete route(all).routeAction.single.subset,
      /subset: missing/,
    ],
    ['a field unknown to HTTPRoutes', (all) => (rule(all).retry = {}), /rules\/0: .*"retry"/],
    ['a weight that is none', (all) => (rule(all).backendRefs[0].weight = -1), /weight: must be >= 0/],
    ['a header twice', (all) => rule(all).filters.push(rule(all).filters[0]), /filters.* cannot be repeated/],
    ['a kind of another group', (all) => (all['Service/mailer'].apiVersion = 'v2'), /renders no Service/],
  ])('%s', (_title, change, says) => {
    change(rendered)
    expect(problemsOf(rendered).join('\n')).toMatch(says)
  })
})

describe('loose ends are', () => {
  test.each<[title: string, change: (objects: Rendered) => unknown, says: RegExp]>([
    [
      'a mount without a volume',
      (all) => pod(all).volumes.pop(),
      /mounts secret-dkim-example-com, which is no volume/,
    ],
    [
      'a file that is not there',
      (all) => delete all['ConfigMap/mailer-2026-11-20'],
      /has no file banner\.txt/,
    ],
    [
      'a variable that is not there',
      (all) => delete all['ConfigMap/mailer-2026-11-20'],
      /ZIP is from mailer/,
    ],
    ['an autoscaler of nothing', (all) => delete all['Deployment/storefront-v13'], /v13 scales no object/],
    [
      'a budget of nothing',
      (all) => (all['PodDisruptionBudget/storefront-v13'].spec.selector.matchLabels.version = 'v1'),
      /PodDisruptionBudget storefront-v13 selects no pods/,
    ],
    ['a port of no pod', (all) => (all['Service/search'].spec.ports[0].targetPort = 1), /search-v8 does not/],
    ['a port of no Service', (all) => (all['Upstream/search'].spec.kube.servicePort = 1), /has no port 1/],
    ['a shadow without Upstream', (all) => delete all['Upstream/search-shadow'], /no Upstream search-shadow/],
    ['a version without pods', (all) => delete all['Deployment/search-v8'], /no Deployment of version v8/],
    [
      'a Service that is not there',
      (all) => delete all['Service/reports-v2'],
      /no Service reports\/reports-v2/,
    ],
    ['a Service without a grant', (all) => delete all['ReferenceGrant/reports'], /no grant for reports-v1/],
    [
      'a port without a name',
      (all) => delete all['Service/ledger-v3'].spec.ports[0].name,
      /no port of ledger-v3/,
    ],
    [
      'a delegation to nothing',
      (all) => delete all['RouteTable/docs-site-routes'],
      /no RouteTable docs-site/,
    ],
  ])('%s', (_title, change, says) => {
    change(rendered)
    expect(looseEndsOf(rendered).join('\n')).toMatch(says)
  })
})
