import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { GATEWAY, canaryValues, chartFolder, fixture, helm, onGatewayApi, render } from './helm.js'
import { looseEndsOf } from './loose-ends.js'
import { GATEWAY_API_VERSIONS } from './validate-gateway-api.js'
import { problemsOf } from './validate-objects.js'

/* The HTTPRoute through the stages. That whole services are rendered right is for services.test.ts to show. */

type Values = Record<string, any>

const VERSION_HEADER = { ...GATEWAY, features: ['HTTPRouteBackendResponseHeaderModification'] }

async function stage(step: number, routes: Values = {}, major: 3 | 4 = 4): Promise<Values> {
  const values = parse(await readFile(fixture(`values-${step}.yaml`), 'utf8'))
  return render(major, onGatewayApi(values, routes))
}

const rulesOf = (rendered: Values, app = 'echo'): any[] => rendered[`HTTPRoute/${app}`].spec.rules

const sharesOf = ({ backendRefs }: any): string =>
  backendRefs.map(({ name, weight }: any) => `${name} ${weight}`).join(', ')

/** The value of the fingerprint header, the same in every rule. */
function fingerprintOf(rendered: Values, header = 'x-canary-routes'): string {
  const found = rulesOf(rendered).map(
    ({ filters }) => filters[0].responseHeaderModifier.set.find(({ name }: any) => name === header).value,
  )
  expect(new Set(found).size).toBe(1)
  expect(found[0]).toMatch(/^[0-9a-f]{12}$/)
  return found[0]
}

const STAGES: [main: string, header: string][] = [
  ['echo-v1 100', 'echo-v1 100'],
  ['echo-v1 100, echo-v2 0', 'echo-v1 100, echo-v2 0'],
  ['echo-v1 100, echo-v2 0', 'echo-v1 0, echo-v2 100'],
  ['echo-v1 50, echo-v2 50', 'echo-v1 0, echo-v2 100'],
  ['echo-v1 0, echo-v2 100', 'echo-v1 0, echo-v2 100'],
  ['echo-v2 100', 'echo-v2 100'],
]

describe.each(HELM_MAJORS)('Helm %i', (major) => {
  test('renders the six stages: two rules at fixed places, each version that is deployed in both', async () => {
    const stages = await Promise.all(STAGES.map((_, index) => stage(index + 1, {}, major)))
    expect(stages.map((rendered) => rulesOf(rendered).map(sharesOf))).toEqual(STAGES)
    const matches = stages.map((rendered) => rulesOf(rendered).map((rule) => rule.matches))
    const path = { type: 'PathPrefix', value: '/echo' }
    const headers = [{ type: 'Exact', name: 'stage', value: 'canary' }]
    for (const [index, rendered] of stages.entries()) {
      expect(matches[index]).toEqual([[{ path }], [{ path, headers }]])
      for (const { filters } of rulesOf(rendered))
        expect(filters).toEqual([
          {
            type: 'ResponseHeaderModifier',
            responseHeaderModifier: { set: [{ name: 'x-canary-routes', value: fingerprintOf(rendered) }] },
          },
        ])
      for (const version of GATEWAY_API_VERSIONS) expect(problemsOf(rendered, version)).toEqual([])
      expect(looseEndsOf(rendered)).toEqual([])
    }
    expect(new Set(stages.map((rendered) => fingerprintOf(rendered))).size).toBe(6)
  })
})

test("a version has a Service of its own with the Deployment's labels, and there is none for all", async () => {
  const rendered = await stage(4)
  expect(Object.keys(rendered).sort()).toEqual([
    'Deployment/echo-v1',
    'Deployment/echo-v2',
    'HTTPRoute/echo',
    'Service/echo-v1',
    'Service/echo-v2',
  ])
  for (const name of ['echo-v1', 'echo-v2']) {
    const deployment = rendered[`Deployment/${name}`]
    const service = rendered[`Service/${name}`]
    expect(service.metadata.labels).toEqual(deployment.metadata.labels)
    expect(service.spec).toEqual({
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      selector: deployment.spec.selector.matchLabels,
    })
  }
})

