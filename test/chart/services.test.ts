import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type HelmMajor, HELM_MAJORS } from '../../scripts/tools.js'
import { chartFolder, fixture, helm, objectsOf, template } from './helm.js'
import { looseEndsOf } from './loose-ends.js'
import { problemsOf } from './validate-objects.js'

/*
 * Services as people run them: fixtures/services/NAME.yaml are their values, NAME.gateway-api.yaml what they change for the Gateway API
 * (nothing for most), NAME.expected.yaml and NAME.gateway-api.expected.yaml what the chart renders of them.
 * `WRITE_EXPECTED=1 npm test -- test/chart/services.test.ts` writes the latter anew; read what changed.
 */

const PROVIDERS = ['gloo', 'gateway-api'] as const
type Provider = (typeof PROVIDERS)[number]

/** What every service has in common that moves from Gloo to the Gateway API. */
const GATEWAY_API = {
  routes: {
    provider: 'gateway-api',
    gateway: {
      name: 'public',
      namespace: 'gateways',
      features: [
        'BackendTLSPolicy',
        'HTTPRouteBackendProtocolH2C',
        'HTTPRouteCORS',
        'HTTPRouteHostRewrite',
        'HTTPRouteMethodMatching',
        'HTTPRouteParentRefPort',
        'HTTPRoutePathRegularExpression',
        'HTTPRoutePathRewrite',
        'HTTPRouteRequestMirror',
        'HTTPRouteRequestPercentageMirror',
        'HTTPRouteRequestTimeout',
      ],
    },
  },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-services-'))
  await writeFile(path.join(folder, 'gateway-api.json'), JSON.stringify(GATEWAY_API))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const files = new Set(await readdir(fixture('services')))
const services = [...files]
  .filter((file) => /^[^.]+\.yaml$/.test(file))
  .map((file) => file.slice(0, -'.yaml'.length))

test.runIf(process.env.WRITE_EXPECTED)('writes what is rendered', async () => {
  for (const service of services)
    for (const provider of PROVIDERS) {
      const { stdout, stderr } = await renderService(4, service, provider)
      expect(stderr).toBe('')
      await writeFile(expectation(service, provider), stdout)
    }
})

test('every expectation has its values', () => {
  const expected = [...files].filter((file) => file.endsWith('.expected.yaml'))
  const all = services.flatMap((service) => [
    `${service}.expected.yaml`,
    `${service}.gateway-api.expected.yaml`,
  ])
  expect(expected).toEqual(all.sort())
  expect(services).toHaveLength(14)
})

test('every value of a version and of the routes is in some service', async () => {
  const { definitions, properties } = JSON.parse(
    await readFile(path.join(chartFolder, 'values.schema.json'), 'utf8'),
  )
  const used = { version: new Set<string>(), routes: new Set<string>(), options: new Set<string>() }
  for (const service of services) {
    for (const file of valueFiles(service)) {
      const { app = {}, deployment = {}, routes = {} } = parse(await readFile(file, 'utf8'))
      for (const config of [app, ...Object.values<any>(deployment)])
        Object.keys(config).forEach((key) => used.version.add(key))
      Object.keys(routes).forEach((key) => used.routes.add(key))
      Object.keys(routes.options ?? {}).forEach((key) => used.options.add(key))
    }
  }
  Object.keys(GATEWAY_API.routes).forEach((key) => used.routes.add(key))
  const unused = (all: object, some: Set<string>) => Object.keys(all).filter((key) => !some.has(key))
  expect(unused(definitions.versionConfig.properties, used.version)).toEqual([])
  expect(unused(properties.routes.properties, used.routes)).toEqual([])
  expect(unused(properties.routes.properties.options.properties, used.options)).toEqual([])
})

/** What uses fields that Gateway API 1.1 has not, or not in its standard channel. */
const NEWER = ['billing-java', 'ledger', 'legacy-gateway', 'search']

describe.each(PROVIDERS)('with %s', (provider) => {
  test.concurrent.each(services)('%s is rendered as expected', async (service) => {
    expect(files, 'not written yet: see the head of this file').toContain(
      path.basename(expectation(service, provider)),
    )
    const text = await readFile(expectation(service, provider), 'utf8')
    const expected = objectsOf(text)
    const isSpecial = provider === 'gloo' || valueFiles(service).length > 1
    for (const major of isSpecial ? HELM_MAJORS : [4 as const]) {
      const { stdout, stderr } = await renderService(major, service, provider)
      expect(stderr).toBe('')
      expect(objectsOf(stdout)).toEqual(expected)
      if (major === 4) expect(stdout).toBe(text)
    }
    expect(problemsOf(expected)).toEqual([])
    if (!NEWER.includes(service)) expect(problemsOf(expected, 'v1.1.1')).toEqual([])
    expect(looseEndsOf(expected)).toEqual([])
  })
})

test.concurrent.each(services)('%s lints without a warning', async (service) => {
  const args = ['lint', chartFolder, '--strict', ...valueArgs(service, 'gloo')]
  const { exitCode, stdout } = await helm(4, args)
  expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/)
  expect(exitCode).toBe(0)
})

async function renderService(major: HelmMajor, service: string, provider: Provider) {
  return template(major, {}, { app: service, args: valueArgs(service, provider) })
}

function expectation(service: string, provider: Provider): string {
  return fixture(`services/${service}${provider === 'gloo' ? '' : `.${provider}`}.expected.yaml`)
}

function valueArgs(service: string, provider: Provider): string[] {
  const [own, forGatewayApi] = valueFiles(service)
  const paths = provider === 'gloo' ? [own] : [own, path.join(folder, 'gateway-api.json'), forGatewayApi]
  return paths.flatMap((file) => (file ? ['-f', file] : []))
}

/** The values of a service, and what it changes for the Gateway API, where there is anything. */
function valueFiles(service: string): string[] {
  return [`${service}.yaml`, `${service}.gateway-api.yaml`]
    .filter((file) => files.has(file))
    .map((file) => fixture(`services/${file}`))
}
