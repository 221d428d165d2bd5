import { existsSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { chartFolder, fixture, helm, objectsOf, template } from './helm.js'
import { looseEndsOf } from './loose-ends.js'
import { problemsOf } from './validate-objects.js'

/*
 * Services as people run them: fixtures/services/NAME.yaml are their values, NAME.expected.yaml what the chart renders
 * of them. `WRITE_EXPECTED=1 npm test -- test/chart/services.test.ts` writes the latter anew; read what changed.
 */

const files = await readdir(fixture('services'))
const services = files
  .filter((file) => !file.endsWith('.expected.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))

test.runIf(process.env.WRITE_EXPECTED)('writes what is rendered', async () => {
  for (const service of services) {
    const { stdout, stderr } = await renderService(4, service)
    expect(stderr).toBe('')
    await writeFile(fixture(`services/${service}.expected.yaml`), stdout)
  }
})

test('every expectation has its values', () => {
  const expected = files.filter((file) => file.endsWith('.expected.yaml'))
  expect(expected).toEqual(services.map((service) => `${service}.expected.yaml`))
})

test('every value of a version and of the routes is in some service', async () => {
  const { definitions, properties } = JSON.parse(
    await readFile(path.join(chartFolder, 'values.schema.json'), 'utf8'),
  )
  const used = { version: new Set<string>(), routes: new Set<string>(), options: new Set<string>() }
  for (const service of services) {
    const values = parse(await readFile(fixture(`services/${service}.yaml`), 'utf8'))
    for (const config of [values.app ?? {}, ...Object.values<any>(values.deployment)])
      Object.keys(config).forEach((key) => used.version.add(key))
    Object.keys(values.routes).forEach((key) => used.routes.add(key))
    Object.keys(values.routes.options ?? {}).forEach((key) => used.options.add(key))
  }
  const unused = (all: object, some: Set<string>) => Object.keys(all).filter((key) => !some.has(key))
  expect(unused(definitions.versionConfig.properties, used.version)).toEqual([])
  expect(unused(properties.routes.properties, used.routes)).toEqual([])
  expect(unused(properties.routes.properties.options.properties, used.options)).toEqual([])
})

describe.each(services)('%s', (service) => {
  test.concurrent.each(HELM_MAJORS)('is rendered as expected, Helm %i', async (major) => {
    const { stdout, stderr } = await renderService(major, service)
    expect(stderr).toBe('')
    const rendered = objectsOf(stdout)
    const expectation = fixture(`services/${service}.expected.yaml`)
    expect(existsSync(expectation), 'not written yet: see the head of this file').toBe(true)
    expect(rendered).toEqual(objectsOf(await readFile(expectation, 'utf8')))
    expect(problemsOf(rendered)).toEqual([])
    expect(looseEndsOf(rendered)).toEqual([])
  })

  test.concurrent.each(HELM_MAJORS)('lints without a warning, Helm %i', async (major) => {
    const args = ['lint', chartFolder, '--strict', '-f', fixture(`services/${service}.yaml`)]
    const { exitCode, stdout } = await helm(major, args)
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/)
    expect(exitCode).toBe(0)
  })
})

async function renderService(major: 3 | 4, service: string) {
  return template(major, await readFile(fixture(`services/${service}.yaml`), 'utf8'), { app: service })
}