test('a Service is named with dashes for dots and underscores', async () => {
  const version = '1.10.3_a'
  const rendered = await render(
    4,
    onGatewayApi({ deployment: { [version]: {} }, routes: { primary: { version } } }),
  )
  expect(rendered['Service/echo-1-10-3-a'].spec.selector.version).toBe(version)
  expect(sharesOf(rulesOf(rendered)[0])).toBe('echo-1-10-3-a 100')
})

test('nothing but the shares and the fingerprint changes while both versions are there', async () => {
  const matches = Array.from({ length: 9 }, (_, index) => ({ prefix: `/p${index}` }))
  const withoutShares = (rendered: Values) =>
    rulesOf(rendered).map(({ backendRefs, filters: _, ...rule }) => ({
      ...rule,
      refs: backendRefs.map(({ weight: __, ...ref }: any) => ref),
    }))
  const [first, ...others] = await Promise.all(
    [2, 3, 4, 5].map(async (step) => withoutShares(await stage(step, { matches }))),
  )
  // Rules of 8 matches, the most of Gateway API 1.1.
  expect(first!.map((rule) => rule.matches.length)).toEqual([8, 8, 1, 1])
  for (const other of others) expect(other).toEqual(first)
})

test('a match that takes the default header itself gets another one in the header rule', async () => {
  const rendered = await stage(1, { matches: [{ prefix: '/x', headers: { Stage: 'dev' } }] })
  expect(rulesOf(rendered)[1].matches[0].headers.map(({ name }: any) => name)).toEqual([
    'Stage',
    'x-canary-stage',
  ])
  expect(problemsOf(rendered)).toEqual([])
})

test('with prefixRewrite each match has its own two rules', async () => {
  const rendered = await stage(4, {
    gateway: { ...GATEWAY, features: ['HTTPRoutePathRewrite'] },
    matches: [{ prefix: '/a' }, { exact: '/b' }],
    options: { prefixRewrite: '/' },
  })
  const rewrites = rulesOf(rendered).map((rule) => [
    rule.matches[0].path.value,
    sharesOf(rule),
    rule.filters[1].urlRewrite.path.type,
  ])
  const [main, header] = STAGES[3]!
  expect(rewrites).toEqual([
    ['/a', main, 'ReplacePrefixMatch'],
    ['/a', header, 'ReplacePrefixMatch'],
    ['/b', main, 'ReplaceFullPath'],
    ['/b', header, 'ReplaceFullPath'],
  ])
  expect(problemsOf(rendered, 'v1.1.1')).toEqual([])
})

test('the version header is on each of two backendRefs, whose places stay', async () => {
  const stages = await Promise.all([1, 2, 4, 6].map((step) => stage(step, { gateway: VERSION_HEADER })))
  expect(stages.map((rendered) => sharesOf(rulesOf(rendered)[0]))).toEqual([
    'echo-v1 100, echo-v1 0',
    'echo-v1 100, echo-v2 0',
    'echo-v1 50, echo-v2 50',
    'echo-v2 100, echo-v2 0',
  ])
  for (const { backendRefs } of stages.flatMap((rendered) => rulesOf(rendered)))
    for (const { name, filters } of backendRefs)
      expect(filters[0].responseHeaderModifier.set).toEqual([
        { name: 'x-canary-version', value: name.slice('echo-'.length) },
      ])
  for (const rendered of stages) expect(problemsOf(rendered, 'v1.1.1')).toEqual([])
})

describe('the fingerprint', () => {
  const values = (change: (values: Values) => void = () => {}) => {
    const changed = onGatewayApi(canaryValues({ weight: 25 }))
    change(changed)
    return changed
  }
  const original = render(4, values()).then((rendered) => fingerprintOf(rendered))

  test.concurrent.each<[title: string, change: (values: Values) => void]>([
    ['replicas', ({ deployment }) => (deployment.v2 = { replicas: 3 })],
    ['the version header', ({ routes }) => (routes.gateway = VERSION_HEADER)],
    ['a feature', ({ routes }) => (routes.gateway = { ...GATEWAY, features: ['HTTPRouteCORS'] })],
    ['how answers tell their version', (all) => (all.verify = { version: { header: 'x-version' } })],
  ])('stays with another value of: %s', async (_title, change) => {
    expect(fingerprintOf(await render(4, values(change)))).toBe(await original)
  })

  test.concurrent.each<[title: string, change: (values: Values) => void]>([
    ['the weight', ({ routes }) => (routes.canary.weight = 26)],
    ["a header's value", ({ routes }) => (routes.canary.headers.stage = 'dev')],
    ['a version more, which the routes name at weight 0', ({ deployment }) => (deployment.v3 = {})],
    ['the hosts', ({ routes }) => (routes.hostnames = ['echo.example.com'])],
    ['the Gateway', ({ routes }) => (routes.gateway = { ...GATEWAY, name: 'internal' })],
    [
      'an option',
      ({ routes }) => (routes.options = { headerManipulation: { requestHeadersToRemove: ['a'] } }),
    ],
  ])('changes with: %s', async (_title, change) => {
    expect(fingerprintOf(await render(4, values(change)))).not.toBe(await original)
  })

  test.concurrent('differs between namespaces', async () => {
    const other = await render(4, values(), { app: 'echo', namespace: 'foxtrot' })
    expect(fingerprintOf(other)).not.toBe(await original)
  })

  test.concurrent('has the header that is named for it', async () => {
    const other = await render(
      4,
      values(({ routes }) => (routes.fingerprintHeader = 'x-a')),
    )
    expect(fingerprintOf(other, 'x-a')).toBe(await original)
  })
})

test('with both providers the routes of each are as they are alone', async () => {
  const values = canaryValues({ weight: 25 })
  const [gloo, gatewayApi, both] = await Promise.all([
    render(4, values),
    render(4, onGatewayApi(values)),
    render(4, onGatewayApi(values, { provider: 'both' })),
  ])
  expect(both).toEqual({ ...gloo, ...gatewayApi })
  expect(gloo['HTTPRoute/echo']).toBeUndefined()
})

test('two apps on one Gateway have an HTTPRoute each', async () => {
  const values = onGatewayApi(canaryValues())
  const [echo, foxtrot] = await Promise.all([
    render(4, values, { app: 'echo', namespace: 'shop' }),
    render(4, values, { app: 'foxtrot', namespace: 'shop' }),
  ])
  const shared = Object.keys(echo).filter((name) => name in foxtrot)
  expect(shared).toEqual([])
  expect(foxtrot['HTTPRoute/foxtrot'].spec.parentRefs).toEqual(echo['HTTPRoute/echo'].spec.parentRefs)
})

test('without routes only the HTTPRoute is left out', async () => {
  const { 'HTTPRoute/echo': route, ...others } = await stage(2)
  expect(route).toBeDefined()
  expect(await stage(2, { enabled: false })).toEqual(others)
})

test("the notes name the Gateway, the test asks the primary's Service", async () => {
  const values = {
    ...onGatewayApi(canaryValues(), {
      gateway: { ...GATEWAY, sectionName: 'https' },
      hostnames: ['a.example'],
    }),
    test: { enabled: true },
  }
  const args = ['install', 'echo', chartFolder, '-n', 'shop', '--dry-run=client', '-o', 'json', '-f', '-']
  const { stdout } = await helm(4, args, values)
  expect(JSON.parse(stdout).info.notes).toContain(
    'The Gateway public in namespace gateways, https, serves them for a.example.\n',
  )
  const pod = (await render(4, values, { namespace: 'shop' }))['Pod/echo-answers']
  expect(pod.spec.containers[0].args.at(-1)).toBe('http://echo-v1.shop:80/echo')
})
